//! A clock that was set back: what was issued before is from the future.

use time::OffsetDateTime;

use super::CREDENTIALS;
use crate::{
    context::Context,
    credentials::Credentials,
    generation,
    provider::assertion,
    vault::{EntryName, Vault},
};

/// Forgets all that came before the clock was set back, also what nobody looks at before it gets there again; of
/// responses, which serve for minutes, all.
pub(super) fn forget(context: &Context, vault: &Vault<'_>, now: OffsetDateTime) {
    let is_from_future = |entry: &EntryName| {
        let kept = vault.get(entry).ok().flatten().and_then(|bytes| Credentials::from_bytes(&bytes));
        kept.is_some_and(|kept| kept.is_from_future(now))
    };
    let credentials = vault.all_for(CREDENTIALS).into_iter().filter(is_from_future);
    for entry in credentials.chain(vault.all_for(assertion::PURPOSE)) {
        context.trace(|| format!("the clock was set back: forgetting {}", entry.as_str()));
        let _ = vault.remove(&entry);
    }
    generation::bump(context);
}
