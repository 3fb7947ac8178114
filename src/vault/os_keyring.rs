//! The master key in the operating system's keyring.
//!
//! On Linux that is the Secret Service over the session bus. Its library is used without its encrypted sessions: the
//! bus is a socket of the person's own, a Diffie-Hellman exchange costs 6.5 ms where a plain session costs 2, and who
//! could read that socket could as well ask the service. Elsewhere the `keyring` crate knows the system's store.

use crate::{context::Context, vault::sealed::SealingKey};

/// Why the keyring gives nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There is no keyring in this place.
    Absent(String),
    /// There is one, and it stays locked.
    Locked,
    /// It answers with something else.
    Failed(String),
}

#[cfg(target_os = "linux")]
mod store {
    use std::{collections::HashMap, os::unix::fs::FileTypeExt as _, path::Path, sync::mpsc, thread, time::Duration};

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use dbus_secret_service::{EncryptionType, Error, SecretService};
    use zeroize::Zeroizing;

    use super::{Context, SealingKey, Trouble};
    use crate::context::Attention;

    /// How long the system's own prompt may stay open, in seconds.
    const PROMPT_SECONDS: u64 = 120;
    const TYPE: &str = "text/plain";

    impl From<Error> for Trouble {
        fn from(error: Error) -> Self {
            match error {
                Error::Locked | Error::Prompt => Self::Locked,
                Error::Unavailable => Self::Absent("no Secret Service answers on the session bus".into()),
                Error::NoResult => Self::Absent("the Secret Service has no keyring to keep anything in".into()),
                Error::Dbus(error) => {
                    Self::of_bus(error.name().unwrap_or_default(), error.message().unwrap_or_default())
                }
                other => Self::Failed(other.to_string()),
            }
        }
    }

    impl Trouble {
        fn of_bus(name: &str, message: &str) -> Self {
            let last = name.rsplit('.').next().unwrap_or_default();
            match last {
                "IsLocked" => Self::Locked,
                "ServiceUnknown" | "NoServer" | "FileNotFound" | "NoReply" | "Disconnected" => {
                    Self::Absent("no Secret Service answers on the session bus".into())
                }
                _ if name.contains(".Spawn.") => Self::Absent("the Secret Service does not start".into()),
                _ => Self::Failed(message.to_owned()),
            }
        }
    }

    /// How long the bus and the service may take to answer at all, beside a prompt.
    const ANSWER: Duration = Duration::from_secs(5);

    /// Does something with the service, in a thread: neither the bus nor libdbus bound the time that a connection may
    /// take. The bus must be there already: it is never started from here.
    fn with_service<T: Send + 'static>(
        context: &Context,
        work: impl FnOnce(&SecretService) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        if !bus_is_there(context) {
            return Err(Trouble::Absent("there is no session bus".into()));
        }
        let (connected, is_connected) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        thread::spawn(move || {
            let service = SecretService::connect_with_max_prompt_timeout(EncryptionType::Plain, PROMPT_SECONDS);
            // Where nobody listens any more, the time was over.
            let _ = connected.send(());
            let _ = done.send(service.map_err(Trouble::from).and_then(|service| work(&service)));
        });
        let silent = |_| Trouble::Failed("nothing, though it takes connections".into());
        is_connected.recv_timeout(context.bounded(ANSWER)).map_err(silent)?;
        is_done.recv_timeout(context.bounded(Duration::from_secs(PROMPT_SECONDS) + ANSWER)).map_err(silent)?
    }

    /// Without an address libdbus would start a bus of its own (`autolaunch:`) and leave it running. Over anything but
    /// a socket of this machine, the key would be for others to read.
    fn bus_is_there(context: &Context) -> bool {
        match context.var("DBUS_SESSION_BUS_ADDRESS") {
            Some(address) => address.split(';').all(|address| address.starts_with("unix:")),
            None => context.var("XDG_RUNTIME_DIR").is_some_and(|folder| {
                Path::new(folder).join("bus").metadata().is_ok_and(|metadata| metadata.file_type().is_socket())
            }),
        }
    }

    fn attributes(id: &str) -> HashMap<&str, &str> {
        HashMap::from([("application", "leapp"), ("vault", id)])
    }

    pub(in crate::vault) fn get(context: &Context, id: &str) -> Result<Option<SealingKey>, Trouble> {
        let (id, may_prompt) = (id.to_owned(), context.attention() == Attention::Person);
        with_service(context, move |service| {
            let found = service.search_items(attributes(&id))?;
            let item = match (found.unlocked.first(), found.locked.first()) {
                (Some(item), _) => item,
                (None, Some(_)) if !may_prompt => return Err(Trouble::Locked),
                (None, Some(item)) => {
                    item.unlock()?;
                    item
                }
                (None, None) => return Ok(None),
            };
            let text = Zeroizing::new(item.get_secret()?);
            let bytes = Zeroizing::new(STANDARD.decode(&*text).unwrap_or_default());
            Ok(bytes.as_slice().try_into().ok().map(Zeroizing::new))
        })
    }

    pub(in crate::vault) fn set(context: &Context, id: &str, master: &SealingKey) -> Result<(), Trouble> {
        let (id, text) = (id.to_owned(), Zeroizing::new(STANDARD.encode(master.as_slice())));
        let may_prompt = context.attention() == Attention::Person;
        with_service(context, move |service| {
            let collection = service.get_any_collection()?;
            if collection.is_locked()? {
                if !may_prompt {
                    return Err(Trouble::Locked);
                }
                collection.unlock()?;
            }
            collection.create_item("leapp vault key", attributes(&id), text.as_bytes(), true, TYPE)?;
            Ok(())
        })
    }

    pub(in crate::vault) fn delete(context: &Context, id: &str) -> Result<(), Trouble> {
        let id = id.to_owned();
        with_service(context, move |service| {
            let found = service.search_items(attributes(&id))?;
            for item in found.unlocked.iter().chain(&found.locked) {
                item.delete()?;
            }
            Ok(())
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod store {
    use keyring::{Entry, Error};
    use zeroize::Zeroizing;

    use super::{Context, SealingKey, Trouble};

    impl From<Error> for Trouble {
        fn from(error: Error) -> Self {
            match error {
                Error::NoStorageAccess(_) => Self::Locked,
                other => Self::Failed(other.to_string()),
            }
        }
    }

    pub(in crate::vault) fn get(_: &Context, id: &str) -> Result<Option<SealingKey>, Trouble> {
        match Entry::new("leapp", id)?.get_secret() {
            Ok(secret) => Ok(Zeroizing::new(secret).as_slice().try_into().ok().map(Zeroizing::new)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(in crate::vault) fn set(_: &Context, id: &str, master: &SealingKey) -> Result<(), Trouble> {
        Ok(Entry::new("leapp", id)?.set_secret(master.as_slice())?)
    }

    pub(in crate::vault) fn delete(_: &Context, id: &str) -> Result<(), Trouble> {
        match Entry::new("leapp", id)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The master key of this vault; none where the keyring has no such item.
pub(super) fn get(context: &Context, id: &str) -> Result<Option<SealingKey>, Trouble> {
    store::get(context, id)
}

/// Keeps the master key of this vault.
pub(super) fn set(context: &Context, id: &str, master: &SealingKey) -> Result<(), Trouble> {
    store::set(context, id, master)
}

/// Forgets the master key of this vault.
pub(super) fn delete(context: &Context, id: &str) -> Result<(), Trouble> {
    store::delete(context, id)
}
