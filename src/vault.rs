//! Where secrets rest: small files sealed with one master key.
//!
//! A file's name and purpose are bound into its seal, so that none can be put in another's place. A file that does
//! not open is as good as none: what is kept here can be had again by signing in. The master key comes from the
//! kernel's keyring where it is at hand, else from where the vault's header says that it rests.

mod entry_name;
mod header;
mod kernel;
mod os_keyring;
mod passphrase;
mod sealed;

use std::{
    cell::OnceCell,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

pub use entry_name::EntryName;
use header::{Header, KeyPlace};
use os_keyring::Trouble;
use passphrase::Wrapped;
use sealed::SealingKey;
use zeroize::Zeroizing;

use crate::{
    config::{KeySource, VaultSettings},
    context::Context,
    error::{Error, Kind, Result},
    files::{self, Durability},
    lock::Lock,
    secret::Secret,
};

/// The largest sealed file that is read, in bytes: an assertion has at most 100,000.
const MAX_SEALED: u64 = 256 << 10;
/// No temporary credentials live longer than `GetSessionToken`'s 36 hours: a file older than that is stale.
const MAX_AGE: Duration = Duration::from_hours(36);
/// How long another process may take to make the vault, with a passphrase to choose or a keyring to unlock.
const LONGEST_CREATION: Duration = Duration::from_mins(5);
const CHECK: &str = "leapp vault: check";
/// What helps where nothing opens the vault any more.
pub(crate) const RESET: &str = "to begin with an empty vault, run: leapp vault reset";

/// What the config's other place for the key takes: a vault never moves its key.
const AND_RESET: &str = "and then, to begin with an empty vault that has a passphrase, run: leapp vault reset";

/// An open vault. Its key is fetched when it is first needed.
pub struct Vault<'a> {
    context: &'a Context,
    settings: &'a VaultSettings,
    folder: PathBuf,
    header: Header,
    key: OnceCell<SealingKey>,
}

impl<'a> Vault<'a> {
    /// The vault of this context, where there is one.
    ///
    /// # Errors
    /// Where its header cannot be read.
    pub fn find(context: &'a Context, settings: &'a VaultSettings) -> Result<Option<Self>> {
        let folder = folder(context);
        let Some(header) = Header::read(&header_file(&folder))? else { return Ok(None) };
        Ok(Some(Self { context, settings, folder, header, key: OnceCell::new() }))
    }

    /// The vault of this context, made if there is none, and unlocked.
    ///
    /// # Errors
    /// Where it can neither be made nor unlocked; [`Kind::NeedsPerson`] where only a person could.
    pub fn open(context: &'a Context, settings: &'a VaultSettings) -> Result<Self> {
        let vault = match Self::find(context, settings)? {
            Some(vault) => vault,
            None => Self::create(context, settings)?,
        };
        vault.key()?;
        Ok(vault)
    }

    /// Makes a vault: a key at random, kept where the settings say.
    fn create(context: &'a Context, settings: &'a VaultSettings) -> Result<Self> {
        let lock = Lock::take(context, "vault", "the vault is being made", LONGEST_CREATION)?;
        if let Some(vault) = Self::find(context, settings)? {
            return Ok(vault);
        }
        let folder = folder(context);
        let cannot = |error: io::Error| cannot_keep(&folder, &error);
        files::private_folder(&folder).map_err(cannot)?;
        let master: SealingKey = Zeroizing::new(sealed::random().map_err(cannot)?);
        let id = sealed::random_name().map_err(cannot)?;
        let place = Self::keep_key(context, settings, &id, &master)?;
        let check = sealed::seal(&master, CHECK, b"").map_err(cannot)?;
        let header = Header::new(id, place, &check);
        if let Err(error) = header.write(&header_file(&folder)) {
            let _ = os_keyring::delete(context, &header.id);
            return Err(cannot(error));
        }
        drop(lock);
        let vault = Self { context, settings, folder, header, key: OnceCell::from(master) };
        if let Some(key) = vault.key.get() {
            vault.hold(key);
        }
        Ok(vault)
    }

    /// Keeps a new master key. `auto` takes the OS keyring wherever one answers: a locked one is an error rather than
    /// a reason to choose another place.
    fn keep_key(context: &Context, settings: &VaultSettings, id: &str, master: &SealingKey) -> Result<KeyPlace> {
        if settings.key != KeySource::Passphrase {
            match os_keyring::set(context, id, master) {
                Ok(()) => return Ok(KeyPlace::Keyring),
                Err(Trouble::Absent(why)) if settings.key == KeySource::Auto => {
                    context.trace(|| format!("no OS keyring ({why}): the vault takes a passphrase"));
                }
                Err(trouble) => return Err(explain(&trouble, "cannot make the vault")),
            }
        }
        let passphrase = passphrase::from_file(context)?.map_or_else(|| passphrase::ask_new(context), Ok)?;
        Ok(KeyPlace::Passphrase(Wrapped::wrap(master, &passphrase)?))
    }

