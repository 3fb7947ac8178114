//! The XML of a SAML response as a small tree: the elements of SAML's two namespaces, bounded in every direction.

use quick_xml::{
    NsReader, XmlVersion,
    escape::resolve_predefined_entity,
    events::{BytesRef, BytesStart, Event},
    name::{Namespace, ResolveResult},
};

use super::{is_blank, shortened};

/// Deeper than any identity provider nests: a response with an encrypted assertion is 10 deep.
const MAX_DEPTH: usize = 64;

/// More than fits into 75,000 bytes of anything but an attack on the reader.
const MAX_ELEMENTS: usize = 10_000;

/// Attributes of one element, namespace declarations among them.
const MAX_ATTRIBUTES: usize = 64;

/// Why a document cannot be read; a lowercase fragment.
pub(super) type Malformed = String;

/// The namespaces that mean something here (SAML 2.0 core, section 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// `samlp`.
    Protocol,
    /// `saml`.
    Assertion,
    /// Any other, or none.
    Other,
}

/// An element; of one outside SAML's namespaces only the name and the children are kept, and the text in a `StatusDetail`.
#[derive(Debug)]
pub(super) struct Element {
    space: Space,
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Whether it is the element of that namespace and name, whatever prefix the document gave it.
    pub(super) fn is(&self, space: Space, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// An attribute without a prefix, as all of SAML's are.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All text directly in it, trimmed. What stands around a comment is joined: a name cut off at a comment would be
    /// another name, though the signature, which ignores comments, still fits.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// All text in it and below, with blanks between.
    pub(super) fn whole_text(&self) -> String {
        let below = self.children.iter().map(Self::whole_text);
        let texts: Vec<String> = std::iter::once(self.text().to_owned()).chain(below).collect();
        texts.join(" ").trim().to_owned()
    }

    /// The children of that namespace and name.
    pub(super) fn all(&self, space: Space, name: &'static str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.is(space, name))
    }

    /// The one child of that namespace and name.
    pub(super) fn one(&self, space: Space, name: &'static str) -> Result<Option<&Element>, Malformed> {
        let mut all = self.all(space, name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(format!("it has more than one {name} in its {}", shortened(&self.name))),
            (first, None) => Ok(first),
        }
    }

    /// The name of its first child, of any namespace.
    pub(super) fn first_child(&self) -> Option<&str> {
        self.children.first().map(|child| child.name.as_str())
    }

    /// How many elements of the tree, itself among them, satisfy a condition.
    pub(super) fn count(&self, condition: &dyn Fn(&Element) -> bool) -> usize {
        usize::from(condition(self)) + self.children.iter().map(|child| child.count(condition)).sum::<usize>()
    }
}

/// The outermost element of a document.
pub(super) struct Root {
    pub(super) space: Space,
    /// The name without its prefix.
    pub(super) name: String,
    /// The name of its namespace, where it is in one.
    pub(super) namespace: Option<String>,
    /// Its end is there.
    is_whole: bool,
}

/// The outermost element, of which the rest is not looked at; none where the document ends before it.
pub(super) fn root(document: &str) -> Result<Option<Root>, quick_xml::Error> {
    let document = document.trim_start_matches(is_blank);
    let mut reader = NsReader::from_str(document);
    loop {
        let (space, start, is_empty) = match reader.read_resolved_event()? {
            (space, Event::Start(start)) => (space, start, false),
            (space, Event::Empty(start)) => (space, start, true),
            (_, Event::Eof) => return Ok(None),
            _ => continue,
        };
        let is_end =
            |tag: &str| tag.strip_prefix(start.name().as_ref()).is_some_and(|rest| rest.trim_start().starts_with('>'));
        return Ok(Some(Root {
            space: known(&space).unwrap_or(Space::Other),
            name: start.local_name().as_ref().to_owned(),
            namespace: if let ResolveResult::Bound(Namespace(name)) = space { Some(name.to_owned()) } else { None },
            is_whole: is_empty || document.split("</").skip(1).any(is_end),
        }));
    }
}

/// Whether a document breaks off before its end, as far as that can be told.
pub(super) fn is_cut(document: &str) -> bool {
    match root(document) {
        Ok(root) => root.is_none_or(|root| !root.is_whole),
        Err(error) => matches!(error, quick_xml::Error::Syntax(_)),
    }
}

/// Reads a document.
///
/// Document types are refused, and with them every entity but XML's own five; so are undeclared prefixes, and whatever
/// stands after the root element.
pub(super) fn parse(document: &str) -> Result<Element, Malformed> {
    let mut reader = NsReader::from_str(document.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut tree = Tree::default();
    loop {
        let (space, event) = reader.read_resolved_event().map_err(|error| shortened(&error.to_string()))?;
        match event {
            Event::Start(start) => tree.open(known(&space)?, &start)?,
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(text) => tree.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(&resolved(&reference)?)?,
            Event::DocType(_) => return Err("it has a document type, which SAML does not allow".into()),
            Event::Eof => return tree.root(),
            Event::Comment(_) | Event::PI(_) | Event::Decl(_) | Event::Empty(_) => {}
        }
    }
}

fn known(space: &ResolveResult<'_>) -> Result<Space, Malformed> {
    match space {
        ResolveResult::Bound(Namespace("urn:oasis:names:tc:SAML:2.0:protocol")) => Ok(Space::Protocol),
        ResolveResult::Bound(Namespace("urn:oasis:names:tc:SAML:2.0:assertion")) => Ok(Space::Assertion),
        ResolveResult::Bound(_) | ResolveResult::Unbound => Ok(Space::Other),
        ResolveResult::Unknown(prefix) => Err(format!("its prefix `{}` is not declared", shortened(prefix))),
    }
}

fn resolved(reference: &BytesRef<'_>) -> Result<String, Malformed> {
    let unknown = || format!("it has the unknown entity `&{};`", shortened(reference));
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.into()),
        Ok(None) => resolve_predefined_entity(reference).map(str::to_owned).ok_or_else(unknown),
        Err(_) => Err(unknown()),
    }
}

