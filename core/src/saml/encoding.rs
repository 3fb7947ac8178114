//! The encoding of an XML document: what its first bytes and its declaration say (XML 1.0, section 4.3.3 and appendix F).

use zeroize::Zeroizing;

use super::xml::Malformed;

/// The most of a document in which its declaration is looked for.
const DECLARATION: usize = 200;
/// The bytes of blanks in UTF-32 and in EBCDIC.
const OPAQUE_BLANKS: &[u8] = b"\0\t\n\r \x05\x15\x25\x40";

/// A document as text.
pub(super) enum Text {
    /// What its bytes stand for; the last character may be missing where it was cut.
    Read(Zeroizing<String>),
    /// It is in an encoding that is not known here. Every XML reader knows UTF-8 and UTF-16, some know more.
    Unread {
        /// The encoding.
        name: String,
        /// As much as ASCII tells, which is where its elements begin and end; empty where it tells nothing.
        rough: Zeroizing<String>,
        /// Whether it ends like a document, where ASCII tells nothing.
        ends: bool,
    },
}

/// How bytes become characters.
enum Encoding {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
    /// One byte a character.
    Table(fn(u8) -> char),
    /// An extension of ASCII by that name.
    Unknown(String),
    /// No extension of ASCII, by that name, and the byte of its `>` that is not zero.
    Opaque(&'static str, u8),
}

impl Text {
    /// Whether it begins like a document, as far as it can be read.
    pub(super) fn begins(&self) -> bool {
        self.is_opaque() || self.document().starts_with('<')
    }

    /// Whether it ends like a document, as far as it can be read.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Self::Unread { ends: true, .. }) || self.document().ends_with('>')
    }

    /// Whether nothing of it can be read.
    pub(super) fn is_opaque(&self) -> bool {
        matches!(self, Self::Unread { rough, .. } if rough.is_empty())
    }

    /// The document without what is around it, as far as it can be read.
    pub(super) fn document(&self) -> &str {
        let (Self::Read(text) | Self::Unread { rough: text, .. }) = self;
        text.trim_matches(super::is_blank)
    }
}

/// Reads a document, or any text in UTF-8, or in UTF-16 behind a byte order mark.
///
/// # Errors
/// At the first byte that its encoding does not have.
pub(super) fn read(bytes: &[u8]) -> Result<Text, Malformed> {
    let text = match encoding(bytes) {
        Encoding::Utf8 => utf8(bytes),
        Encoding::Utf16(unit) => utf16(bytes, unit),
        Encoding::Table(character) => Ok(characters(bytes, character)),
        Encoding::Unknown(name) => {
            let (name, rough) = (name.chars().take(40).collect(), characters(bytes, char::from));
            return Ok(Text::Unread { name, rough, ends: false });
        }
        Encoding::Opaque(name, end) => {
            let ends = bytes.iter().rfind(|byte| !OPAQUE_BLANKS.contains(byte)) == Some(&end);
            return Ok(Text::Unread { name: name.into(), rough: Zeroizing::default(), ends });
        }
    };
    text.map(Text::Read)
}

/// The encoding that a document's declaration names.
pub(super) fn declared(document: &str) -> Option<&str> {
    let declaration = document.trim_start_matches(super::is_blank).strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| "'\"".contains(*quote))?;
    value[1..].split_once(quote).map(|(name, _)| name)
}

fn encoding(bytes: &[u8]) -> Encoding {
    match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0xff, 0xfe, 0, 0, ..] | [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..] => {
            Encoding::Opaque("UTF-32", b'>')
        }
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Encoding::Utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Encoding::Utf16(u16::from_be_bytes),
        // `<?xm` in any EBCDIC.
        [0x4c, 0x6f, 0xa7, 0x94, ..] => Encoding::Opaque("EBCDIC", 0x6e),
        _ => named(&bytes[..bytes.len().min(DECLARATION)]),
    }
}

/// The encoding that the declaration of a document in an extension of ASCII names; UTF-8 where it names none, or one that
/// these bytes are not in.
fn named(start: &[u8]) -> Encoding {
    let start = String::from_utf8_lossy(start);
    let name = declared(&start).unwrap_or_default();
    match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" | "utf-16le" | "utf-16be" => Encoding::Utf8,
        "iso-8859-1" | "iso8859-1" | "latin1" | "latin-1" | "l1" => Encoding::Table(char::from),
        "iso-8859-15" | "iso8859-15" | "latin9" | "latin-9" => Encoding::Table(latin_9),
        "windows-1252" | "cp1252" => Encoding::Table(windows_1252),
        _ => Encoding::Unknown(name.to_owned()),
    }
}

/// ISO/IEC 8859-15: Latin-1 but for eight characters.
fn latin_9(byte: u8) -> char {
    match byte {
        0xa4 => '€',
        0xa6 => 'Š',
        0xa8 => 'š',
        0xb4 => 'Ž',
        0xb8 => 'ž',
        0xbc => 'Œ',
        0xbd => 'œ',
        0xbe => 'Ÿ',
        byte => byte.into(),
    }
}

