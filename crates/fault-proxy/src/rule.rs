//! What goes wrong, and when: the words of the control API.

use serde::{Deserialize, Serialize};

use crate::call::Call;

/// Calls that go wrong, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The call (`RunInstances`); none for every call.
    #[serde(default)]
    pub action: Option<String>,
    /// Only calls that hold this parameter, such as `NextToken` for all pages but the first.
    #[serde(default)]
    pub only_with: Option<String>,
    /// So many calls that fit are left alone first.
    #[serde(default)]
    pub skip: u32,
    /// So many calls that fit go wrong.
    #[serde(default = "one")]
    pub count: u32,
    /// What happens to them.
    pub fault: Fault,
}

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// It is refused with EC2's error body and is not forwarded.
    Error {
        /// EC2's word (`InsufficientInstanceCapacity`).
        code: String,
        /// What `Retry-After` says.
        #[serde(default)]
        retry_after_secs: Option<u32>,
    },
    /// It is forwarded after a while.
    Delay {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// It is never forwarded and never answered, until the caller leaves.
    Hang,
    /// It is forwarded and has its effect, and is never answered, until the caller leaves.
    HangAfter,
    /// The connection ends before the call is forwarded.
    DropBefore,
    /// The call is forwarded and has its effect; then the connection ends without an answer.
    DropAfter,
    /// The call is forwarded, and its answer breaks off half-way.
    Truncated,
    /// The instance that the call makes comes to nothing, as for want of capacity.
    FailsLater {
        /// What becomes of it.
        state: DeadState,
        /// How long after the answer, in milliseconds; with 0 it has failed before the answer arrives.
        #[serde(default)]
        after_millis: u64,
    },
    /// The instance that the call makes is missing from lists for a while.
    ListedLate {
        /// How long, in milliseconds.
        millis: u64,
    },
    /// A list ends after this page, though there is more, and does not say so.
    PageMissing,
}

/// What becomes of an instance that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadState {
    /// It ends by itself.
    Terminated,
    /// It stops, and costs money for its disk still.
    Stopped,
}

impl Rule {
    /// The next `count` calls of `action` have `fault`.
    pub fn new(action: &str, count: u32, fault: Fault) -> Self {
        Self {
            action: Some(action.to_owned()),
            only_with: None,
            skip: 0,
            count,
            fault,
        }
    }

    /// Whether it is about this call.
    pub(crate) fn fits(&self, call: &Call) -> bool {
        let is_action = self.action.as_deref().is_none_or(|it| it == call.action());
        let has_parameter = self.only_with.as_deref().is_none_or(|key| call.has(key));
        is_action && has_parameter
    }
}

impl Fault {
    /// A refusal with EC2's word.
    pub fn error(code: &str) -> Self {
        Self::Error {
            code: code.to_owned(),
            retry_after_secs: None,
        }
    }

    /// Its word in totals.
    pub fn word(&self) -> &str {
        match self {
            Self::Error { code, .. } => code,
            Self::Delay { .. } => "delay",
            Self::Hang => "hang",
            Self::HangAfter => "hang_after",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::Truncated => "truncated",
            Self::FailsLater { .. } => "fails_later",
            Self::ListedLate { .. } => "listed_late",
            Self::PageMissing => "page_missing",
        }
    }

    /// Whether it can only happen to a call that makes an instance: EC2 answers the repeat of a call that has worked from
    /// memory, and never finds no room for what is there.
    pub(crate) fn is_of_new_machine(&self) -> bool {
        match self {
            Self::Error { code, .. } => {
                ["Capacity", "LimitExceeded"]
                    .iter()
                    .any(|part| code.contains(part))
                    && code != "RequestLimitExceeded"
            }
            Self::FailsLater { .. } | Self::ListedLate { .. } => true,
            _ => false,
        }
    }
}

const fn one() -> u32 {
    1
}
