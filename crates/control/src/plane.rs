//! What every use case works with.

use std::sync::{Arc, Mutex};

use domain::actor::Actor;
use domain::clock::{Clock, Entropy};
use domain::event::{ChangeEvent, EventNoun};
use domain::id::{AuditId, DeploymentId, PoolId, ServerId, SessionId, UserId};
use domain::timestamp::Timestamp;
use providers::registry::Providers;
use store::{AuditEntry, Store};
use tokio::sync::Notify;

use crate::checkin::Pace;
use crate::checkin_token::CheckinTokens;
use crate::event::Events;
use crate::reconciler::observe::Observed;
use crate::replica::{self, Change, Outbox};
use crate::session::Gate;
use crate::settings::Settings;

/// The parts a control plane is built from.
pub struct Parts {
    /// The database.
    pub store: Store,
    /// This installation's id, in the tags of every machine.
    pub deployment: DeploymentId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub entropy: Arc<dyn Entropy>,
    /// Opens provider configs.
    pub providers: Arc<dyn Providers>,
    /// Signs and reads check-in tokens.
    pub tokens: CheckinTokens,
    /// Times and bounds.
    pub settings: Settings,
    /// A name for this process in the lease row, different for each start.
    pub holder: String,
}

/// The use cases' shared parts. Cheap to clone.
#[derive(Clone)]
pub struct ControlPlane(Arc<Inner>);

pub(crate) struct Inner {
    pub parts: Parts,
    pub wake: Notify,
    pub events: Events,
    pub outbox: Outbox,
    pub observed: Mutex<Observed>,
    pub tick: tokio::sync::Mutex<()>,
    pub gate: Gate,
    pub pace: Mutex<Pace>,
}

impl ControlPlane {
    /// Puts the parts together. Nothing runs yet.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            wake: Notify::new(),
            events: Events::new(),
            outbox: Outbox::default(),
            observed: Mutex::new(Observed::default()),
            tick: tokio::sync::Mutex::new(()),
            gate: Gate::default(),
            pace: Mutex::new(Pace::default()),
        }))
    }

    /// Asks for a tick. A wake carries no data; several become one.
    pub fn wake(&self) {
        self.wake_here();
        if replica::loop_is_elsewhere(self) {
            self.0.outbox.wake();
        }
    }

    /// The same, for the loop of this process alone.
    pub(crate) fn wake_here(&self) {
        self.0.wake.notify_one();
    }

    /// Waits for a wake.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// This installation's id.
    pub fn deployment(&self) -> DeploymentId {
        self.0.parts.deployment
    }

    /// The present time by Weir's clock.
    pub fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> crate::Result<()> {
        Ok(self.store().ping().await?)
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.parts.clock
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.parts.entropy
    }

    /// An entry of the audit log about `target`, now.
    pub(crate) fn audit(
        &self,
        actor: &Actor,
        action: &'static str,
        target: impl std::fmt::Display,
        detail: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(self.clock(), self.entropy()),
            at: self.now(),
            actor: actor.label(),
            action,
            target: target.to_string(),
            detail,
        }
    }

    /// Tells live pages that a server has changed, and with it the sessions that have ended.
    pub(crate) fn server_changed(
        &self,
        server: ServerId,
        pool: PoolId,
        ended: Vec<(SessionId, UserId)>,
    ) {
        self.changed(EventNoun::Server, server, Some(pool), None);
        for (session, owner) in ended {
            self.changed(EventNoun::Session, session, Some(pool), Some(owner));
        }
    }

    /// Tells live pages that something has changed.
    pub(crate) fn changed(
        &self,
        noun: EventNoun,
        id: impl std::fmt::Display,
        pool: Option<PoolId>,
        user: Option<UserId>,
    ) {
        let id = id.to_string();
        let change = Change {
            noun,
            id,
            pool,
            user,
        };
        if self.store().is_shared() {
            self.0.outbox.change(change.clone());
        }
        self.changed_here(change);
    }

    /// The same, to the pages of this process alone.
    pub(crate) fn changed_here(&self, change: Change) {
        self.0.events.send(|sequence| ChangeEvent {
            sequence,
            noun: change.noun,
            id: change.id,
            pool_id: change.pool,
            user_id: change.user,
        });
    }
}
