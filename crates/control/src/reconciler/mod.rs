//! The loop: observe, plan, commit; effects are values that somebody else runs, outcomes come back one by one.
//!
//! A tick takes no input (`docs/architecture.md`, the laws): after a wake, a timer or a restart the same work is
//! done. What only the process knows (calls under way, the last lists) is in [`observe`]; losing it costs time, never
//! truth.

mod commit;
mod effect;
mod intent;
pub(crate) mod observe;
mod orphan;
mod outcome;

use domain::timestamp::Timestamp;
use store::{Fence, StoreError};

pub use effect::{Effect, Finished, Prober};
pub(crate) use intent::Credentials;
pub use outcome::record;

use crate::demo;
use crate::error::{Error, Result};
use crate::plane::ControlPlane;

/// What a tick leaves to do.
pub struct Tick {
    /// Calls to make, each in its own time; their outcomes go to [`record`].
    pub effects: Vec<Effect>,
    /// When to tick again even if nothing wakes the loop until then.
    pub next_at: Option<Timestamp>,
    /// What went wrong: the plan is carried out in part. A tick at once would meet the same again.
    pub faults: Vec<Error>,
}

/// One pass of the loop. Another process may hold the lease: then nothing is decided, and the next tick asks again.
pub async fn tick(plane: &ControlPlane) -> Result<Tick> {
    let _one_at_a_time = plane.inner().tick.lock().await;
    let Some(fence) = lease(plane).await? else {
        // Whoever has the lease sees more.
        let mut observed = observe::lock(plane);
        for memory in observed.providers.values_mut() {
            memory.findings.clear();
        }
        drop(observed);
        return Ok(Tick {
            effects: Vec::new(),
            next_at: Some(plane.now().plus_millis(plane.settings().lease_millis / 10)),
            faults: Vec::new(),
        });
    };
    let seen = observe::digest(plane).await?;
    let now = plane.now();
    let plan = scaling::plan(&seen.snapshot, now);
    let (effects, mut faults) = commit::commit(plane, fence, seen, &plan).await;
    if let Err(error) = demo::advance(plane, fence).await {
        faults.push(error);
    }
    Ok(Tick {
        effects,
        next_at: plan.next_at,
        faults,
    })
}

/// Gives the lease back, so that another process need not wait for its end. The last thing a process does.
pub async fn stop(plane: &ControlPlane) -> Result<()> {
    let _one_at_a_time = plane.inner().tick.lock().await;
    let held = observe::lock(plane).lease.take();
    if let Some((fence, _)) = held {
        plane
            .store()
            .lease_release(&plane.inner().parts.holder, fence)
            .await?;
    }
    Ok(())
}

/// Ends the lease of a holder that is known to have died, so that nobody waits for its end. Its late writes are refused as
/// those of any earlier holder.
pub async fn take_over(plane: &ControlPlane) -> Result<()> {
    Ok(plane.store().lease_end().await?)
}

/// The lease, taken or renewed in its second half.
async fn lease(plane: &ControlPlane) -> Result<Option<Fence>> {
    let (now, ttl) = (plane.now(), plane.settings().lease_millis);
    if let Some((fence, until)) = observe::lock(plane).lease
        && until.since(now) > ttl / 2
        && until.since(now) <= ttl
    {
        return Ok(Some(fence));
    }
    let fence = plane
        .store()
        .lease_take(&plane.inner().parts.holder, now, ttl)
        .await?;
    observe::lock(plane).hold(fence.map(|fence| (fence, now.plus_millis(ttl))));
    Ok(fence)
}

/// The fence of the lease this process holds.
pub(crate) fn fence(plane: &ControlPlane) -> Result<Fence> {
    observe::lock(plane)
        .lease
        .map(|(fence, _)| fence)
        .ok_or(Error::Store(StoreError::StaleFence))
}
