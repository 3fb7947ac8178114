use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;
use crate::{context::Environment, session::Alias};

/// A state folder with a passphrase file, so that no keyring of this machine is touched.
struct Place {
    folder: TempDir,
    settings: VaultSettings,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let passphrase = folder.path().join("passphrase");
        fs::write(&passphrase, "correct horse\n").expect("written");
        fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).expect("closed");
        Self { folder, settings: VaultSettings { key: KeySource::Passphrase, unlock_ttl: Duration::ZERO } }
    }

    fn context(&self) -> Context {
        let home = self.folder.path().to_str().expect("utf-8").to_owned();
        let file = format!("{home}/passphrase");
        let environment = Environment::of([("HOME", home.as_str()), ("LEAPP_PASSPHRASE_FILE", &file)]);
        Context::for_tests(environment, || OffsetDateTime::UNIX_EPOCH)
    }

    fn set_passphrase(&self, text: &str) {
        fs::write(self.folder.path().join("passphrase"), text).expect("written");
    }
}

use time::OffsetDateTime;

fn name(owner: &str) -> EntryName {
    EntryName::new(owner, "0123", "credentials")
}

#[test]
fn what_is_put_comes_back_to_the_next_process_and_is_private() {
    let place = Place::new();
    let context = place.context();
    Vault::open(&context, &place.settings).expect("made").put(&name("a"), b"secret").expect("put");
    let again = Vault::find(&context, &place.settings).expect("fine").expect("there");
    assert_eq!(again.get(&name("a")).expect("fine").expect("there").as_slice(), b"secret");
    assert_eq!(again.get(&name("b")).expect("fine"), None);
    for path in entries(&folder(&context)) {
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600, "{}", path.display());
        let bytes = fs::read(&path).expect("read");
        assert!(!bytes.windows(6).any(|window| window == b"secret"), "{}", path.display());
    }
}

#[test]
fn a_damaged_file_is_no_file_and_harms_no_other() {
    let place = Place::new();
    let context = place.context();
    let vault = Vault::open(&context, &place.settings).expect("made");
    vault.put(&name("a"), b"one").expect("put");
    vault.put(&name("b"), b"two").expect("put");
    let path = folder(&context).join(name("a").as_str());
    let whole = fs::read(&path).expect("read");
    let other = fs::read(folder(&context).join(name("b").as_str())).expect("read");
    let large = vec![0; 300_000];
    let damages: [&[u8]; 5] = [b"", b"leapp-sealed-1\n", &whole[..whole.len() - 1], &other, &large];
    for damage in damages {
        fs::write(&path, damage).expect("written");
        assert_eq!(vault.get(&name("a")).expect("fine"), None);
    }
    assert_eq!(vault.get(&name("b")).expect("fine").expect("there").as_slice(), b"two");
}

#[test]
fn what_is_too_large_to_be_read_again_is_not_kept() {
    let place = Place::new();
    let context = place.context();
    let vault = Vault::open(&context, &place.settings).expect("made");
    vault.put(&name("a"), &vec![b'x'; 250_000]).expect("put");
    assert_eq!(vault.get(&name("a")).expect("fine").expect("there").len(), 250_000);
    let error = vault.put(&name("a"), &vec![b'x'; 263_000]).expect_err("too large");
    assert_eq!(error.which(), Kind::NotKept);
    assert_eq!(vault.get(&name("a")).expect("fine").expect("the one before").len(), 250_000);
}

#[test]
fn a_wrong_passphrase_is_said_and_nothing_is_lost() {
    let place = Place::new();
    let context = place.context();
    Vault::open(&context, &place.settings).expect("made").put(&name("a"), b"one").expect("put");
    // A run that knows the key asks for it no more; these are others.
    place.set_passphrase("wrong");
    let error = Vault::open(&place.context(), &place.settings).err().expect("locked").to_string();
    assert!(error.starts_with("leapp: cannot unlock the vault: the passphrase is wrong"), "{error}");
    place.set_passphrase("");
    let error = Vault::open(&place.context(), &place.settings).err().expect("locked").to_string();
    assert!(error.contains("the passphrase is empty"), "{error}");
    place.set_passphrase("correct horse");
    let context = place.context();
    let vault = Vault::open(&context, &place.settings).expect("opens");
    assert_eq!(vault.get(&name("a")).expect("fine").expect("there").as_slice(), b"one");
}

#[test]
fn a_damaged_header_is_an_error_that_says_what_to_do() {
    let place = Place::new();
    let context = place.context();
    drop(Vault::open(&context, &place.settings).expect("made"));
    fs::write(header_file(&folder(&context)), "{\"version\":1").expect("written");
    let error = Vault::open(&context, &place.settings).err().expect("damaged").to_string();
    assert!(error.contains("damaged") && error.contains("leapp vault reset"), "{error}");
    reset(&context).expect("forgotten");
    assert!(Vault::find(&context, &place.settings).expect("fine").is_none());
}