/// Latin-1 but for 0x80 to 0x9f (WHATWG Encoding, index windows-1252).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        byte => byte.into(),
    }
}

/// UTF-8, without the beginning of a character at the end.
fn utf8(bytes: &[u8]) -> Result<Zeroizing<String>, Malformed> {
    let whole = match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => &bytes[..error.valid_up_to()],
        _ => bytes,
    };
    std::str::from_utf8(whole)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|error| format!("its byte {} is not UTF-8", error.valid_up_to() + 1))
}

/// UTF-16, without the beginning of a character at the end.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Zeroizing<String>, Malformed> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    let mut read = 0;
    for decoded in char::decode_utf16(bytes.as_chunks().0.iter().copied().map(unit)) {
        match decoded {
            Ok(character) => text.push(character),
            Err(_) if read + 3 >= bytes.len() => break,
            Err(_) => return Err(format!("its byte {} is not UTF-16", read + 1)),
        }
        read += 2 * text.chars().next_back().map_or(1, char::len_utf16);
    }
    Ok(text)
}

fn characters(bytes: &[u8], character: fn(u8) -> char) -> Zeroizing<String> {
    // Never grown: growing would leave a copy behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 3));
    text.extend(bytes.iter().copied().map(character));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(bytes: &[u8]) -> String {
        match read(bytes) {
            Ok(Text::Unread { name, .. }) => format!("unread: {name}"),
            Ok(text) => text.document().to_owned(),
            Err(why) => why,
        }
    }

    /// A document with this declaration, as UTF-16.
    fn utf16(text: &str, mark: bool, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{text}").encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn the_first_bytes_and_the_declaration_say_how_to_read() {
        let declaring = |name: &str, text: &[u8]| {
            [format!("<?xml version=\"1.0\" encoding='{name}'?><a>").as_bytes(), text, b"</a>"].concat()
        };
        for (name, bytes, text) in [
            ("UTF-8", &b"J\xc3\xb6rg"[..], "Jörg"),
            ("utf8", b"J\xc3\xb6rg", "Jörg"),
            ("ISO-8859-1", b"J\xf6rg \xa4", "Jörg ¤"),
            ("iso-8859-15", b"J\xf6rg \xa4", "Jörg €"),
            ("Windows-1252", b"J\xf6rg \x80\x93\x81", "Jörg €“\u{81}"),
            ("US-ASCII", b"Jorg", "Jorg"),
        ] {
            let read = text_of(&declaring(name, bytes));
            assert!(read.ends_with(&format!("<a>{text}</a>")), "{name}: {read}");
        }
        for mark in [true, false] {
            for unit in [u16::to_le_bytes, u16::to_be_bytes] {
                assert_eq!(text_of(&utf16("<a>Jörg 🙂</a>", mark, unit)), "<a>Jörg 🙂</a>");
            }
        }
        for (bytes, name) in [
            (declaring("Shift_JIS", b"\x8a\xbf"), "Shift_JIS"),
            (declaring(&"x".repeat(99), b""), &"x".repeat(40)),
            (vec![0x4c, 0x6f, 0xa7, 0x94, 0x93], "EBCDIC"),
            ("<a/>".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "UTF-32"),
        ] {
            assert_eq!(text_of(&bytes), format!("unread: {name}"));
        }
    }

    #[test]
    fn a_byte_that_does_not_fit_is_named() {
        for (bytes, why) in [
            (&b"<a>\xff</a>"[..], "its byte 4 is not UTF-8"),
            (b"<?xml version='1.0'?><a>J\xf6rg</a>", "its byte 26 is not UTF-8"),
            (b"<\0a\0\0\xd8>\0>\0>\0", "its byte 5 is not UTF-16"),
            (b"J\xf6rg", "its byte 2 is not UTF-8"),
            (b"hello", "hello"),
            (b"", ""),
            (b"\xff\xfeP\0", "P"),
        ] {
            assert_eq!(text_of(bytes), why, "{bytes:?}");
        }
        for cut in [&b"<a>\xc3"[..], b"<\0a\0>\0\0\xd8", b"<\0a\0>\0\0"] {
            assert_eq!(text_of(cut), "<a>", "what was cut is read up to there");
        }
    }

    #[test]
    fn the_declaration_is_read_however_it_is_written() {
        for (document, name) in [
            ("<?xml version='1.0' encoding='a'?><a/>", Some("a")),
            ("\u{feff}\n<?xml version=\"1.0\" encoding = \"b\" standalone='no' ?>", Some("b")),
            ("<?xml version='1.0'?><a encoding='c'/>", None),
            ("<?xml encoding=d?>", None),
            ("<?xml encoding='e?>", None),
            ("<a/>", None),
        ] {
            assert_eq!(declared(document), name, "{document}");
        }
    }
}
