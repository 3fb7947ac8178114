//! Edits of odd files: the exact result, byte for byte.

use proptest::prelude::*;

use super::{Config, Field, change::Change};
use crate::session::Alias;

const URL: &str = "https://idp.test/";
const IDP: &str = "arn:aws:iam::111122223333:saml-provider/x";
const ROLE: &str = "arn:aws:iam::111122223333:role/A";

/// A federated session's fields, one a line, each after `prefix`.
fn federated(prefix: &str, eol: &str) -> String {
    format!(
        "{prefix}kind = \"federated\"{eol}{prefix}saml_url = \"{URL}\"{eol}{prefix}idp_arn = \"{IDP}\"{eol}{prefix}role_arn = \"{ROLE}\"{eol}"
    )
}

fn corp() -> String {
    format!("[sessions.corp]\n{}", federated("", "\n"))
}

/// A chained session as an inline table's content.
fn inline(assumer: &str) -> String {
    format!("kind = \"chained\", assumer = \"{assumer}\", role_arn = '{ROLE}'")
}

fn chained(alias: &str, assumer: &str) -> String {
    format!("[sessions.{alias}]\n{}\n", inline(assumer).replace(", ", "\n"))
}

fn alias(name: &str) -> Alias {
    Alias::parse(name).expect(name)
}

fn field(key: &str) -> &'static Field {
    Field::named(key).expect(key)
}

fn set(name: &str, key: &str, values: &[&str]) -> Change {
    Change::Set { alias: alias(name), settings: vec![(field(key), Some(field(key).read(values).expect(key)))] }
}

fn unset(name: &str, key: &str) -> Change {
    Change::Set { alias: alias(name), settings: vec![(field(key), None)] }
}

fn rename(old: &str, new: &str) -> Change {
    Change::Rename { old: alias(old), new: alias(new) }
}

fn remove(name: &str) -> Change {
    Change::Remove { aliases: vec![alias(name)] }
}

fn add(name: &str) -> Change {
    let settings = [("assumer", "corp"), ("role_arn", ROLE)];
    let settings = settings.map(|(key, value)| (field(key), field(key).read(&[value]).expect(key)));
    Change::Add { alias: alias(name), kind: "chained", settings: settings.into() }
}

fn edited(text: &str, change: &Change) -> Result<String, String> {
    let before = Config::parse("config.toml", text).map_err(|error| format!("{text}\n{error}"))?;
    change.apply(&before, text).map(|(edited, _)| edited).map_err(|error| error.to_string())
}

/// That the change turns the text's only `from` into `to` and touches nothing else.
#[track_caller]
fn turns(text: &str, change: &Change, from: &str, to: &str) {
    assert_eq!(text.matches(from).count(), 1, "{from:?} in\n{text}");
    assert_eq!(edited(text, change), Ok(text.replace(from, to)), "\n{text}");
}

#[test]
fn a_value_is_replaced_where_it_stands() {
    let role = "arn:aws:iam::111122223333:role/B";
    let (from, to) = (ROLE, role);
    // Comments everywhere, odd white space, aligned.
    let commented = format!(
        "# top\n\n  [ sessions . corp ] # header\n# in between\n  kind   = 'federated' # why\n\tsaml_url = \"\"\"\\\n   {URL}\"\"\"  \n\
         idp_arn  = \"{IDP}\"\n\n  # the role\n  role_arn=\"{ROLE}\"# end\n# last"
    );
    turns(&commented, &set("corp", "role_arn", &[role]), from, to);
    // Carriage returns, and both endings in one file.
    let windows = corp().replace('\n', "\r\n");
    turns(&windows, &set("corp", "role_arn", &[role]), from, to);
    turns(&format!("# a\n{windows}# b\n"), &set("corp", "role_arn", &[role]), from, to);
    // No newline at the end; a byte order mark at the start.
    turns(corp().trim_end(), &set("corp", "role_arn", &[role]), from, to);
    turns(&format!("\u{feff}{}", corp()), &set("corp", "role_arn", &[role]), from, to);
    // Quoted keys, with an escape.
    let quoted = corp().replace("[sessions.corp]", "[\"sessions\".'corp']").replace("role_arn", "\"role\\u005farn\"");
    turns(&quoted, &set("corp", "role_arn", &[role]), from, to);
    // Dotted, at the root and in [sessions], with others in between.
    turns(&federated("sessions.corp.", "\n"), &set("corp", "role_arn", &[role]), from, to);
    let mixed = format!(
        "[sessions]\nx.kind = \"chained\"\n{}x.assumer = \"corp\"\nx . role_arn = '{role}'\n",
        federated("corp.", "\n")
    );
    turns(&mixed, &set("corp", "role_arn", &[role]), from, to);
    // Inline, in three ways.
    let pairs = federated("", ", ");
    let pairs = pairs.trim_end_matches(", ");
    turns(&format!("sessions.corp = {{ {pairs} }}\n"), &set("corp", "role_arn", &[role]), from, to);
    turns(&format!("[sessions]\ncorp={{{pairs}}} # x"), &set("corp", "role_arn", &[role]), from, to);
    turns(&format!("sessions = {{ corp = {{ {pairs} }} }}\n"), &set("corp", "role_arn", &[role]), from, to);
    turns(
        &format!("sessions = {{ {} }}\n", federated("corp.", ", ").trim_end_matches(", ")),
        &set("corp", "role_arn", &[role]),
        from,
        to,
    );
}

