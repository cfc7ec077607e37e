//! SQL for SQLite and Postgres, and the sealing of secrets at rest.
//!
//! Every method of [`Store`] is one whole transaction; methods that change something take the [`AuditEntry`] they
//! write with it, and those of the loop a [`Fence`]. The SQL is one text for both databases, but for the name of a set
//! (`set.rs`). Three habits carry it:
//!
//! - **Guard first.** A transaction that counts begins with an UPDATE of the row that it counts against
//!   (`guard = guard + 1`), or, for many rows, with a SELECT that holds them. On Postgres that is the lock, and the statements after it see what earlier holders have
//!   committed; on SQLite, where writers queue anyway, it costs nothing.
//! - **One order of locks:** lease, deployment, pools, providers, configs, users, servers, sessions, orphans; within a table by id. Where
//!   Postgres finds a deadlock all the same, the method says [`StoreError::StaleVersion`].
//! - **A refused write ends its transaction.** Nothing is caught and continued: the caller reads and plans again.

mod api_key;
mod audit;
mod audit_chain;
mod autoscale;
mod autoscale_version;
mod backup;
mod capacity;
mod db;
mod decision;
mod demo;
mod deployment;
mod draft;
mod error;
mod group;
mod home;
mod idempotency;
mod ldap_config;
mod lease;
mod login;
mod memory;
mod migrations;
mod notice;
mod orphan;
mod pool;
mod provider;
mod retention;
mod row;
mod seal;
mod secret;
mod server;
mod server_console;
mod server_intent;
mod server_state;
mod server_step;
mod session;
mod session_seat;
mod set;
mod snapshot;
mod ssh_key;
mod user;
mod zone;

use std::sync::Arc;

use domain::clock::Entropy;
use uuid::Uuid;

pub use audit::{AuditEntry, AuditRow};
pub use audit_chain::{ChainEntry, ChainFault, ChainReport};
pub use autoscale::{ConfigColumns, ConfigRow};
pub use autoscale_version::ConfigVersionRow;
pub use backup::BackupError;
pub use db::DatabaseUrl;
pub use decision::DecisionFilter;
pub use demo::{DemoRow, DemoStage};
pub use deployment::{Deployment, Forked};
pub use draft::Draft;
pub use error::{OpenError, StoreError};
pub use idempotency::Idempotency;
pub use ldap_config::LdapConfigRow;
pub use lease::Fence;
pub use notice::Notices;
pub use orphan::{AdoptOutcome, Adoption, OrphanEntry, OrphanRow, OrphanSide, OrphanWrite};
pub use pool::PoolOffer;
pub use seal::{KeyFileError, MasterKey};
pub use secret::{SecretInfo, SecretWrite};
pub use server::{Health, ServerFilter, ServerKeys, ServerRow, ServerWrite};
pub use server_console::KeptConsole;
pub use server_intent::{IntentOutcome, NewServer};
pub use session::{SessionFilter, SessionRow};
pub use session_seat::{NewSession, PersonLimits, SeatOutcome, SeatWrite};
pub use snapshot::{StoredProvider, StoredSnapshot};
pub use user::NewUser;

/// What every method of the store returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// The database of one deployment, open and migrated. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: db::Db,
    sealer: Arc<seal::Sealer>,
    chain: Arc<audit_chain::ChainKey>,
    /// Where the database lies; none in memory.
    home: Option<home::Home>,
    /// The note beside a SQLite file of how far it had come.
    note: Option<Arc<home::Note>>,
}

impl Store {
    /// Opens the database, brings its schema up to date and checks that `key` is the one its secrets are sealed with.
    ///
    /// `deployment` and `now` are used only where the database is new, `generation` where it has none yet. `entropy` gives
    /// the nonces of sealed values.
    ///
    /// # Errors
    /// Each text of [`OpenError`] says what to do.
    pub async fn open(
        url: &DatabaseUrl,
        key: &MasterKey,
        deployment: domain::id::DeploymentId,
        generation: domain::id::GenerationId,
        now: domain::timestamp::Timestamp,
        entropy: Arc<dyn Entropy>,
    ) -> std::result::Result<Self, OpenError> {
        let db = db::Db::connect(url).await?;
        db.migrate().await?;
        let home = db.home(url).await;
        let note = home::Note::beside(url).map(Arc::new);
        let is_new =
            deployment::enter(&db, key, (deployment, generation), home.as_ref(), now).await?;
        if let Some(note) = note.as_ref().filter(|_| is_new) {
            // One that lies there still is of a database that is gone.
            note.write(0);
        }
        Ok(Self {
            db,
            home,
            note,
            sealer: Arc::new(seal::Sealer::new(key, entropy)),
            chain: Arc::new(audit_chain::ChainKey::new(key)),
        })
    }

    /// Whether the database holds no deployment yet. Only then may a key file be made ([`MasterKey::load_or_create`]).
    /// Changes nothing.
    pub async fn is_new(url: &DatabaseUrl) -> std::result::Result<bool, OpenError> {
        db::is_new(url).await
    }

    /// Checks that the deployment in this database was made with `key`. Changes nothing.
    ///
    /// # Errors
    /// Each text of [`OpenError`] says what to do.
    pub async fn check_key(
        url: &DatabaseUrl,
        key: &MasterKey,
    ) -> std::result::Result<(), OpenError> {
        let db = db::Db::connect(url).await?;
        let checked = deployment::check(&db, key).await;
        db.close().await;
        checked
    }

    /// Closes all connections once the transactions under way have ended.
    pub async fn close(&self) {
        self.db.close().await;
    }
}

/// A page of a list that is ordered by id; ids are ordered by the time of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The last id of the page before.
    pub after: Option<Uuid>,
    /// At most this many.
    pub limit: u32,
}

impl PageRequest {
    /// The text that every id of the page is greater than.
    fn after_text(self) -> String {
        self.after
            .map(|uuid| uuid.hyphenated().to_string())
            .unwrap_or_default()
    }
}
