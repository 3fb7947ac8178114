//! The vault's own page: its id, and where its master key rests. Nothing in it is secret.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

use super::{RESET, passphrase::Wrapped};
use crate::{
    error::{Error, Result},
    files::{self, Durability},
    owner,
};

/// The largest header that is read, in bytes; a real one has under 500.
const MAX_BYTES: u64 = 16 << 10;

/// What a vault says of itself in `vault/vault.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    version: u32,
    /// 128 random bits in hexadecimal: the name of the vault's key in every keyring.
    pub(super) id: String,
    /// Where the master key rests.
    pub(super) key: KeyPlace,
    /// A sealed nothing, by which a wrong master key is told from a broken file.
    check: String,
}

/// Where the master key rests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyPlace {
    /// In the OS keyring, under the vault's id.
    Keyring,
    /// Here, wrapped by a key stretched from a passphrase.
    Passphrase(Wrapped),
}

impl Header {
    pub(super) fn new(id: String, key: KeyPlace, check: &[u8]) -> Self {
        Self { version: 1, id, key, check: STANDARD.encode(check) }
    }

    /// The header of the vault in this folder; none where there is no vault.
    pub(super) fn read(file: &Path) -> Result<Option<Self>> {
        let broken = |why: String| {
            Error::new(format!("cannot read the vault's header {}", file.display())).because(why).hint(RESET)
        };
        let read = files::read_bounded_with_metadata(file, MAX_BYTES).map_err(|error| broken(error.to_string()))?;
        let Some((bytes, metadata)) = read else { return Ok(None) };
        owner::check(&metadata, "it").map_err(|distrust| {
            let path = shell_words::quote(&file.to_string_lossy()).into_owned();
            let error = Error::new(format!("cannot use the vault's header {path}")).because(&distrust.why);
            error.hint(distrust.hint(&path, RESET))
        })?;
        let header: Self =
            serde_json::from_slice(&bytes).map_err(|_| broken("it is damaged or not a vault's".into()))?;
        if header.version != 1 {
            return Err(broken(format!("version {} is newer than this leapp knows", header.version)));
        }
        if header.id.len() != 32 || !header.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(broken("its id is not one".into()));
        }
        Ok(Some(header))
    }

    /// Keeps the header. It outlives a power cut: without it nothing in the vault opens.
    pub(super) fn write(&self, file: &Path) -> std::io::Result<()> {
        let bytes = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        files::replace(file, &bytes, Durability::Synced)
    }

    /// The sealed nothing.
    pub(super) fn check(&self) -> Vec<u8> {
        STANDARD.decode(&self.check).unwrap_or_default()
    }
}