/// A tree that grows with the events of a reader.
#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn open(&mut self, space: Space, start: &BytesStart<'_>) -> Result<(), Malformed> {
        self.elements += 1;
        if self.root.is_some() {
            return Err("something stands after its end".into());
        }
        if self.open.len() == MAX_DEPTH {
            return Err(format!("its elements are nested deeper than {MAX_DEPTH}"));
        }
        if self.elements > MAX_ELEMENTS {
            return Err(format!("it has more than {MAX_ELEMENTS} elements"));
        }
        let attributes = attributes(start, space)?;
        let name = start.local_name().as_ref().to_owned();
        self.open.push(Element { space, name, attributes, text: String::new(), children: vec![] });
        Ok(())
    }

    fn close(&mut self) {
        let Some(closed) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Malformed> {
        let is_told = || self.open.iter().any(|element| element.is(Space::Protocol, "StatusDetail"));
        let is_secret = self.open.last().is_some_and(|element| element.space == Space::Other) && !is_told();
        match self.open.last_mut() {
            // A signature's value, or a ciphertext: it would only be one more copy of the secret.
            Some(_) if is_secret => Ok(()),
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err("text stands outside its root element".into()),
        }
    }

    fn root(self) -> Result<Element, Malformed> {
        match self.root {
            Some(root) if self.open.is_empty() => Ok(root),
            _ => Err("it breaks off before its end".into()),
        }
    }
}

