//! Pure: which sessions stand behind a session, from its base to itself.

use crate::session::{Alias, Session};

/// The longest chain; AWS bounds none, but a longer one is a mistake in the config.
pub const MAX_HOPS: usize = 16;

/// The way to a session's credentials: a base, and the roles assumed one from the other.
#[derive(Debug, PartialEq)]
pub struct Chain<'a> {
    /// The session that starts from nothing but the person.
    pub base: &'a Session,
    /// The chained sessions in the order in which they are assumed; the last is the session asked for.
    pub hops: Vec<&'a Session>,
}

/// Why there is no way to a session's credentials.
#[derive(Debug, PartialEq, Eq)]
pub enum Broken {
    /// A session names an assumer that is not there.
    Missing {
        /// The session that names it.
        session: Alias,
        /// The assumer that is not there.
        assumer: Alias,
    },
    /// Sessions that assume one another in a circle, in its order.
    Cycle(Vec<Alias>),
    /// More than [`MAX_HOPS`].
    TooLong,
}

impl<'a> Chain<'a> {
    /// The chain that ends at `session`, through the sessions that `find` knows.
    ///
    /// # Errors
    /// Where an assumer is missing, the chain is a circle, or it is longer than [`MAX_HOPS`].
    pub fn to(session: &'a Session, find: impl Fn(&Alias) -> Option<&'a Session>) -> Result<Self, Broken> {
        let mut hops: Vec<&Session> = Vec::new();
        let mut current = session;
        while let Some(assumer) = current.assumer() {
            if let Some(start) = hops.iter().position(|hop| hop.alias == current.alias) {
                return Err(Broken::Cycle(hops[start..].iter().map(|hop| hop.alias.clone()).collect()));
            }
            hops.push(current);
            current = find(assumer)
                .ok_or_else(|| Broken::Missing { session: current.alias.clone(), assumer: assumer.clone() })?;
        }
        if hops.len() > MAX_HOPS {
            return Err(Broken::TooLong);
        }
        hops.reverse();
        Ok(Self { base: current, hops })
    }

    /// The sessions of the chain from the base on.
    pub fn sessions(&self) -> impl Iterator<Item = &'a Session> {
        std::iter::once(self.base).chain(self.hops.iter().copied())
    }

    /// `corp → prod`, for messages.
    pub fn shown(&self) -> String {
        self.sessions().map(|session| session.alias.as_str()).collect::<Vec<_>>().join(" → ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Config;

    /// A config of chained sessions `(alias, assumer)` over the federated `base`.
    fn sessions(chained: &[(&str, &str)]) -> BTreeMap<Alias, Session> {
        let base = "[sessions.base]\nkind = \"federated\"\nsaml_url = \"https://idp.test/\"\n\
                    idp_arn = \"arn:aws:iam::111122223333:saml-provider/x\"\n\
                    role_arn = \"arn:aws:iam::111122223333:role/Admin\"\n";
        let valid = Config::parse("c", &format!("{base}[sessions.one]\nkind = \"chained\"\nassumer = \"base\"\nrole_arn = \"arn:aws:iam::111122223333:role/A\"\n"))
            .expect("valid");
        let mut sessions = valid.sessions;
        let template = sessions.remove(&Alias::parse("one").expect("alias")).expect("one");
        for (alias, assumer) in chained {
            let mut session = template.clone();
            session.alias = Alias::parse(alias).expect("alias");
            if let crate::session::Source::Chained(chained) = &mut session.source {
                chained.assumer = Alias::parse(assumer).expect("alias");
            }
            sessions.insert(session.alias.clone(), session);
        }
        sessions
    }

    fn chain_to(alias: &str, sessions: &BTreeMap<Alias, Session>) -> Result<String, Broken> {
        Chain::to(&sessions[&Alias::parse(alias).expect("alias")], |alias| sessions.get(alias))
            .map(|chain| chain.shown())
    }

    #[test]
    fn a_chain_runs_from_its_base_to_the_session() {
        let sessions = sessions(&[("c", "b"), ("b", "a"), ("a", "base")]);
        assert_eq!(chain_to("c", &sessions), Ok("base → a → b → c".into()));
        assert_eq!(chain_to("base", &sessions), Ok("base".into()));
    }

    #[test]
    fn circles_gaps_and_endless_chains_are_told_apart() {
        let circle = sessions(&[("a", "b"), ("b", "c"), ("c", "b")]);
        let aliases = ["b", "c"].map(|alias| Alias::parse(alias).expect("alias"));
        assert_eq!(chain_to("a", &circle), Err(Broken::Cycle(aliases.to_vec())));
        assert!(matches!(chain_to("a", &sessions(&[("a", "gone")])), Err(Broken::Missing { .. })));
        let names: Vec<String> = (0..=MAX_HOPS).map(|n| format!("s{n}")).collect();
        let mut long = vec![(names[0].as_str(), "base")];
        long.extend(names.windows(2).map(|pair| (pair[1].as_str(), pair[0].as_str())));
        assert_eq!(chain_to(&names[MAX_HOPS], &sessions(&long)), Err(Broken::TooLong));
        assert!(chain_to(&names[MAX_HOPS - 1], &sessions(&long)).is_ok());
    }
}
