//! Who can sign? The keys that the make-believe AWS knows; they are those of AWS's own examples.

use crate::sign::Credentials;

/// A key that AWS knows.
#[derive(Debug)]
pub(in crate::lab) struct AccessKey {
    pub(in crate::lab) id: &'static str,
    pub(in crate::lab) secret: &'static str,
    pub(in crate::lab) token: Option<&'static str>,
    /// Whose it is; AWS shows all but four digits of the account as stars.
    pub(in crate::lab) arn: &'static str,
    /// Whether its session has ended.
    pub(in crate::lab) ended: bool,
    /// Whether the holder's own policies allow the call.
    pub(in crate::lab) may_invoke: bool,
}

impl AccessKey {
    /// The session of the role in account A.
    pub(super) fn of_role() -> Self {
        Self {
            id: "ASIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            token: Some("AQoDYXdzEJr1K9YyUtY5EXAMPLEtOkEn=="),
            arn: ROLE,
            ended: false,
            may_invoke: true,
        }
    }

    /// What its holder signs with.
    pub(in crate::lab) fn credentials(&self) -> Credentials {
        Credentials {
            access_key_id: self.id.to_owned(),
            secret_access_key: self.secret.to_owned(),
            session_token: self.token.map(str::to_owned),
            expires: None,
        }
    }
}

/// The role in account A, as refusals name it.
pub(in crate::lab) const ROLE: &str = "arn:aws:sts::********2222:assumed-role/probe/apigw-probe";