/// The attributes that carry no prefix, after a look at all of them.
fn attributes(start: &BytesStart<'_>, space: Space) -> Result<Vec<(String, String)>, Malformed> {
    let mut kept = vec![];
    for (index, attribute) in start.attributes().enumerate() {
        let attribute = attribute.map_err(|error| shortened(&error.to_string()))?;
        if index == MAX_ATTRIBUTES {
            return Err(format!("one of its elements has more than {MAX_ATTRIBUTES} attributes"));
        }
        if attribute.key.as_namespace_binding().is_some() {
            // The reader compares a namespace's name as it is written; a verifier resolves references in it first.
            if attribute.value.contains(['&', '\t', '\r', '\n']) {
                return Err("the name of one of its namespaces is written with a reference".into());
            }
        } else if attribute.key.prefix().is_none() && space != Space::Other {
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| shortened(&error.to_string()))?;
            kept.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

    fn text_of(content: &str) -> Result<String, Malformed> {
        parse(&format!("<a xmlns='{A}'>{content}</a>")).map(|root| root.text().to_owned())
    }

    #[test]
    fn text_is_never_cut_off() {
        for (content, text) in [
            ("role/Admin<!-- -->-not", "role/Admin-not"),
            ("role/<!---->Admin", "role/Admin"),
            ("<!--x-->a<!--y-->b<!--z-->", "ab"),
            ("a<?pi?>b", "ab"),
            ("a<![CDATA[<b>&amp;]]>c", "a<b>&amp;c"),
            ("a&amp;b&#x21;&#65;&lt;", "a&b!A<"),
            ("a<b>inner</b>c", "ac"),
            ("  a\r\n", "a"),
        ] {
            assert_eq!(text_of(content).as_deref(), Ok(text), "{content}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (document, why) in [
            ("<!DOCTYPE a><a/>", "document type"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type"),
            ("<a>&x;</a>", "unknown entity `&x;`"),
            ("<a>&#0;</a>", "unknown entity"),
            ("<a>&#xD800;</a>", "unknown entity"),
            ("<x:a/>", "prefix `x` is not declared"),
            ("<a b='1' b='2'/>", "attribute"),
            ("<a xmlns:x='u' xmlns:x='v'/>", "attribute"),
            ("<a xmlns='urn:oasis:names:tc:SAML:2.0:assertio&#110;'/>", "written with a reference"),
            ("<a/><a/>", "after its end"),
            ("<a/>b", "outside"),
            ("b<a/>", "outside"),
            ("<a><b></a></b>", "expected"),
            ("<a>", "breaks off"),
            ("<a><b/>", "breaks off"),
            ("", "breaks off"),
            ("<!-- -- --><a/>", "comment"),
            ("</a>", "close tag"),
        ] {
            let error = parse(document).expect_err(document);
            assert!(error.contains(why), "{document}: {error}");
        }
    }

    #[test]
    fn every_direction_is_bounded() {
        let nested = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        assert!(parse(&nested(MAX_DEPTH + 1)).expect_err("deep").contains("nested deeper"));
        assert!(parse(&"<a>".repeat(25_000)).expect_err("deep").contains("nested deeper"));
        let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count));
        assert!(parse(&wide(MAX_ELEMENTS - 1)).is_ok());
        assert!(parse(&wide(MAX_ELEMENTS)).expect_err("wide").contains("elements"));
        let attributes = |count: usize| (0..count).fold("<a".to_owned(), |xml, i| xml + &format!(" a{i}=''")) + "/>";
        assert!(parse(&attributes(MAX_ATTRIBUTES)).is_ok());
        assert!(parse(&attributes(MAX_ATTRIBUTES + 1)).expect_err("many").contains("attributes"));
        assert!(parse(&attributes(9_000)).expect_err("many").contains("attributes"));
        let namespaces = (0..4_000).fold("<a".to_owned(), |xml, i| xml + &format!(" xmlns:a{i}='u'")) + "/>";
        assert!(parse(&namespaces).is_err());
    }

    #[test]
    fn names_are_namespace_and_local_name() {
        for document in
            [format!("<a xmlns='{A}'/>"), format!("<x:a xmlns:x='{A}'/>"), format!("<x.y:a xmlns:x.y=\"{A}\"/>")]
        {
            assert!(parse(&document).expect("valid").is(Space::Assertion, "a"), "{document}");
        }
        let root =
            parse(&format!("<a xmlns='{A}' xmlns:x='u' x:b='1' c='2'><b xmlns=''/><x:b>t</x:b></a>")).expect("valid");
        assert_eq!((root.attribute("b"), root.attribute("c")), (None, Some("2")));
        assert_eq!((root.all(Space::Assertion, "b").count(), root.count(&|e| e.is(Space::Other, "b"))), (0, 2));
    }
}