#[test]
fn a_field_is_put_after_the_last_in_the_way_of_the_others() {
    let change = set("corp", "region", &["eu-west-1"]);
    let region = "region = \"eu-west-1\"";
    let last = format!("role_arn = \"{ROLE}\"");
    turns(
        &format!("{}\n# about x\n{}", corp(), chained("x", "corp")),
        &change,
        &format!("{last}\n"),
        &format!("{last}\n{region}\n"),
    );
    turns(&corp().replace('\n', "\r\n"), &change, &last, &format!("{last}\r\n{region}"));
    turns(corp().trim_end(), &change, &last, &format!("{last}\n{region}"));
    let indented = format!("[sessions.corp]\n{}", federated("  ", "\n"));
    turns(&indented, &change, &last, &format!("{last}\n  {region}"));
    turns(&federated("sessions.corp.", "\n"), &change, &last, &format!("{last}\nsessions.corp.{region}"));
    let dotted = format!("[sessions]\n{}x = {{ {} }}\n", federated("'corp' . ", "\n"), inline("corp"));
    turns(&dotted, &change, &last, &format!("{last}\n'corp' . {region}"));
    let pairs = federated("", ", ");
    let pairs = pairs.trim_end_matches(", ");
    turns(&format!("sessions.corp = {{ {pairs} }}\n"), &change, &last, &format!("{last}, {region}"));
    let lines = format!("sessions.corp = {{\n  {},\n}}\n", pairs.replace(", ", ",\n  "));
    turns(&lines, &change, &last, &format!("{last}, {region}"));
    let dotted = format!("sessions = {{ {} }}\n", federated("corp.", ", ").trim_end_matches(", "));
    turns(&dotted, &change, &last, &format!("{last}, corp.{region}"));
}

#[test]
fn a_field_is_removed_with_its_line_or_its_comma() {
    let change = unset("corp", "region");
    let line = "region = \"eu-west-1\" # near\n";
    turns(&format!("{}{line}# below\nprofile = \"p\"\n", corp()), &change, line, "");
    turns(&format!("{}# above\n{line}", corp()), &change, line, "");
    turns(&format!("{}{}", corp(), line.trim_end()), &change, line.trim_end(), "");
    let pairs = federated("", ", ");
    let pairs = pairs.trim_end_matches(", ");
    turns(&format!("sessions.corp = {{ region = 'eu-west-1', {pairs} }}\n"), &change, "region = 'eu-west-1', ", "");
    turns(&format!("sessions.corp = {{ {pairs} , region = 'eu-west-1' }}\n"), &change, ", region = 'eu-west-1'", "");
    let lines = format!("sessions.corp = {{\n  region = 'eu-west-1',\n  {pairs}, # end\n}}\n");
    turns(&lines, &change, "  region = 'eu-west-1',\n", "");
    let lines = format!("sessions.corp = {{\n  {pairs}, # role\n  region = 'eu-west-1' # here\n}}\n");
    assert_eq!(edited(&lines, &change), Ok(lines.replace(", # role", " # role").replace("region = 'eu-west-1'", "")));
    assert_eq!(edited(&corp(), &change), Ok(corp()));
}

