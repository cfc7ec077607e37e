//! Intents: servers that are written down before they are made. This is the money wall.

use std::collections::BTreeSet;

use domain::connection::Protocol;
use domain::id::{ConfigId, PoolId, ProviderId, ServerId, ZoneId};
use domain::secret::Secret;
use domain::timestamp::Timestamp;

use crate::audit::AuditEntry;
use crate::lease::Fence;
use crate::row::args;
use crate::seal::Place;
use crate::server::connection_place;
use crate::{Result, Store};

/// A server that is to be made.
#[derive(Debug, Clone)]
pub struct NewServer {
    /// The id.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// Its pool.
    pub pool: PoolId,
    /// Its zone.
    pub zone: ZoneId,
    /// For this config.
    pub config: ConfigId,
    /// Through this provider config.
    pub provider: ProviderId,
    /// With this version of the config.
    pub config_version: i64,
    /// The protocol people use.
    pub protocol: Protocol,
    /// The port people use.
    pub port: u16,
    /// The whole create call, with the start-up script as it will be sent.
    pub request: Secret,
    /// What opens its account.
    pub connection: Secret,
    /// The account people use.
    pub username: Option<String>,
    /// People sign in with the keys of their profiles, which are put on it.
    pub personal_keys: bool,
    /// When.
    pub created_at: Timestamp,
}

/// What became of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentOutcome {
    /// It is written: the call may be made.
    Recorded,
    /// The provider config has as many servers as it may have.
    AtLimit,
    /// The creates of the last hour have reached their cap.
    CreatesPerHour,
    /// The config is gone, changed, disabled or in dry run now.
    ConfigChanged,
    /// Everything is held: by an admin, or since the database looks restored or copied.
    Held,
}

impl Store {
    /// Writes intents, as many as the limits let through, in the order given. `audit` has an entry for each; those of
    /// refused ones are not written.
    ///
    /// The wall counts rows, for a transaction is sure only of what it holds. A machine of ours that the provider lists
    /// without a row costs money too, and the planner counts it (`existing` in `scaling`), so it asks for fewer. But a
    /// list is of another moment: counted here, a machine would count twice while its row is being written, or not at
    /// all, and the loop, which is the only one to ask, has seen the list already.
    pub async fn record_intents(
        &self,
        fence: Fence,
        servers: Vec<NewServer>,
        creates_per_hour: u32,
        audit: Vec<AuditEntry>,
    ) -> Result<Vec<IntentOutcome>> {
        let mut tx = self.db.write().await?;
        tx.hold_fence(Some(fence)).await?;
        // Every provider config is held before anything is counted against it, in the order of ids.
        let providers: BTreeSet<ProviderId> =
            servers.iter().map(|server| server.provider).collect();
        for provider in providers {
            tx.run(
                "UPDATE providers SET guard = guard + 1 WHERE id = $1",
                args![provider],
            )
            .await?;
        }
        let configs: BTreeSet<ConfigId> = servers.iter().map(|server| server.config).collect();
        for config in configs {
            tx.run(
                "UPDATE autoscale_configs SET guard = guard + 1 WHERE id = $1",
                args![config],
            )
            .await?;
        }
        let (_, hold) = tx.generation_and_hold().await?;
        let mut outcomes = Vec::with_capacity(servers.len());
        for (server, entry) in servers.into_iter().zip(audit) {
            let counted = tx
                .one(
                    "autoscale_configs",
                    "SELECT c.id, c.version, c.enabled, c.dry_run, c.provider_id, p.max_instances,
                        (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.state <> 'deleted') AS existing,
                        (SELECT COUNT(*) FROM servers s WHERE s.provider_id = p.id AND s.created_at > $3) AS created
                     FROM autoscale_configs c JOIN providers p ON p.id = $2 WHERE c.id = $1",
                    args![server.config, server.provider, server.created_at.plus_millis(-Timestamp::HOUR_MILLIS)],
                )
                .await?;
            let Some(row) = counted else {
                outcomes.push(IntentOutcome::ConfigChanged);
                continue;
            };
            let is_as_planned = row.get::<i64>("version")? == server.config_version
                && row.get::<ProviderId>("provider_id")? == server.provider
                && row.get::<bool>("enabled")?
                && !row.get::<bool>("dry_run")?;
            if hold.is_some() {
                outcomes.push(IntentOutcome::Held);
            } else if !is_as_planned {
                outcomes.push(IntentOutcome::ConfigChanged);
            } else if row.get::<i64>("existing")? >= row.get::<i64>("max_instances")? {
                outcomes.push(IntentOutcome::AtLimit);
            } else if row.get::<i64>("created")? >= i64::from(creates_per_hour) {
                outcomes.push(IntentOutcome::CreatesPerHour);
            } else {
                let bare = server.id.bare();
                let request = self.sealer.seal(request_place(&bare), &server.request)?;
                let connection = self
                    .sealer
                    .seal(connection_place(&bare), &server.connection)?;
                tx.run(
                    "INSERT INTO servers (id, name, pool_id, zone_id, config_id, provider_id, config_version, state,
                        state_since, protocol, connection_port, username, attempts, delete_accepted, access_wanted,
                        access_applied, request_sealed, connection_sealed, key_id, personal_keys, created_at, version)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, 'requested', $8, $9, $10, $11, 0, 0, 0, 0, $12, $13, $14, $15, $8, 1)",
                    args![
                        server.id,
                        server.name,
                        server.pool,
                        server.zone,
                        server.config,
                        server.provider,
                        server.config_version,
                        server.created_at,
                        server.protocol,
                        server.port,
                        server.username,
                        request,
                        connection,
                        self.sealer.key_id(),
                        server.personal_keys,
                    ],
                )
                .await?;
                tx.audit(entry).await?;
                outcomes.push(IntentOutcome::Recorded);
            }
        }
        tx.commit().await?;
        Ok(outcomes)
    }

    /// The create call of a server, as it was written.
    pub async fn intent_request(&self, id: ServerId) -> Result<Option<Secret>> {
        let sql = "SELECT id, request_sealed AS sealed, key_id FROM servers WHERE id = $1";
        let row = self.db.one("servers", sql, args![id]).await?;
        self.unseal(row, id, request_place)
    }
}

const fn request_place(row: &str) -> Place<'_> {
    Place {
        table: "servers",
        column: "request_sealed",
        row,
    }
}