    /// The master key: from the kernel, else from where it rests.
    fn key(&self) -> Result<&SealingKey> {
        if let Some(key) = self.key.get() {
            return Ok(key);
        }
        let id = &self.header.id;
        let held = if self.settings.unlock_ttl.is_zero() { None } else { kernel::get(id) };
        let at_hand = held.or_else(|| self.context.found_key().get(id));
        let key = if let Some(key) = at_hand.filter(|key| self.is_mine(key)) {
            key
        } else {
            let key = self.fetch_key()?;
            self.hold(&key);
            key
        };
        Ok(self.key.get_or_init(|| key))
    }

    /// Holds the key for the next run, where the kernel does that; else for what is to come in this one.
    fn hold(&self, key: &SealingKey) {
        if !kernel::hold(&self.header.id, key, self.settings.unlock_ttl) {
            self.context.found_key().set(&self.header.id, key);
        }
    }

    /// Unlocks the vault.
    ///
    /// # Errors
    /// Where it stays locked; [`Kind::NeedsPerson`] where only a person could unlock it.
    pub(crate) fn unlock(&self) -> Result<()> {
        self.key().map(drop)
    }

    fn fetch_key(&self) -> Result<SealingKey> {
        self.settings_agree()?;
        let key = match &self.header.key {
            KeyPlace::Keyring => {
                self.context.trace(|| "asking the OS keyring for the vault's key".into());
                os_keyring::get(self.context, &self.header.id)
                    .map_err(|trouble| explain(&trouble, "cannot unlock the vault"))
                    .map_err(|error| if error.which() == Kind::NeedsPerson { error.hint(AND_RESET) } else { error })?
                    .ok_or_else(|| {
                        Error::new("cannot unlock the vault").because("its key is gone from the OS keyring").hint(RESET)
                    })?
            }
            KeyPlace::Passphrase(wrapped) => self.unwrap_key(wrapped)?,
        };
        if self.is_mine(&key) {
            return Ok(key);
        }
        Err(Error::new("cannot unlock the vault").because("its key is another vault's").hint(RESET))
    }

    /// Whether a key is the one that this vault was made with.
    fn is_mine(&self, key: &SealingKey) -> bool {
        sealed::open(key, CHECK, &self.header.check()).is_ok()
    }

    fn unwrap_key(&self, wrapped: &Wrapped) -> Result<SealingKey> {
        let wrong = || Error::new("cannot unlock the vault").because("the passphrase is wrong");
        if let Some(passphrase) = passphrase::from_file(self.context)? {
            return wrapped
                .unwrap(&passphrase)?
                .ok_or_else(|| wrong().hint("check the file that LEAPP_PASSPHRASE_FILE names").hint(RESET));
        }
        for _ in 0..3 {
            let passphrase: Secret = passphrase::ask(self.context)?;
            if let Some(key) = wrapped.unwrap(&passphrase)? {
                return Ok(key);
            }
            self.context.say("that is not the vault's passphrase");
        }
        Err(wrong().hint(RESET))
    }

    /// A vault never moves its key by itself: settings that ask for another place are an error.
    fn settings_agree(&self) -> Result<()> {
        let (is, wanted) = match (&self.header.key, self.settings.key) {
            (KeyPlace::Keyring, KeySource::Passphrase) => ("the OS keyring", "a passphrase"),
            (KeyPlace::Passphrase(_), KeySource::Keyring) => ("a passphrase", "the OS keyring"),
            _ => return Ok(()),
        };
        Err(Error::new("cannot unlock the vault")
            .because(format!("its key rests in {is}, and the config asks for {wanted}"))
            .hint(RESET))
    }

    /// What is sealed under a name; none where there is nothing, or nothing that opens.
    ///
    /// # Errors
    /// Where the vault cannot be unlocked.
    pub fn get(&self, name: &EntryName) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let path = self.folder.join(name.as_str());
        let sealed = match files::read_own(&path, MAX_SEALED) {
            Ok(Some(sealed)) => sealed,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.context.trace(|| format!("passing over {}: {error}", path.display()));
                return Ok(None);
            }
        };
        let plain = sealed::open(self.key()?, name.as_str(), &sealed).ok();
        if plain.is_none() {
            self.context.trace(|| format!("passing over {}: it is damaged, or another vault's", path.display()));
        }
        Ok(plain)
    }

    /// Everything that is sealed for a purpose.
    pub(crate) fn all_for(&self, purpose: &str) -> Vec<EntryName> {
        let names = entries(&self.folder).filter_map(|path| name_of(&path));
        names.filter(|name| name.purpose() == purpose).collect()
    }

    /// Seals bytes under a name.
    ///
    /// # Errors
    /// Where the vault cannot be unlocked, or the disk takes nothing.
    pub fn put(&self, name: &EntryName, plain: &[u8]) -> Result<()> {
        let key = self.key()?;
        sealed::seal(key, name.as_str(), plain)
            .and_then(|sealed| match sealed.len() as u64 {
                // What would never be read again.
                length if length > MAX_SEALED => Err(io::ErrorKind::FileTooLarge.into()),
                _ => Ok(sealed),
            })
            .and_then(|sealed| files::replace(&self.folder.join(name.as_str()), &sealed, Durability::Cached))
            .map_err(|error| cannot_keep(&self.folder, &error))?;
        self.sweep();
        Lock::sweep(self.context);
        kernel::limit(&self.header.id, self.settings.unlock_ttl);
        Ok(())
    }

    /// Forgets what is sealed under a name.
    ///
    /// # Errors
    /// Where the file cannot be removed.
    pub fn remove(&self, name: &EntryName) -> Result<()> {
        files::remove(&self.folder.join(name.as_str())).map_err(|error| cannot_keep(&self.folder, &error))
    }

    /// Removes files that are too old to hold anything that still lives.
    fn sweep(&self) {
        let is_stale = |path: &Path| {
            let age = fs::symlink_metadata(path).ok().and_then(|metadata| metadata.modified().ok()?.elapsed().ok());
            path != header_file(&self.folder) && age.is_some_and(|age| age > MAX_AGE)
        };
        for path in entries(&self.folder).filter(|path| is_stale(path)) {
            let _ = files::remove(&path);
        }
    }
}