#[test]
fn settings_that_ask_for_another_place_are_an_error() {
    let mut place = Place::new();
    let context = place.context();
    drop(Vault::open(&context, &place.settings).expect("made"));
    place.settings.key = KeySource::Keyring;
    let error = Vault::open(&place.context(), &place.settings).err().expect("refused").to_string();
    assert!(error.contains("its key rests in a passphrase, and the config asks for the OS keyring"), "{error}");
}

#[test]
fn forgetting_one_owner_leaves_the_others() {
    let place = Place::new();
    let context = place.context();
    let vault = Vault::open(&context, &place.settings).expect("made");
    for owner in ["prod", "prod-eu", "dev"] {
        vault.put(&name(owner), b"x").expect("put");
    }
    let (gone, done) = forget(&context, |name| name.owner() == "prod");
    assert_eq!((gone, done), (vec![name("prod")], Ok(())));
    assert_eq!(vault.get(&name("prod")).expect("fine"), None);
    assert!(vault.get(&name("prod-eu")).expect("fine").is_some());
}

#[test]
fn a_vault_is_emptied_and_stays_the_same_one() {
    let place = Place::new();
    let context = place.context();
    let vault = Vault::open(&context, &place.settings).expect("made");
    vault.put(&name("a"), b"x").expect("put");
    fs::write(folder(&context).join(".leapp-aB3dE6"), "left").expect("written");
    let before = fs::read(header_file(&folder(&context))).expect("a header");
    empty(&context).expect("emptied");
    assert_eq!(entries(&folder(&context)).collect::<Vec<_>>(), [header_file(&folder(&context))]);
    assert_eq!(fs::read(header_file(&folder(&context))).expect("a header"), before);
    reset(&context).expect("begun anew");
    assert_eq!(entries(&folder(&context)).count(), 0);
}

#[test]
fn a_run_asks_for_the_passphrase_once() {
    let place = Place::new();
    let context = place.context();
    drop(Vault::open(&context, &place.settings).expect("made"));
    // The kernel holds nothing here: `unlock_ttl` is 0.
    let context = place.context();
    Vault::open(&context, &place.settings).expect("unlocked").put(&name("a"), b"x").expect("put");
    fs::remove_file(place.folder.path().join("passphrase")).expect("removed");
    let later = context.clone().with_attention(crate::context::Attention::Nobody, None);
    for _ in 0..2 {
        let vault = Vault::find(&later, &place.settings).expect("fine").expect("there");
        assert!(vault.get(&name("a")).expect("unlocked still").is_some());
    }
    assert!(Vault::open(&place.context(), &place.settings).is_err(), "another run");
}

#[test]
fn what_was_kept_before_names_told_capitals_is_forgotten_with_the_rest() {
    let place = Place::new();
    let context = place.context();
    let alias = |text| Alias::parse(text).expect("an alias");
    let now = |text| EntryName::new(&alias(text).file_name(), "0123", "credentials");
    let vault = Vault::open(&context, &place.settings).expect("made");
    for name in [name("Prod"), now("Prod"), now("prod")] {
        vault.put(&name, b"kept").expect("put");
    }
    let (gone, done) = forget(&context, |name| name.alias() == Some(alias("Prod")));
    assert_eq!((gone.len(), done), (2, Ok(())));
    assert_eq!(vault.get(&now("Prod")).expect("fine"), None);
    assert!(vault.get(&now("prod")).expect("fine").is_some());
}

#[test]
fn an_owner_cannot_name_a_file_elsewhere() {
    assert_eq!(EntryName::new("../../etc/x", "d", "p").as_str(), ".._.._etc_x~d.p");
}

#[test]
fn a_passphrase_that_others_may_read_is_refused() {
    let place = Place::new();
    let context = place.context();
    let file = place.folder.path().join("passphrase");
    for mode in [0o640, 0o604, 0o622] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("opened");
        let error = Vault::open(&context, &place.settings).err().expect("refused");
        assert!(error.sentence().contains("others may read or write"), "{error}");
        assert_eq!(error.hints(), [format!("run: chmod 600 {}", file.display())]);
    }
}

#[test]
fn a_folder_in_the_place_of_the_header_can_be_forgotten() {
    let place = Place::new();
    let context = place.context();
    let header = header_file(&folder(&context));
    fs::create_dir_all(header.join("more")).expect("made");
    let error = Vault::open(&context, &place.settings).err().expect("no vault");
    assert!(error.hints().iter().any(|hint| hint.contains("leapp vault reset")), "{error}");
    reset(&context).expect("forgotten");
    Vault::open(&context, &place.settings).expect("made anew");
}
