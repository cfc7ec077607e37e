//! Typed ids: a [`UserId`] cannot be passed where a [`PoolId`] is due.
//!
//! An id is a version 7 UUID. People, REST and logs see it with a prefix (`pool_0198…`); the database and the start-up
//! script tag `{server_id}` hold the bare UUID ([`ServerId::bare`]).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::clock::{Clock, Entropy};
use crate::timestamp::Timestamp;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id of this kind: expected `{prefix}_` and a UUID")]
pub struct InvalidId {
    /// The text that was refused.
    pub text: String,
    /// The prefix that ids of the wanted kind carry.
    pub prefix: &'static str,
}

/// A new version 7 UUID from the clock's time and 74 random bits.
pub fn new_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Whether a text is an id of some kind, with its prefix.
pub fn is_id(text: &str) -> bool {
    text.split_once('_').is_some_and(|(prefix, uuid)| {
        let is_prefix = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_lower = !uuid.bytes().any(|byte| byte.is_ascii_uppercase());
        is_prefix && is_lower && uuid.len() == 36 && Uuid::try_parse(uuid).is_ok()
    })
}

macro_rules! typed_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form of this kind of id begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that is known to name a thing of this kind.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// A new id, ordered by the time of its making.
            pub fn new(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(new_uuid(clock, entropy))
            }

            /// The UUID.
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// When it was made, if its UUID tells that.
            pub fn made_at(self) -> Option<Timestamp> {
                let (secs, nanos) = self.0.get_timestamp()?.to_unix();
                let millis = i64::try_from(secs).ok()?.checked_mul(1000)?;
                Some(Timestamp::from_millis(millis).plus_millis(i64::from(nanos / 1_000_000)))
            }

            /// The UUID as text without the prefix, as the database and start-up scripts hold it.
            pub fn bare(self) -> String {
                self.0.hyphenated().to_string()
            }

            /// Reads the form that [`Self::bare`] writes.
            pub fn from_bare(text: &str) -> Result<Self, InvalidId> {
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 => Ok(Self(uuid)),
                    _ => Err(InvalidId { text: text.to_owned(), prefix: $prefix }),
                }
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let pattern = concat!("^", $prefix, "_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$");
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(pattern))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(|bare| Self::from_bare(bare).ok())
                    .ok_or_else(|| InvalidId { text: text.chars().take(80).collect(), prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}

typed_ids! {
    /// A pool.
    PoolId = "pool";
    /// A deployment zone.
    ZoneId = "zone";
    /// A provider config.
    ProviderId = "prov";
    /// An autoscale config.
    ConfigId = "cfg";
    /// A server. One create intent belongs to one server, so this is the intent's id too.
    ServerId = "srv";
    /// A session.
    SessionId = "ses";
    /// A person.
    UserId = "usr";
    /// An API key.
    ApiKeyId = "key";
    /// A person's SSH public key.
    SshKeyId = "ssh";
    /// An LDAP config.
    LdapConfigId = "ldap";
    /// A half-filled form kept for its author.
    DraftId = "drf";
    /// A recorded decision of the loop.
    DecisionId = "dec";
    /// An entry of the audit log.
    AuditId = "aud";
    /// Something that exists at a provider or in the database only.
    OrphanId = "orph";
    /// This installation: its database and everything it has made.
    DeploymentId = "dep";
    /// One life of this installation. A copy that goes its own way gets a new one, so that it and the original tell their
    /// machines apart.
    GenerationId = "gen";
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "01980000-0000-7000-8000-000000000001";

    #[test]
    fn the_prefix_is_part_of_the_text_and_not_of_the_bare_form() {
        let id: PoolId = format!("pool_{UUID}").parse().expect("a pool id");
        assert_eq!(id.bare(), UUID);
        assert_eq!(id.to_string(), format!("pool_{UUID}"));
        assert_eq!(PoolId::from_bare(UUID), Ok(id));
    }

    #[test]
    fn an_id_tells_when_it_was_made() {
        let id = PoolId::from_bare("01980000-0123-7000-8000-000000000001").expect("an id");
        let made_at = Timestamp::from_millis(0x0198_0000_0123);
        assert_eq!(id.made_at(), Some(made_at));
        assert_eq!(PoolId::from_uuid(Uuid::nil()).made_at(), None);
    }

    #[test]
    fn an_id_of_another_kind_or_form_is_refused() {
        for text in [
            format!("zone_{UUID}"),
            UUID.to_owned(),
            "pool_".into(),
            format!("pool_{}", UUID.replace('-', "")),
        ] {
            assert!(text.parse::<PoolId>().is_err(), "{text}");
        }
    }
}
