//! What can go wrong at a provider. The variant chooses the reaction of the loop.

/// A failed call. Texts are the provider's own words, shortened, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider has no room of this kind at the moment.
    #[error("the provider has no capacity: {0}")]
    Capacity(String),
    /// The account may not have more.
    #[error("the account's quota is used up: {0}")]
    Quota(String),
    /// Too many calls.
    #[error("the provider asks for fewer calls")]
    Throttled {
        /// Seconds to wait, if it said so.
        retry_after_secs: Option<u32>,
    },
    /// The credentials are refused.
    #[error("the provider refuses the credentials: {0}")]
    Auth(String),
    /// A setting is wrong; trying again does not help.
    #[error("the provider refuses `{field}`: {text}")]
    Invalid {
        /// Which one, as far as known.
        field: String,
        /// In the provider's words.
        text: String,
    },
    /// What the call speaks of is not there.
    #[error("the provider does not know it: {0}")]
    NotFound(String),
    /// The name or the token of this call has been used with other parameters: something is not as Weir has stored it.
    #[error("the provider knows another machine under this name: {0}")]
    Conflict(String),
    /// The call certainly had no effect, for another reason (connection refused, a needed program is missing).
    #[error("the provider cannot be used: {0}")]
    Unavailable(String),
    /// Nobody knows whether the call had its effect (time-out, broken connection).
    #[error("the provider's answer was lost: {0}")]
    Unknown(String),
}