#[test]
fn a_list_over_lines_is_changed_element_by_element() {
    let arns = |list: &str| {
        let lines = list.replace('<', "\"arn:aws:iam::aws:policy/").replace('>', "\"");
        format!("{}{}policy_arns = {lines} # why\nprotected = true\n", corp(), chained("x", "corp"))
    };
    let change = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("arn:aws:iam::aws:policy/{name}")).collect();
        set("x", "policy_arns", &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let before = arns("[ # two\n  <A>, # ]\n  <B>, # b\n]");
    for (wanted, after) in [
        (&["C"] as &[&str], "[ # two\n  <C>, # ]\n  # b\n]"),
        (&["C", "B"], "[ # two\n  <C>, # ]\n  <B>, # b\n]"),
        (&["B"], "[ # two\n  # ]\n  <B>, # b\n]"),
        (&["B", "A"], "[ # two\n  <B>, <A>, # ]\n  # b\n]"),
        (&["C", "A", "B"], "[ # two\n  <C>, <A>, # ]\n  <B>, # b\n]"),
        (&["A", "B", "C"], "[ # two\n  <A>, # ]\n  <B>, <C>, # b\n]"),
    ] {
        assert_eq!(edited(&before, &change(wanted)), Ok(arns(after)), "{wanted:?}");
    }
    assert_eq!(edited(&arns("[ # none\n]"), &change(&["C"])), Ok(arns("[<C> # none\n]")));
    let arns = &before[before.find("policy_arns").expect("there")..before.find("protected").expect("there")];
    turns(&before, &unset("x", "policy_arns"), arns, "");
}

#[test]
fn tags_are_changed_where_they_stand() {
    let (corp, x) = (corp(), chained("x", "corp"));
    let set_tags = |tags: &[&str]| set("x", "tags", tags);
    let inline = format!("{corp}{x}tags = {{ team = \"x\" }} # t\n");
    turns(&inline, &set_tags(&["team=y"]), "team = \"x\"", "team = \"y\"");
    turns(&inline, &set_tags(&["team=x", "a b=c"]), "team = \"x\"", "team = \"x\", \"a b\" = \"c\"");
    turns(&inline, &unset("x", "tags"), "tags = { team = \"x\" } # t\n", "");
    let dotted = format!("{corp}{x}tags.team = \"x\" # t\ntags.a = \"b\"\n\n# end\n");
    turns(&dotted, &set_tags(&["a=b", "team=y"]), "\"x\" # t", "\"y\" # t");
    turns(&dotted, &set_tags(&["team=x"]), "tags.a = \"b\"\n", "");
    turns(&dotted, &set_tags(&["team=x", "a=b", "c=d"]), "tags.a = \"b\"\n", "tags.a = \"b\"\ntags.c = \"d\"\n");

    // A table of its own, with comments above, inside and below.
    let body = "# until 2027\r\n  center = \"17\" # c\r\n\r\n# who\r\n  team='x'#t\r\n# tags = \"later\"\r\n";
    let table = format!("{corp}{x}\n# who pays: ask finance\n[sessions.x.tags] # of x\n").replace('\n', "\r\n");
    let table = format!("{table}{body}\r\n# about z\r\n{}", chained("z", "x").replace('\n', "\r\n"));
    turns(&table, &set_tags(&["center=18", "team=x"]), "\"17\"", "\"18\"");
    turns(&table, &set_tags(&["center=17", "team="]), "'x'#t", "\"\"#t");
    turns(&table, &set_tags(&["center=17"]), "  team='x'#t\r\n", "");
    turns(&table, &set_tags(&["team=x"]), "  center = \"17\" # c\r\n", "");
    turns(&table, &set_tags(&["center=17", "team=x", "tags=t"]), "'x'#t\r\n", "'x'#t\r\n  tags = \"t\"\r\n");
    let other = table.replace("  team='x'#t\r\n", "  new = \"1\"\r\n").replace("  center = \"17\" # c\r\n", "");
    assert_eq!(edited(&table, &set_tags(&["new=1"])), Ok(other));
    turns(&table, &set("x", "external_id", &["17"]), "/A'\r\n\r\n", "/A'\r\nexternal_id = \"17\"\r\n\r\n");
    let renamed = table.replace("[sessions.x", "[sessions.y").replace("assumer = \"x\"", "assumer = \"y\"");
    assert_eq!(edited(&table, &rename("x", "y")), Ok(renamed));

    // Tables without a tag.
    let change = set_tags(&["team=y"]);
    turns(&format!("{corp}{x}tags = {{}} # t\n"), &change, "{}", "{ team = \"y\" }");
    let empty = format!("{corp}{x}\n# above\n[sessions.x.tags] # none\n# team = \"z\"");
    turns(&empty, &change, "# none\n", "# none\nteam = \"y\"\n");
    turns(&empty.replace("\n# team = \"z\"", ""), &change, "# none", "# none\nteam = \"y\"");
}

