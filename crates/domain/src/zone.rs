//! A deployment zone: where servers stand, and the address at which they reach Weir.

use serde::{Deserialize, Serialize};

use crate::id::ZoneId;
use crate::timestamp::Timestamp;

/// What an admin enters for a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ZoneInput {
    /// 1 to 63 characters, unique.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 63))]
    pub name: String,
    /// The host name or address, with a port if it is not 443, at which servers of this zone reach Weir
    /// (`{upstream_auth_address}` in start-up scripts).
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 260))]
    pub upstream_auth_address: String,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Zone {
    /// The id.
    pub id: ZoneId,
    /// What an admin entered.
    #[serde(flatten)]
    pub input: ZoneInput,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Counts up with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
}
