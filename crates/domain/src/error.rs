//! What goes wrong, as people and clients see it: a [`Problem`] (RFC 9457, `application/problem+json`).

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What is wrong with one field of a request or form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// JSON pointer to the field (`/connection_port`); empty for the whole body.
    pub pointer: String,
    /// Stable word for the kind of error (`required`, `out_of_bounds`, ...).
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Cow<'static, str>,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl FieldError {
    /// An error of the field with this key.
    pub fn new(key: &str, code: &'static str, message: impl Into<String>) -> Self {
        let pointer = if key.is_empty() {
            String::new()
        } else {
            format!("/{key}")
        };
        Self {
            pointer,
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }
}

macro_rules! problem_codes {
    ($($(#[doc = $about:literal])* $variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// The closed list of problems. A code never changes its meaning; clients match on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum ProblemCode { $($(#[doc = $about])* $variant,)* }

        impl ProblemCode {
            /// All codes, in the order of the manual.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it stands in `Problem::code`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status that carries it.
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// Its entry in the manual: when it is given.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),*).trim_ascii(),)* }
            }

            /// One line for people; the same for every problem of this code.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }
        }
    };
}

problem_codes! {
    /// The request cannot be read at all.
    BadRequest = "bad_request", 400, "The request cannot be read";
    /// No sign-in, or it has ended.
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    /// Signed in, but not allowed to do this.
    Forbidden = "forbidden", 403, "This needs another role";
    /// A cookie request from another site.
    CrossSite = "cross_site", 403, "The request comes from another site";
    /// No such thing, or it belongs to somebody else.
    NotFound = "not_found", 404, "Not found";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405, "This method is not allowed here";
    /// The thing is not in a state in which this can be done.
    Conflict = "conflict", 409, "Not possible in the present state";
    /// A delete of something that still has servers or is still referred to.
    InUse = "in_use", 409, "Still in use";
    /// No free seat, and nothing is coming that could give one.
    NoCapacityComing = "no_capacity_coming", 409, "No computer is free and none is coming";
    /// The person has as many sessions as allowed.
    SessionQuotaReached = "session_quota_reached", 409, "Session limit reached";
    /// Another request with the same idempotency key is still running.
    IdempotencyRunning = "idempotency_running", 409, "The same request is still running";
    /// The first request with the same idempotency key was never answered.
    IdempotencyCutOff = "idempotency_cut_off", 409, "The same request was cut off";
    /// The thing is gone for good.
    Gone = "gone", 410, "Gone";
    /// `If-Match` names a version that is no longer the newest.
    VersionMismatch = "version_mismatch", 412, "Changed by somebody else meanwhile";
    /// The body is larger than allowed.
    TooLarge = "too_large", 413, "The body is too large";
    /// The body is not JSON, or not said to be.
    UnsupportedMediaType = "unsupported_media_type", 415, "Send JSON";
    /// One or more fields are wrong.
    Invalid = "invalid", 422, "Some fields are wrong";
    /// The idempotency key was used with another body.
    IdempotencyMismatch = "idempotency_mismatch", 422, "The idempotency key belongs to another request";
    /// `If-Match` is missing.
    VersionRequired = "version_required", 428, "Say which version you change";
    /// Too many requests.
    TooManyRequests = "too_many_requests", 429, "Too fast";
    /// A fault of Weir.
    Internal = "internal", 500, "Weir has a fault";
    /// The database or a needed part is away.
    Unavailable = "unavailable", 503, "Weir cannot do this at the moment";
}

/// A refusal or fault as REST, server functions and pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Where the manual explains the code: `/docs/problems#<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// One line, the same for every problem of this code.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: ProblemCode,
    /// What happened here and what to do.
    pub detail: String,
    /// The wrong fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem with a sentence of its own.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/docs/problems#{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// One or more fields are wrong.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.message.clone(),
            many => format!("{} fields need another look.", many.len()),
        };
        Self {
            errors,
            ..Self::new(ProblemCode::Invalid, detail)
        }
    }

    /// There is no such thing (for this actor).
    pub fn not_found(noun: &str) -> Self {
        Self::new(ProblemCode::NotFound, format!("There is no such {noun}."))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.title, self.detail)
    }
}

impl std::error::Error for Problem {}