#[test]
fn what_means_the_same_stays_as_it_is_written() {
    let text = format!("{}duration = 14400\ntags = {{ b = '2', 'a' = '1' }}\n", corp() + &chained("x", "corp"));
    assert_eq!(edited(&text, &set("x", "duration", &["4h"])), Ok(text.clone()));
    assert_eq!(edited(&text, &set("x", "tags", &["a=1", "b=2"])), Ok(text.clone()));
    assert_eq!(edited(&text, &set("x", "protected", &["false"])), Ok(text));
}

#[test]
fn a_session_is_added_at_the_end_or_among_its_like() {
    let added = format!("[sessions.x]\nkind = \"chained\"\nassumer = \"corp\"\nrole_arn = \"{ROLE}\"\n");
    let corp = corp();
    let appended = |text: &str, gap: &str| assert_eq!(edited(text, &add("x")), Ok(format!("{text}{gap}{added}")));
    appended(&corp, "\n");
    appended(&format!("{corp}\n"), "");
    appended(corp.trim_end(), "\n\n");
    appended(&format!("{corp}# the end"), "\n\n");
    appended(&federated("sessions.corp.", "\n"), "\n");
    appended(&format!("[sessions]\n{}", federated("corp.", "\n")), "\n");
    appended(&format!("{corp}\n[vault]\nkey = \"auto\"\n"), "\n");
    let windows = corp.replace('\n', "\r\n");
    assert_eq!(edited(&windows, &add("x")), Ok(format!("{windows}\r\n{}", added.replace('\n', "\r\n"))));
    assert_eq!(
        edited(&corp, &add("team.dev")),
        Ok(format!("{corp}\n{}", added.replace("sessions.x", "sessions.\"team.dev\"")))
    );
    let one = format!("corp = {{ {} }}", federated("", ", ").trim_end_matches(", "));
    let other = format!("x = {{ kind = \"chained\", assumer = \"corp\", role_arn = \"{ROLE}\" }}");
    turns(&format!("sessions = {{ {one} }} # all\n"), &add("x"), &one, &format!("{one}, {other}"));
}

#[test]
fn the_first_session_makes_a_file_with_a_heading() {
    let field = |key, value: &str| (field(key), field(key).read(&[value]).expect(key));
    let settings = vec![field("saml_url", URL), field("idp_arn", IDP), field("role_arn", ROLE)];
    let change = Change::Add { alias: alias("corp"), kind: "federated", settings };
    assert_eq!(edited("", &change), Ok(format!("{}\n{}", super::edit::HEADING, corp())));
    assert_eq!(edited("sessions = {}\n", &change).map(|text| text.lines().count()), Ok(1));
    assert_eq!(edited("\u{feff}", &change), Ok(format!("\u{feff}{}", corp())));
    assert_eq!(edited("# mine\n[sessions]\n", &change), Ok(format!("# mine\n[sessions]\n\n{}", corp())));
}

