//! EC2's memory of client tokens: the same call gives the first answer again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::answer::Refusal;
use crate::call::Call;

/// What a token was used for.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    call: Call,
    answer: Bytes,
    /// The instance that was made.
    pub(crate) machine: String,
}

/// One token's place. Whoever holds it makes the call; a second call with the token waits.
pub(crate) type Slot = Arc<tokio::sync::Mutex<Option<Remembered>>>;

/// The tokens of one proxy.
#[derive(Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Slot>>);

impl Memory {
    /// The place of this token.
    pub(crate) fn slot(&self, token: &str) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(token.to_owned()).or_default())
    }
}

impl Remembered {
    pub(crate) const fn new(call: Call, answer: Bytes, machine: String) -> Self {
        Self {
            call,
            answer,
            machine,
        }
    }

    /// What EC2 answers to a call with the same token; `is_alive`: whether the instance is not terminated.
    pub(crate) fn repeat(&self, call: &Call, is_alive: bool) -> Result<Bytes, Refusal> {
        if self.call != *call {
            return Err(Refusal::new(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            ));
        }
        if !is_alive {
            return Err(Refusal::new(
                "IdempotentInstanceTerminated",
                "The instance that was launched with this client token has been terminated.",
            ));
        }
        Ok(self.answer.clone())
    }
}
