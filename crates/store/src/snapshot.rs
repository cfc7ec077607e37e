//! What the planner is told of the store: a few statements in one read transaction.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{ConfigId, GenerationId, PoolId, ProviderId};
use domain::provider::ProviderKind;
use domain::server::SeatLimits;
use domain::snapshot::{
    ConfigSnapshot, Hold, OpenSession, PoolSnapshot, ServerSnapshot, Sighting, Waiter,
};
use domain::timestamp::Timestamp;
use serde_json::{Map, Value};

use crate::db::Tx;
use crate::orphan::OrphanRow;
use crate::row::{Row, args};
use crate::server::{limits, origin};
use crate::set::{Item, SetSql, of_set, set_of};
use crate::{Result, Store, server_state, session};

/// The store's half of a snapshot. What only the process knows (calls under way, sightings) is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSnapshot {
    /// The present life of this installation.
    pub generation: GenerationId,
    /// Set while nothing may be made and nothing deleted.
    pub hold: Option<Hold>,
    /// All provider configs, by id.
    pub providers: Vec<StoredProvider>,
    /// The pools asked for, by id.
    pub pools: Vec<PoolSnapshot>,
    /// What exists on one side only, at all provider configs, by id.
    pub orphans: Vec<OrphanRow>,
}

/// A provider config with what counts against it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProvider {
    /// The id.
    pub id: ProviderId,
    /// Counts up with every change.
    pub version: i64,
    /// Its kind.
    pub kind: ProviderKind,
    /// The kind's own fields.
    pub settings: Map<String, Value>,
    /// Upper bound of machines.
    pub max_instances: u32,
    /// Servers in every state but Deleted, over all pools.
    pub existing: u32,
    /// Creates whose intent is younger than an hour.
    pub creates_last_hour: u32,
    /// The oldest of them.
    pub oldest_create_at: Option<Timestamp>,
    /// Servers that did not become ready, in a row.
    pub failures: u32,
    /// When the last of them failed.
    pub failed_at: Option<Timestamp>,
    /// The provider asked to be left alone until then.
    pub not_before: Option<Timestamp>,
}

/// A statement about all pools, and the same about some: texts of their own, so that each finds its index.
macro_rules! scoped {
    ($all:literal, $some:literal, $order:literal) => {
        (
            concat!($all, " ", $order),
            of_set!($all " " $some " IN (SELECT item.value ->> 'id' FROM " SET ") " $order),
        )
    };
}

impl Store {
    /// One pool, or all of them, and all provider configs, as of one moment.
    pub async fn snapshot(&self, scope: Option<PoolId>, now: Timestamp) -> Result<StoredSnapshot> {
        let mut tx = self.db.read().await?;
        if let (None, Some(held)) = (scope, tx.memory())
            && let Some(known) = held.looked(now)
        {
            return Ok(known);
        }
        let providers = tx
            .all(
                "providers",
                // Here and below only what is read: start-up scripts and sealed columns are large, and this is the loop's
                // every look.
                "SELECT p.id, p.version, p.kind, p.settings, p.max_instances, p.failures, p.failed_at, p.not_before,
                    (SELECT COUNT(*) FROM orphans o WHERE o.provider_id = p.id) AS orphans,
                    (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.state <> 'deleted') AS existing,
                    (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.created_at > $1) AS created,
                    (SELECT MIN(s.created_at) FROM servers s WHERE s.provider_id = p.id AND s.created_at > $1) AS oldest
                 FROM providers p ORDER BY p.id",
                args![now.plus_millis(-Timestamp::HOUR_MILLIS)],
            )
            .await?;
        let (generation, hold) = tx.generation_and_hold().await?;
        // Next to always there is none, and then nothing is asked for them.
        let mut has_orphans = false;
        for row in &providers {
            has_orphans |= row.get::<i64>("orphans")? > 0;
        }
        let seen = StoredSnapshot {
            generation,
            hold,
            providers: providers.iter().map(provider).collect::<Result<_>>()?,
            pools: tx.pools(scope.map(|id| set_of([id])).as_deref()).await?,
            orphans: if has_orphans {
                tx.orphans().await?
            } else {
                Vec::new()
            },
        };
        if let (None, Some(held)) = (scope, tx.memory()) {
            held.keep(now, &seen);
        }
        Ok(seen)
    }

    /// Those of the pools named that there are, as of one moment.
    pub async fn pool_snapshots(&self, ids: &BTreeSet<PoolId>) -> Result<Vec<PoolSnapshot>> {
        let mut tx = self.db.read().await?;
        tx.pools(Some(&set_of(ids.iter().copied()))).await
    }
}

impl StoredSnapshot {
    /// Whether it is the same at a later moment, if nothing is written until then.
    pub(crate) fn lasts_until(&self, later: Timestamp) -> bool {
        let hour_ago = later.plus_millis(-Timestamp::HOUR_MILLIS);
        let mut oldest = self.providers.iter().filter_map(|one| one.oldest_create_at);
        oldest.all(|at| at > hour_ago)
    }
}

