//! `leapp status --watch`: how long each session still lasts, until Ctrl-C.

use std::{thread, time::Duration};

use time::OffsetDateTime;

use crate::{
    broker::{Broker, CREDENTIALS, Options},
    config::Config,
    config_file,
    context::{Attention, Context},
    credentials::Credentials,
    error::{Error, Kind, Result, escaped_lines},
    session::{Alias, span},
    vault::Vault,
};

const TICK: Duration = Duration::from_secs(1);
/// The cells of a bar.
const CELLS: usize = 20;

/// Prints a line per session, and again every second where a terminal shows them.
pub(super) fn run(context: &Context) -> Result<()> {
    unlock(context)?;
    let context = &context.clone().with_attention(Attention::Nobody, None);
    let mut shown = 0;
    loop {
        // Read anew each time: sessions come and go while it runs.
        let config = config_file::load(context)?;
        if config.sessions.is_empty() {
            return Err(
                Error::new(format!("{} has no session yet", config.name)).hint("run: leapp session add federated")
            );
        }
        let lines = lines(context, &config);
        if !context.is_terminal() {
            return context.print(&lines);
        }
        let up = if shown > 0 { format!("\u{1b}[{shown}A\u{1b}[J") } else { String::new() };
        // A long line is cut off: as two it would not be overwritten.
        context.print(&format!("{up}\u{1b}[?7l{lines}\u{1b}[?7h"))?;
        shown = lines.lines().count();
        thread::sleep(TICK);
    }
}

/// Has the person unlock the vault, once, where something in it is to be shown.
fn unlock(context: &Context) -> Result<()> {
    let config = config_file::load(context)?;
    let vault = Vault::find(context, &config.vault).ok().flatten();
    match vault.filter(|vault| !vault.all_for(CREDENTIALS).is_empty()).map_or(Ok(()), |vault| vault.unlock()) {
        Err(error) if matches!(error.which(), Kind::Interrupted | Kind::Cancelled) => Err(error),
        // Each line says why it stays locked.
        _ => Ok(()),
    }
}

fn lines(context: &Context, config: &Config) -> String {
    let width = config.sessions.keys().map(|alias| alias.as_str().len()).max().unwrap_or_default();
    let broker = Broker::new(context, config, Options::default());
    let shown = config.sessions.iter().map(|(alias, session)| match broker.kept(session) {
        Ok(kept) => line(alias, width, kept.as_ref(), context.now()),
        // One that cannot be read is no reason to be silent about the others.
        Err(error) => format!("{:<width$}  {}\n", alias.as_str(), escaped_lines(&error.sentence())),
    });
    shown.collect()
}

/// A session's name, a bar of what is left of its life, and that in words.
fn line(alias: &Alias, width: usize, kept: Option<&Credentials>, now: OffsetDateTime) -> String {
    let (filled, left) = match kept.map(|kept| (kept.time_left(now), kept.lifetime())) {
        None => (0, "signed out".to_owned()),
        Some((_, None)) => (CELLS, "does not end".to_owned()),
        Some((left, Some(lifetime))) => {
            let cells = (left.as_millis() * CELLS as u128).div_ceil(lifetime.as_millis().max(1));
            let filled = usize::try_from(cells).unwrap_or(CELLS).min(CELLS);
            (filled, format!("{} left", span(left)))
        }
    };
    let bar = "█".repeat(filled) + &"░".repeat(CELLS - filled);
    format!("{:<width$}  {bar}  {left}\n", alias.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_bar_shows_what_is_left() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).expect("a time");
        let credentials = |expiration| Credentials {
            access_key_id: "ASIA".into(),
            secret_access_key: Secret::new("s"),
            session_token: Some(Secret::new("t")),
            expiration,
            issued: at(0),
            arn: String::new(),
        };
        let alias = Alias::parse("dev").expect("an alias");
        let shown = |kept: Option<&Credentials>, now| line(&alias, 5, kept, at(now));
        let hour = credentials(Some(at(3600)));
        assert_eq!(shown(Some(&hour), 1800), format!("dev    {}{}  30m left\n", "█".repeat(10), "░".repeat(10)));
        assert_eq!(shown(Some(&hour), 3600), format!("dev    {}  0s left\n", "░".repeat(20)));
        assert_eq!(shown(Some(&credentials(None)), 0), format!("dev    {}  does not end\n", "█".repeat(20)));
        assert_eq!(shown(None, 0), format!("dev    {}  signed out\n", "░".repeat(20)));
    }
}