/// Forgets what is sealed under the names that are meant; gives those, and why others stay. Needs no key.
pub(crate) fn forget(context: &Context, is_meant: impl Fn(&EntryName) -> bool) -> (Vec<EntryName>, Result<()>) {
    let (mut gone, mut trouble) = (Vec::new(), Ok(()));
    for path in entries(&folder(context)) {
        let Some(name) = name_of(&path).filter(&is_meant) else { continue };
        match files::remove(&path) {
            Ok(()) => gone.push(name),
            Err(error) => trouble = trouble.and(Err(cannot_remove(&path, &error))),
        }
    }
    (gone, trouble)
}

/// Forgets everything that is sealed. The vault itself stays: its header, and its key.
///
/// # Errors
/// Where a file cannot be removed.
pub(crate) fn empty(context: &Context) -> Result<()> {
    let folder = folder(context);
    remove_all(entries(&folder).filter(|path| *path != header_file(&folder)))
}

/// Forgets the vault: every sealed file, its key in every keyring, and last its header, which names that key.
///
/// # Errors
/// Where a file cannot be removed.
pub(crate) fn reset(context: &Context) -> Result<()> {
    let _lock = Lock::take(context, "vault", "reset the vault", LONGEST_CREATION)?;
    empty(context)?;
    let folder = folder(context);
    if let Ok(Some(header)) = Header::read(&header_file(&folder)) {
        kernel::drop_key(&header.id);
        if header.key == KeyPlace::Keyring
            && let Err(trouble) = os_keyring::delete(context, &header.id)
        {
            context.trace(|| format!("the key stays in the OS keyring, and opens nothing any more: {trouble:?}"));
        }
    }
    remove_all(entries(&folder))
}

/// Removes every one that can be removed; fails with why the first of the others cannot be.
fn remove_all(paths: impl Iterator<Item = PathBuf>) -> Result<()> {
    let mut trouble = Ok(());
    for path in paths {
        // Nothing of leapp's is a folder, but one in the header's place is among what keeps a vault from opening.
        if let Err(error) = if is_folder(&path) { fs::remove_dir_all(&path) } else { files::remove(&path) } {
            trouble = trouble.and(Err(cannot_remove(&path, &error)));
        }
    }
    trouble
}

fn is_folder(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// Has the kernel forget the unlocked key; whether it held one.
///
/// # Errors
/// Where the vault's header cannot be read.
pub fn lock(context: &Context) -> Result<bool> {
    let header = Header::read(&header_file(&folder(context)))?;
    Ok(header.is_some_and(|header| kernel::drop_key(&header.id)))
}

fn folder(context: &Context) -> PathBuf {
    context.paths().state.join("vault")
}

fn header_file(folder: &Path) -> PathBuf {
    folder.join("vault.json")
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn name_of(path: &Path) -> Option<EntryName> {
    EntryName::of_file(path.file_name()?.to_str()?)
}

fn cannot_remove(path: &Path, error: &io::Error) -> Error {
    Error::new(format!("cannot remove {}", path.display())).because(error)
}

fn cannot_keep(folder: &Path, error: &io::Error) -> Error {
    let error = Error::new(format!("cannot keep anything in {}", folder.display())).because(error);
    error.hint("make room there or make it writable, or keep nothing with: --no-cache").kind(Kind::NotKept)
}

fn explain(trouble: &Trouble, what: &str) -> Error {
    let error = Error::new(what);
    match trouble {
        Trouble::Absent(why) => error
            .because(why)
            .hint("start the OS keyring, or in the config: [vault] key = \"passphrase\"")
            .kind(Kind::NeedsPerson),
        Trouble::Locked => error
            .because("the OS keyring is locked")
            .hint("unlock it and try again, or in the config: [vault] key = \"passphrase\"")
            .kind(Kind::NeedsPerson),
        Trouble::Failed(why) => error.because(format!("the OS keyring answers: {why}")),
    }
}

#[cfg(test)]
mod tests;
