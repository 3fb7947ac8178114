use proptest::prelude::*;

use super::*;

#[path = "../../../tests/it/named_profiles/corpus.rs"]
mod corpus;
use corpus::CORPUS;

fn profile(name: &str) -> Profile {
    let lines = ["region = eu-west-1", "credential_process = /usr/bin/leapp credential-process x"];
    Profile { name: name.to_owned(), lines: lines.map(str::to_owned).to_vec() }
}

fn restored(text: &[u8]) -> Restored {
    Restored::from(Some(text), Kind::Config).expect("sound")
}

/// All that was there is there, in one piece, before the block.
fn is_before_the_block(text: &[u8], with: &[u8]) -> bool {
    let mark = b"# >>> leapp profile sync >>>";
    with.strip_prefix(text).is_some_and(|rest| {
        let at = rest.windows(mark.len()).position(|window| window == mark);
        at.is_some_and(|at| matches!(&rest[..at], b"" | b"\n" | b"\r\n"))
    })
}

#[test]
fn the_corpus_comes_back_byte_for_byte() {
    assert!(CORPUS.len() >= 30);
    for text in CORPUS {
        let before = text.as_bytes();
        for wanted in [vec![profile("prod")], vec![profile("default"), profile("prod"), profile("x y")]] {
            let with = restored(before).with_block(&wanted, true).expect(text).expect("a file");
            let again = restored(&with);
            assert_eq!(again.without_block().expect("a file"), before, "{text:?}");
            assert_eq!(again.profiles, wanted, "{text:?}");
            // Once more is no change, and needs no force any more.
            assert_eq!(again.with_block(&wanted, false), Ok(Some(with)), "{text:?}");
        }
    }
}

#[test]
fn outside_the_block_every_byte_of_the_corpus_stays() {
    for text in CORPUS {
        let with = restored(text.as_bytes()).with_block(&[profile("new one")], false).expect(text).expect("a file");
        assert!(is_before_the_block(text.as_bytes(), &with), "{text:?}\n{}", String::from_utf8_lossy(&with));
    }
}

#[test]
fn the_block_ends_its_lines_as_the_file_does() {
    let with = |text: &str| {
        let bytes = restored(text.as_bytes()).with_block(&[profile("new")], false).expect("free").expect("a file");
        String::from_utf8(bytes).expect("UTF-8")
    };
    assert!(with("a\r\nb").replace("\r\n", "").find('\n').is_none());
    assert!(!with("a\nb").contains('\r'));
    assert_eq!(
        with("[default]\n"),
        "[default]\n# >>> leapp profile sync >>> (taken out by: leapp profile sync --remove)\n[profile new]\n\
         region = eu-west-1\ncredential_process = /usr/bin/leapp credential-process x\n# <<< leapp profile sync <<<\n"
    );
}

#[test]
fn a_profile_of_the_persons_stands_where_it_is_until_it_is_forced_aside() {
    let text = b"[default]\nregion = x\n\n# mine\n[profile prod]\nregion = y\n\ns3 =\n  a = b\n\n# next\n[profile z]\n";
    let before = restored(text);
    let taken = Refused::Taken { name: "prod".into(), line: 5 };
    assert_eq!(before.with_block(&[profile("prod")], false), Err(taken));
    let with = before.with_block(&[profile("prod")], true).expect("forced").expect("a file");
    let aside = "[default]\nregion = x\n\n# mine\n# set aside by leapp: [profile prod]\n\
                 # set aside by leapp: region = y\n\n# set aside by leapp: s3 =\n# set aside by leapp:   a = b\n\n# next\n[profile z]\n";
    assert!(with.starts_with(aside.as_bytes()), "{}", String::from_utf8_lossy(&with));
    // Who no longer needs the name gives it back.
    let other = restored(&with).with_block(&[profile("other")], false).expect("free").expect("a file");
    assert!(other.starts_with(text));
}

#[test]
fn the_line_of_a_taken_name_is_the_line_on_the_disk() {
    let with =
        restored(b"[default]\n").with_block(&[profile("a"), profile("b")], false).expect("free").expect("a file");
    let appended = [&with[..], b"[profile c]\n"].concat();
    let line = 1 + appended.split(|byte| *byte == b'\n').position(|line| line == b"[profile c]").expect("there");
    let taken = restored(&appended).with_block(&[profile("c")], false);
    assert_eq!(taken, Err(Refused::Taken { name: "c".into(), line }));
}

#[test]
fn what_is_written_after_the_block_stays_there() {
    let with = restored(b"[default]").with_block(&[profile("a")], false).expect("free").expect("a file");
    let appended = [&with[..], b"[profile later]\nregion = x\n"].concat();
    assert_eq!(restored(&appended).without_block().expect("a file"), b"[default]\n[profile later]\nregion = x\n");
    let again = restored(&appended).with_block(&[profile("b")], false).expect("free").expect("a file");
    assert_eq!(restored(&again).profiles, [profile("b")]);
    assert!(again.ends_with(b"[profile later]\nregion = x\n"));
}

