//! A master key wrapped by a key that is stretched from a passphrase.

use std::os::unix::fs::MetadataExt as _;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    RESET,
    sealed::{self, KEY_BYTES, SealingKey},
};
use crate::{
    context::Context,
    error::{Error, Kind, Result},
    files,
    secret::Secret,
    ui::terminal::Terminal,
};

/// The wrapped master key, and how its passphrase is stretched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wrapped {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    key: String,
}

const PURPOSE: &str = "leapp vault: master key";
const SALT_BYTES: usize = 16;

/// Argon2id with 64 MiB, 3 passes, 4 lanes (RFC 9106, section 4, second recommended option).
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const LANES: u32 = 4;
/// Bounds of what a header may ask for, so that a forged one cannot take the machine's memory and time.
const MAX_MEMORY_KIB: u32 = 1 << 20;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 16;

/// The longest passphrase, in bytes.
const MAX_PASSPHRASE: u64 = 4096;

impl Wrapped {
    /// Wraps a master key.
    pub(super) fn wrap(master: &SealingKey, passphrase: &Secret) -> Result<Self> {
        let cannot = |error: std::io::Error| Error::new("cannot protect the vault's key").because(error);
        let salt: [u8; SALT_BYTES] = sealed::random().map_err(cannot)?;
        let mut wrapped = Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: STANDARD.encode(salt),
            key: String::new(),
        };
        let stretched = wrapped.stretch(passphrase)?;
        wrapped.key = STANDARD.encode(sealed::seal(&stretched, PURPOSE, master.as_slice()).map_err(cannot)?);
        Ok(wrapped)
    }

    /// Unwraps the master key; none where the passphrase is another one.
    pub(super) fn unwrap(&self, passphrase: &Secret) -> Result<Option<SealingKey>> {
        let stretched = self.stretch(passphrase)?;
        let sealed = STANDARD.decode(&self.key).unwrap_or_default();
        let Ok(plain) = sealed::open(&stretched, PURPOSE, &sealed) else { return Ok(None) };
        Ok(<[u8; KEY_BYTES]>::try_from(plain.as_slice()).ok().map(Zeroizing::new))
    }

    fn stretch(&self, passphrase: &Secret) -> Result<SealingKey> {
        let broken = || Error::new("cannot unlock the vault").because("its header is damaged").hint(RESET);
        if self.memory_kib > MAX_MEMORY_KIB || self.passes > MAX_PASSES || self.lanes > MAX_LANES {
            return Err(broken());
        }
        let salt = STANDARD.decode(&self.salt).ok().filter(|salt| salt.len() == SALT_BYTES).ok_or_else(broken)?;
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES)).map_err(|_| broken())?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, key.as_mut_slice())
            .map_err(|error| if error == argon2::Error::OutOfMemory { self.too_large() } else { broken() })?;
        Ok(key)
    }

    /// The error of too little memory. It is this process's own: one beside it may have more.
    fn too_large(&self) -> Error {
        let is_new = self.key.is_empty();
        let (what, whole) = if is_new { ("make", "") } else { ("unlock", "the vault is whole; ") };
        let size = self.memory_kib.div_ceil(1 << 10);
        Error::new(format!("cannot {what} the vault"))
            .because(format!("its passphrase takes {size} MiB of memory to check, and this process gets no more"))
            .hint(format!("{whole}give leapp more memory (the container's limit, ulimit -v), and try again"))
            .kind(Kind::NeedsPerson)
    }
}

/// The passphrase of `LEAPP_PASSPHRASE_FILE`: its text without the line end.
pub(super) fn from_file(context: &Context) -> Result<Option<Secret>> {
    let Some(path) = context.environment().get_os("LEAPP_PASSPHRASE_FILE") else { return Ok(None) };
    let cannot = |why: String| Error::new("cannot read LEAPP_PASSPHRASE_FILE").because(why);
    let (bytes, metadata) = files::read_bounded_with_metadata(path.as_ref(), MAX_PASSPHRASE)
        .map_err(|error| cannot(error.to_string()))?
        .ok_or_else(|| cannot(format!("there is no file {}", path.display())))?;
    let bytes = Zeroizing::new(bytes);
    // As ssh has it for keys: what others own (a container's mounted secrets) is theirs to protect.
    if metadata.uid() == nix::unistd::geteuid().as_raw() && metadata.mode() & 0o077 != 0 {
        return Err(cannot(format!("others may read or write {}", path.display()))
            .hint(format!("run: chmod 600 {}", shell_words::quote(&path.to_string_lossy()))));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| cannot("it is not text".into()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(cannot("the passphrase is empty".into()));
    }
    Ok(Some(Secret::new(text)))
}

/// Asks the person on the terminal.
pub(super) fn ask(context: &Context) -> Result<Secret> {
    let passphrase = terminal(context)?.ask_secret("Passphrase of leapp's vault: ")?;
    if passphrase.expose().is_empty() {
        return Err(Error::new("cannot unlock the vault").because("the passphrase is empty"));
    }
    Ok(passphrase)
}

/// Asks the person for a new passphrase, twice.
pub(super) fn ask_new(context: &Context) -> Result<Secret> {
    let terminal = terminal(context)?;
    terminal
        .say("A passphrase will protect leapp's vault: there is no OS keyring here, or the config asks for one.")?;
    let first = terminal.ask_secret("New passphrase: ")?;
    if first.expose().is_empty() {
        return Err(Error::new("cannot make the vault").because("the passphrase is empty"));
    }
    if terminal.ask_secret("Once more: ")? != first {
        return Err(Error::new("cannot make the vault").because("the two passphrases differ"));
    }
    Ok(first)
}

fn terminal(context: &Context) -> Result<Terminal> {
    Terminal::open(context).ok_or_else(|| {
        Error::new("cannot unlock the vault")
            .because("it needs a passphrase, and there is no terminal to ask on")
            .hint("put the passphrase into a file of mode 0600, and: export LEAPP_PASSPHRASE_FILE=/path/to/it")
            .kind(Kind::NeedsPerson)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_unwraps_with_its_passphrase_only() {
        let master = Zeroizing::new([7; KEY_BYTES]);
        let wrapped = Wrapped::wrap(&master, &Secret::new("correct horse")).expect("wrapped");
        assert_eq!(wrapped.unwrap(&Secret::new("correct horse")).expect("fine"), Some(master));
        assert_eq!(wrapped.unwrap(&Secret::new("wrong")).expect("fine"), None);
    }

    #[test]
    fn a_forged_header_cannot_take_all_memory_nor_all_time() {
        let forged = |memory_kib, passes, lanes, salt: &[u8]| {
            let wrapped = Wrapped { memory_kib, passes, lanes, salt: STANDARD.encode(salt), key: String::new() };
            wrapped.unwrap(&Secret::new("x")).is_err()
        };
        let salt = [0; SALT_BYTES];
        assert!(!forged(64, 1, 1, &salt));
        assert!(forged(u32::MAX, 1, 1, &salt) && forged(64, u32::MAX, 1, &salt) && forged(1 << 20, 1, 1 << 16, &salt));
        assert!(forged(64, 1, 1, &[0; 4]) && forged(64, 1, 1, &[0; 8192]));
    }
}