impl Tx {
    async fn pools(&mut self, scope: Option<&[Item]>) -> Result<Vec<PoolSnapshot>> {
        // A pool without a config is a row too.
        let configs = scoped!(
            "SELECT p.id AS pool_id, c.id, c.version, c.created_at, c.zone_id, c.provider_id, c.enabled, c.dry_run,
                c.aggressive, c.minimum, c.max_sessions, c.max_users, c.reusable, c.backoff_secs, l.surplus_since
             FROM pools p LEFT JOIN autoscale_configs c ON c.pool_id = p.id
                LEFT JOIN autoscale_loop l ON l.config_id = c.id",
            "WHERE p.id",
            "ORDER BY c.created_at, c.id"
        );
        let configs = self.of_pools("autoscale_configs", configs, scope).await?;
        let servers = scoped!(
            "SELECT s.id, s.pool_id, s.zone_id, s.config_id, s.provider_id, s.config_version, s.version, s.state,
                s.state_since, s.machine, s.host, s.port, s.why, s.created_at, s.protocol, s.first_user,
                s.retry_at, s.delete_accepted, s.access_wanted, s.access_applied,
                COALESCE(c.max_sessions, s.max_sessions) AS seats_sessions,
                CASE WHEN s.config_id IS NULL THEN s.max_users ELSE c.max_users END AS seats_users,
                COALESCE(c.reusable, 1) AS reusable, COALESCE(c.require_checkin, 0) AS require_checkin,
                COALESCE(c.provision_timeout_secs, 0)
                    + COALESCE((s.begun_anew_at - s.created_at) / 1000, 0) AS provision_timeout_secs
             FROM servers s LEFT JOIN autoscale_configs c ON c.id = s.config_id
             WHERE s.state <> 'deleted'",
            "AND s.pool_id",
            "ORDER BY s.id"
        );
        let servers = self.of_pools("servers", servers, scope).await?;
        let sessions = scoped!(
            "SELECT id, pool_id, user_id, server_id, kind, app, requested_at, expires_at FROM sessions
             WHERE state <> 'ended'",
            "AND pool_id",
            "ORDER BY requested_at, id"
        );
        let sessions = self.of_pools("sessions", sessions, scope).await?;

        let mut by_id = BTreeMap::new();
        for row in &configs {
            let id: PoolId = row.get("pool_id")?;
            let pool = by_id.entry(id).or_insert_with(|| PoolSnapshot {
                id,
                configs: Vec::new(),
                servers: Vec::new(),
                sessions: Vec::new(),
                queue: Vec::new(),
            });
            if row.get::<Option<ConfigId>>("id")?.is_some() {
                pool.configs.push(config(row)?);
            }
        }
        for row in &servers {
            if let Some(pool) = by_id.get_mut(&row.get("pool_id")?) {
                pool.servers.push(server(row)?);
            }
        }
        for row in &sessions {
            if let Some(pool) = by_id.get_mut(&row.get("pool_id")?) {
                seat_or_wait(row, pool)?;
            }
        }
        for pool in by_id.values_mut() {
            pool.sessions.sort_by_key(|session| session.id);
        }
        Ok(by_id.into_values().collect())
    }
}

impl Tx {
    async fn of_pools(
        &mut self,
        table: &'static str,
        (all, some): (&'static str, SetSql),
        scope: Option<&[Item]>,
    ) -> Result<Vec<Row>> {
        match scope {
            None => self.all(table, all, Vec::new()).await,
            Some(pools) => self.all_of(table, some, pools, Vec::new()).await,
        }
    }
}

fn provider(row: &Row) -> Result<StoredProvider> {
    Ok(StoredProvider {
        id: row.get("id")?,
        version: row.get("version")?,
        kind: row.get("kind")?,
        settings: row.json("settings")?,
        max_instances: row.get("max_instances")?,
        existing: row.get("existing")?,
        creates_last_hour: row.get("created")?,
        oldest_create_at: row.get("oldest")?,
        failures: row.get("failures")?,
        failed_at: row.get("failed_at")?,
        not_before: row.get("not_before")?,
    })
}

fn config(row: &Row) -> Result<ConfigSnapshot> {
    Ok(ConfigSnapshot {
        id: row.get("id")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        zone: row.get("zone_id")?,
        provider: row.get("provider_id")?,
        enabled: row.get("enabled")?,
        dry_run: row.get("dry_run")?,
        aggressive: row.get("aggressive")?,
        minimum: row.get("minimum")?,
        limits: SeatLimits {
            max_sessions: row.get("max_sessions")?,
            max_users: row.get("max_users")?,
        },
        reusable: row.get("reusable")?,
        backoff_secs: row.get("backoff_secs")?,
        surplus_since: row.get("surplus_since")?,
        unprepared: None,
    })
}

fn server(row: &Row) -> Result<ServerSnapshot> {
    Ok(ServerSnapshot {
        id: row.get("id")?,
        zone: row.get("zone_id")?,
        version: row.get("version")?,
        origin: origin(row)?,
        state: server_state::read(row)?,
        state_since: row.get("state_since")?,
        created_at: row.get("created_at")?,
        protocol: row.get("protocol")?,
        limits: limits(row)?,
        reusable: row.get("reusable")?,
        require_checkin: row.get("require_checkin")?,
        provision_timeout_secs: row.get("provision_timeout_secs")?,
        first_user: row.get("first_user")?,
        call_in_flight: false,
        call_known: false,
        retry_at: row.get("retry_at")?,
        delete_accepted: row.get("delete_accepted")?,
        access_pending: row.get::<i64>("access_applied")? < row.get::<i64>("access_wanted")?,
        sighting: Sighting::NotLookedFor,
    })
}

fn seat_or_wait(row: &Row, pool: &mut PoolSnapshot) -> Result<()> {
    let (id, user, kind) = (row.get("id")?, row.get("user_id")?, session::kind(row)?);
    let expires_at = row.get("expires_at")?;
    match row.get("server_id")? {
        Some(server) => pool.sessions.push(OpenSession {
            id,
            server,
            user,
            kind,
            expires_at,
        }),
        None => pool.queue.push(Waiter {
            id,
            user,
            kind,
            requested_at: row.get("requested_at")?,
            expires_at,
        }),
    }
    Ok(())
}