#[test]
fn a_new_name_is_carried_through() {
    let text = format!(
        "{}# corp stays in comments\n{}\n['sessions' . y]\nkind='chained'\nassumer='corp'\nrole_arn=\"{ROLE}\"\n[sessions.y.tags]\ncorp = \"corp\"\n",
        corp(),
        chained("x", "corp")
    );
    let wanted = text
        .replace("[sessions.corp]", "[sessions.\"a.b\"]")
        .replace("assumer = \"corp\"", "assumer = \"a.b\"")
        .replace("assumer='corp'", "assumer='a.b'");
    assert_eq!(edited(&text, &rename("corp", "a.b")), Ok(wanted.clone()));
    assert_eq!(edited(&wanted, &rename("a.b", "corp")), Ok(text.clone()));
    turns(&text, &rename("x", "z"), "[sessions.x]", "[sessions.z]");
    assert_eq!(edited(&text, &rename("y", "z")), Ok(text.replace("' . y]", "' . z]").replace(".y.", ".z.")));
    let dotted = format!("{}sessions = {{}}", federated("sessions.corp.", "\n")).replace("sessions = {}", "");
    assert_eq!(edited(&dotted, &rename("corp", "z")), Ok(dotted.replace(".corp.", ".z.")));
    let inline = format!(
        "sessions = {{ corp = {{ {} }}, \"x\" = {{ {} }} }}",
        federated("", ", ").trim_end_matches(", "),
        inline("corp")
    );
    let wanted = inline.replace("corp =", "z =").replace("\"corp\"", "\"z\"");
    assert_eq!(edited(&inline, &rename("corp", "z")), Ok(wanted));
}

#[test]
fn a_session_goes_with_what_is_about_it_alone() {
    let (corp, x, y) = (corp(), chained("x", "corp"), chained("y", "corp"));
    let change = remove("x");
    turns(
        &format!("# top\n\n{corp}\n# about x\n# and more\n{x}# external_id = \"1\"\n\n# about y\n{y}"),
        &change,
        &format!("# about x\n# and more\n{x}# external_id = \"1\"\n\n"),
        "",
    );
    turns(&format!("{corp}\n{x}# about y\n{y}"), &change, &x, "");
    turns(&format!("{corp}\n{x}"), &change, &format!("\n{x}"), "");
    turns(&format!("{corp}\n{x}# the end"), &change, &x, "");
    turns(&format!("{corp}\n\n{x}\n\n"), &change, &format!("\n\n{x}\n\n"), "");
    turns(&format!("# opens the file\n{x}\n{corp}"), &change, &x, "");
    turns(&format!("{x}\n\n{corp}"), &change, &format!("{x}\n\n"), "");
    turns(&format!("\u{feff}{x}\n{corp}").replace('\n', "\r\n"), &change, &format!("{x}\n").replace('\n', "\r\n"), "");
    turns(
        &format!("{x}\n[sessions.x.tags]\na = \"b\"\n\n{corp}"),
        &change,
        &format!("{x}\n[sessions.x.tags]\na = \"b\"\n\n"),
        "",
    );
    let line = format!("x = {{ {} }} # x\n", inline("corp"));
    turns(&format!("[sessions]\n# about x\n{line}{}", federated("corp.", "\n")), &change, &line, "");
    let all = format!(
        "sessions = {{ corp = {{ {} }}, {} }}\n",
        federated("", ", ").trim_end_matches(", "),
        line.replace(" # x\n", "")
    );
    turns(&all, &change, &format!(", {}", line.replace(" # x\n", "")), "");
    let dotted = format!(
        "{}sessions.x.kind = 'chained'\nsessions.x.assumer = 'corp'\n# a\nsessions.x.role_arn = '{ROLE}'\n",
        federated("sessions.corp.", "\n")
    );
    assert_eq!(edited(&dotted, &change), Ok(format!("{}# a\n", federated("sessions.corp.", "\n"))));
    assert_eq!(edited(&corp, &remove("corp")), Ok(String::new()));
}

#[test]
fn what_would_not_be_valid_is_refused_without_a_line_that_is_not_there() {
    let text = corp() + &chained("x", "corp");
    let error = |change: &Change| edited(&text, change).expect_err("refused");
    assert_eq!(
        error(&set("x", "assumer", &["y"])),
        "leapp: cannot change `x`: sessions.x.assumer: there is no session `y`\n  add [sessions.y], or name another assumer"
    );
    assert!(error(&set("corp", "region", &["cn-north-1"])).ends_with("\n  give: --region us-east-1"));
    assert!(error(&remove("corp")).starts_with("leapp: cannot remove `corp`: sessions.x.assumer: there is no session"));
    assert!(error(&rename("corp", "x")).contains("there is a session `x` already"));
    assert!(error(&add("x")).ends_with("run: leapp session edit x"));
}

/// How a session is written.
#[derive(Clone, Copy, Debug)]
enum Style {
    Dotted,
    Inline,
    Table,
    TagsApart,
}

