//! What processes that serve one database tell each other: that something has changed, for live pages, and that the loop has
//! work, for the one that runs it.
//!
//! A notice carries no truth. One that is lost costs time: the loop ticks by itself, and pages are told to read everything
//! again.

use std::sync::{Mutex, PoisonError};

use domain::event::EventNoun;
use domain::id::{PoolId, UserId};
use serde::{Deserialize, Serialize};
use store::Notices;
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::plane::ControlPlane;
use crate::reconciler::observe;

/// Changes in one notice, which Postgres bounds to 8,000 bytes; each is less than 220.
const IN_ONE: usize = 35;
/// With more than this to tell, the others are told to read everything again.
const AT_ONCE: usize = 350;

/// Something that has changed, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    pub(crate) noun: EventNoun,
    pub(crate) id: String,
    pub(crate) pool: Option<PoolId>,
    pub(crate) user: Option<UserId>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Notice {
    /// The process that tells.
    from: String,
    /// The loop has work.
    wake: bool,
    /// More has changed than can be told.
    everything: bool,
    changes: Vec<Change>,
}

/// What is to be told to the other processes.
#[derive(Default)]
pub(crate) struct Outbox {
    pending: Mutex<Notice>,
    filled: Notify,
}

impl Outbox {
    pub(crate) fn wake(&self) {
        self.add(|pending| pending.wake = true);
    }

    pub(crate) fn change(&self, change: Change) {
        self.add(|pending| {
            if pending.changes.len() < AT_ONCE {
                pending.changes.push(change);
            } else {
                pending.everything = true;
            }
        });
    }

    fn add(&self, add: impl FnOnce(&mut Notice)) {
        add(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        self.filled.notify_one();
    }

    fn take(&self) -> Notice {
        std::mem::take(&mut self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Waits until there is something to tell the other processes.
pub async fn has_news(plane: &ControlPlane) {
    plane.inner().outbox.filled.notified().await;
}

/// Tells the other processes what has gathered.
pub async fn tell(plane: &ControlPlane) -> Result<()> {
    let outbox = &plane.inner().outbox;
    let told = send(plane, outbox.take()).await;
    if told.is_err() {
        outbox.add(|pending| {
            pending.wake = true;
            pending.everything = true;
        });
    }
    told
}

async fn send(plane: &ControlPlane, mut notice: Notice) -> Result<()> {
    let mut rest = std::mem::take(&mut notice.changes);
    if notice.everything {
        rest.clear();
    }
    loop {
        let after = rest.split_off(rest.len().min(IN_ONE));
        let part = Notice {
            from: plane.inner().parts.holder.clone(),
            changes: rest,
            ..notice
        };
        let text = serde_json::to_string(&part).map_err(|error| Error::Fault(error.to_string()))?;
        plane.store().notice_send(&text).await?;
        if after.is_empty() {
            return Ok(());
        }
        rest = after;
        // Said once.
        (notice.wake, notice.everything) = (false, false);
    }
}

/// Begins to hear what other processes tell; none where there can be no other. Whatever was told before is not heard, so
/// pages read everything again and the loop looks.
pub async fn listen(plane: &ControlPlane) -> Result<Option<Notices>> {
    let notices = plane.store().notices().await?;
    if notices.is_some() {
        plane.inner().events.gap();
        plane.wake_here();
    }
    Ok(notices)
}

/// Takes in what a process has told. What cannot be read is of another version: then everything may have changed.
pub fn hear(plane: &ControlPlane, text: &str) {
    let notice = serde_json::from_str(text).unwrap_or(Notice {
        wake: true,
        everything: true,
        ..Notice::default()
    });
    if notice.from == plane.inner().parts.holder {
        return;
    }
    if notice.everything {
        plane.inner().events.gap();
    }
    for change in notice.changes {
        plane.changed_here(change);
    }
    if notice.wake {
        plane.wake_here();
    }
}

/// Whether others are to be told of a wake: the loop that it is for may run in another process.
pub(crate) fn loop_is_elsewhere(plane: &ControlPlane) -> bool {
    plane.store().is_shared() && observe::lock(plane).lease.is_none()
}