#[test]
fn what_was_set_aside_twice_comes_back_at_once() {
    let text = b"# set aside by leapp: # set aside by leapp: [profile a]\nregion = x\n";
    let with = restored(text).with_block(&[profile("b")], false).expect("free").expect("a file");
    assert_eq!(restored(&with).without_block().expect("a file"), b"[profile a]\nregion = x\n");
    assert_eq!(restored(text).without_block(), restored(&with).without_block());
}

#[test]
fn a_mark_that_was_set_aside_by_hand_stays_so() {
    for mark in ["# >>> leapp profile sync >>> x", "# <<< leapp profile sync <<<"] {
        let text = format!("# set aside by leapp: {mark}\n[profile a]\n");
        let with = restored(text.as_bytes()).with_block(&[profile("b")], false).expect("free").expect("a file");
        assert_eq!(restored(&with).without_block().expect("a file"), text.as_bytes());
    }
}

#[test]
fn a_file_that_leapp_made_goes_with_the_block() {
    let with = Restored::from(None, Kind::Config).expect("sound").with_block(&[profile("a")], false);
    let with = with.expect("free").expect("a file");
    assert_eq!(restored(&with).without_block(), None);
    assert_eq!(restored(&[&with[..], b"[x]\n"].concat()).without_block(), Some(b"[x]\n".to_vec()));
    assert_eq!(restored(b"").without_block(), Some(Vec::new()));
}

#[test]
fn a_mark_alone_is_an_error() {
    let opening = "# >>> leapp profile sync >>>\n";
    let closing = "# <<< leapp profile sync <<<\n";
    for (text, line) in [
        (format!("a\n{opening}"), 2),
        (closing.to_owned(), 1),
        (format!("{closing}{opening}"), 1),
        (format!("{opening}{opening}{closing}"), 2),
        (format!("{opening}{closing}{opening}{closing}"), 3),
    ] {
        assert_eq!(Restored::from(Some(text.as_bytes()), Kind::Config), Err(Refused::Marks { line }), "{text}");
    }
}

#[test]
fn headers_are_read_as_botocore_reads_them() {
    let of = |text: &str, kind| {
        sections(text.as_bytes(), kind).into_iter().map(|section| section.profile).collect::<Vec<_>>()
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(
        of(
            "[default]\n[profile a]\n[profile \"b c\"]\n[profile\t'd']\n[ profile e ]\n[profilex]\n[services s]\n[x]",
            Kind::Config
        ),
        [some("default"), some("a"), some("b c"), some("d"), some("e"), None, None, None]
    );
    assert_eq!(
        of("[a]\n[profile b]\nk = v\n [c]\n[ d ]", Kind::Credentials),
        [some("a"), some("profile b"), some("d")]
    );
}

#[test]
fn an_id_of_the_desktop_app_is_found_where_it_wrote_it() {
    let text = b"[profile a]\nregion = x\ncredential_process = leapp session generate 11-22\n\
                 [profile b]\nCREDENTIAL_PROCESS=\"/opt/my leapp\" session generate 33-44\n";
    assert_eq!(that_ask_for(text, "11-22"), ["a"]);
    assert_eq!(that_ask_for(text, "33-44"), ["b"]);
    assert_eq!(that_ask_for(text, "1"), [] as [&str; 0]);
}

/// Lines as such files have them, and others.
fn a_file() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("[default]".as_bytes().to_vec()),
        Just("[profile prod]".as_bytes().to_vec()),
        Just("[profile \"x y\"]".as_bytes().to_vec()),
        Just("  nested = 1".as_bytes().to_vec()),
        Just("# comment".as_bytes().to_vec()),
        Just(Vec::new()),
        "[ -~\t]{0,20}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    let ending = prop_oneof![Just("\n"), Just("\r\n"), Just("\n"), Just("\r")];
    let lines = prop::collection::vec((line, ending), 0..12);
    (any::<bool>(), lines, any::<bool>()).prop_map(|(bom, lines, ended)| {
        let mut text = if bom { sections::BOM.to_vec() } else { Vec::new() };
        let last = lines.len();
        for (number, (line, ending)) in lines.into_iter().enumerate() {
            text.extend(line);
            if ended || number + 1 < last {
                text.extend(ending.as_bytes());
            }
        }
        text
    })
}

proptest! {
    #[test]
    fn whatever_the_file_it_comes_back(text in a_file(), names in prop::sample::subsequence(vec!["default", "prod", "x y", "n"], 1..4)) {
        let wanted: Vec<Profile> = names.into_iter().map(profile).collect();
        let with = restored(&text).with_block(&wanted, true).expect("forced").expect("a file");
        let again = restored(&with);
        prop_assert_eq!(again.without_block(), Some(text.clone()));
        prop_assert_eq!(again.with_block(&wanted, false).expect("set aside already"), Some(with));
        let fewer = again.with_block(&[profile("n")], false).expect("free").expect("a file");
        prop_assert_eq!(restored(&fewer).without_block(), Some(text));
    }

    #[test]
    fn outside_the_block_every_byte_stays(text in a_file()) {
        let with = restored(&text).with_block(&[profile("new one")], false).expect("free").expect("a file");
        prop_assert!(is_before_the_block(&text, &with));
    }

    #[test]
    fn reading_never_panics(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Restored::from(Some(&text), Kind::Credentials);
        let _ = (that_ask_for(&text, "x"), diff("f", &text, b"[a]\nb = c\n"));
    }
}
