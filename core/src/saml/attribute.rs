//! The attributes of AWS for which identity providers are set up, and how.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>

/// An attribute whose value AWS bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// Who the person will be in CloudTrail.
    RoleSessionName,
    /// How long the person may be at work in the console.
    SessionDuration,
    /// Who the person is, through all roles.
    SourceIdentity,
}

impl Attribute {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::RoleSessionName, Self::SessionDuration, Self::SourceIdentity];

    /// The end of its name.
    pub const fn short(self) -> &'static str {
        match self {
            Self::RoleSessionName => "RoleSessionName",
            Self::SessionDuration => "SessionDuration",
            Self::SourceIdentity => "SourceIdentity",
        }
    }

    /// What to set up where, so that AWS takes it.
    pub fn remedy(self) -> String {
        let bounds = match self {
            Self::RoleSessionName => "with 2 to 64 letters, digits and _+=,.@-",
            Self::SessionDuration => "as a number of seconds, 900 to 43200, or to leave it out",
            Self::SourceIdentity => {
                "with 2 to 64 letters, digits and _+=,.@- that do not start with aws:, or to leave it out"
            }
        };
        format!(
            "set the identity provider's application up to send `https://aws.amazon.com/SAML/Attributes/{}` {bounds}",
            self.short()
        )
    }
}