/// A session in a style, with comments and quotes as they come.
fn written(name: &str, style: Style, odd: bool, eol: &str) -> String {
    let key = if odd { format!("'{name}'") } else { name.to_owned() };
    let pairs = inline(if name == "s0" { "base" } else { "s0" });
    let comment = if odd { "# about [it] = \"{\"\n" } else { "" };
    let text = match style {
        Style::Dotted => {
            format!("{comment}{key}.{}\n{key} . tags.a = 'b' # t\n", pairs.replace(", ", &format!("\n{key}.")))
        }
        Style::Inline => format!("{comment}{key} = {{ {pairs}, tags = {{ a = 'b' }} }} # }}\n"),
        Style::Table => {
            format!("\n{comment}[ sessions.{key} ]\n{}\n\n# in\ntags.a = 'b'\n", pairs.replace(", ", "\n  "))
        }
        Style::TagsApart => {
            let pairs = pairs.replace(", ", "\n");
            format!(
                "\n{comment}[sessions.{key}]\n{pairs}\n# of tags\n[sessions.{key}.tags] # header\n# in\na = \"b\"\n"
            )
        }
    };
    text.replace('\n', eol)
}

/// Sessions in lines under `[sessions]`, and sessions with tables of their own.
type Styles = (Vec<(Style, bool)>, Vec<(Style, bool)>);

fn styles() -> impl Strategy<Value = Styles> {
    let lines = prop_oneof![Just(Style::Dotted), Just(Style::Inline)];
    let tables = prop_oneof![Just(Style::Table), Just(Style::TagsApart)];
    (prop::collection::vec((lines, any::<bool>()), 0..4), prop::collection::vec((tables, any::<bool>()), 1..4))
}

/// A field with what it is set to, or nothing.
fn an_edit() -> impl Strategy<Value = (&'static str, Option<String>)> {
    prop_oneof![
        "[a-zA-Z0-9_+=,.@:/-]{2,40}".prop_map(|id| ("external_id", Some(id))),
        "[a-z]{1,9}=[a-zA-Z0-9 _.:/=+@-]{0,20}".prop_map(|tag| ("tags", Some(tag))),
        Just(("policy", Some("{\"a\": \"it's\"}".to_owned()))),
        Just(("tags", None)),
    ]
}

proptest! {
    #[test]
    fn an_edit_touches_its_session_alone(
        (lines, tables) in styles(),
        at in any::<prop::sample::Index>(),
        windows in any::<bool>(),
        (key, value) in an_edit(),
        removes in any::<bool>(),
    ) {
        let eol = if windows { "\r\n" } else { "\n" };
        let chunks: Vec<String> = lines.iter().chain(&tables).enumerate()
            .map(|(n, (style, odd))| written(&format!("s{n}"), *style, *odd, eol)).collect();
        let head = format!("[sessions]\n{}", federated("base.", "\n")).replace('\n', eol);
        let text = format!("{head}{}", chunks.concat());
        let at = at.index(chunks.len());
        let (before, after) = (head + &chunks[..at].concat(), chunks[at + 1..].concat());
        let name = alias(&format!("s{at}"));
        if removes && (at > 0 || chunks.len() == 1) {
            let edited = edited(&text, &Change::Remove { aliases: vec![name] }).expect("removed");
            prop_assert!(edited.starts_with(before.trim_end()), "{text}\n{edited}");
            prop_assert!(edited.ends_with(after.trim_start()), "{text}\n{edited}");
            prop_assert!(edited.len() < before.len() + after.len() + 40, "{text}\n{edited}");
        } else {
            let change = match &value {
                Some(value) => set(name.as_str(), key, &[value]),
                None => unset(name.as_str(), key),
            };
            let edited = edited(&text, &change).expect("edited");
            prop_assert!(edited.starts_with(&before), "{text}\n{edited}");
            prop_assert!(edited.ends_with(&after), "{text}\n{edited}");
            for comment in ["# about [it]", "# }", "# in", "# of tags", "# header"].iter().filter(|_| value.is_some()) {
                prop_assert_eq!(edited.matches(comment).count(), text.matches(comment).count(), "{}\n{}", text, edited);
            }
            prop_assert!(!windows || edited.matches('\n').count() == edited.matches("\r\n").count(), "{edited}");
        }
    }
}
