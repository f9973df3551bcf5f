//! Which words are forever? Enums whose variants have one machine name, the same in code, JSON, metrics and documentation.

/// Defines an enum whose variants carry a stable machine name: `name()`, `meaning()`, `ALL`, `Display`, `FromStr`, serde and JSON Schema agree on it.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $Type:ident { $($(#[doc = $doc:literal])* $Variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        pub enum $Type { $($(#[doc = $doc])* #[serde(rename = $name)] $Variant,)+ }

        impl $Type {
            /// Every variant, in the order of its definition.
            pub const ALL: &[Self] = &[$(Self::$Variant,)+];

            /// The machine name: kebab-case, never changed once released.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $name,)+ }
            }

            /// What it means, in the words of its definition.
            #[allow(dead_code, reason = "not every list is explained")]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$Variant => concat!($($doc),*).trim_start(),)+ }
            }
        }

        impl std::fmt::Display for $Type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $Type {
            type Err = crate::named::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or_else(|| crate::named::UnknownName {
                    given: text.chars().take(80).collect(),
                    known: Self::ALL.iter().map(|one| one.name()).collect(),
                })
            }
        }
    };
}
pub(crate) use named;

/// A word that is none of the machine names of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is none of: {}", known.join(", "))]
pub struct UnknownName {
    /// What was given, cut to 80 characters.
    pub given: String,
    /// What would have been right.
    pub known: Vec<&'static str>,
}
