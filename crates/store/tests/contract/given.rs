//! What cases begin with: people, places, servers and sessions that are there already.

use domain::actor::Role;
use domain::connection::{Address, Protocol};
use domain::id::{AuditId, ConfigId, PoolId, ProviderId, ServerId, SessionId, UserId, ZoneId};
use domain::pool::PoolInput;
use domain::provider::{ProviderInput, ProviderKind};
use domain::secret::Secret;
use domain::server::{FixedServerInput, MachineId, SeatLimits, Server, ServerState};
use domain::session::SessionKind;
use domain::user::User;
use domain::zone::ZoneInput;
use serde_json::{Map, Value, json};
use store::{
    AuditEntry, ConfigColumns, Fence, Health, IntentOutcome, NewServer, NewSession, NewUser,
    PageRequest, PersonLimits, SeatOutcome, SeatWrite, ServerRow, ServerWrite,
};

use crate::database::{Database, NOW};

/// A page that holds everything.
pub const ALL: PageRequest = PageRequest {
    after: None,
    limit: 1000,
};

/// More than anybody has.
pub const NO_LIMITS: PersonLimits = PersonLimits {
    sessions: 1000,
    requests_per_minute: 1000,
};

/// A pool whose config has an hour's leave to make servers.
pub struct Scaled {
    pub zone: ZoneId,
    pub provider: ProviderId,
    pub pool: PoolId,
    pub config: ConfigId,
    pub fence: Fence,
}

/// Limits of this many sessions, however many people they are.
pub const fn seats(max_sessions: u32) -> SeatLimits {
    SeatLimits {
        max_sessions,
        max_users: None,
    }
}

pub fn document(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no document"),
    }
}

pub fn pool_input(name: &str) -> PoolInput {
    PoolInput {
        name: name.to_owned(),
        description: String::new(),
        apps: Vec::new(),
    }
}

pub fn zone_input(name: &str) -> ZoneInput {
    ZoneInput {
        name: name.to_owned(),
        upstream_auth_address: "weir.example".to_owned(),
    }
}

pub fn provider_input(name: &str, max_instances: u32) -> ProviderInput {
    ProviderInput {
        name: name.to_owned(),
        kind: ProviderKind::Fake,
        max_instances,
        startup_script: String::new(),
        settings: Map::new(),
    }
}

pub fn machine(name: &str) -> MachineId {
    MachineId(name.to_owned())
}

pub fn address() -> Address {
    Address {
        host: "10.0.0.1".to_owned(),
        port: 22,
    }
}

pub fn running(machine_name: &str) -> ServerState {
    ServerState::Running {
        machine: Some(machine(machine_name)),
        address: address(),
    }
}

/// A step of this server as it is now, to `state`, that says nothing about the provider's health.
pub fn step(server: &Server, state: ServerState) -> ServerWrite {
    ServerWrite::new(server.id, server.version, state, NOW, Health::Unchanged)
}

/// Columns of an enabled SSH config whose servers have two seats.
pub fn config_columns(
    name: &str,
    pool: PoolId,
    zone: ZoneId,
    provider: ProviderId,
) -> ConfigColumns {
    ConfigColumns {
        name: name.to_owned(),
        pool,
        zone,
        provider,
        ldap: None,
        enabled: true,
        dry_run: false,
        aggressive: false,
        reusable: true,
        require_checkin: true,
        minimum: 1,
        limits: seats(2),
        backoff_secs: 900,
        provision_timeout_secs: 600,
        protocol: Protocol::Ssh,
    }
}

pub fn fixed_input(pool: PoolId, zone: ZoneId, name: &str, limits: SeatLimits) -> FixedServerInput {
    FixedServerInput {
        name: name.to_owned(),
        pool_id: pool,
        zone_id: zone,
        protocol: Protocol::Ssh,
        host: "desk.example".to_owned(),
        port: 2222,
        username: Some("desk".to_owned()),
        password: None,
        private_key: None,
        private_key_passphrase: None,
        limits,
        host_key: Some("ssh-ed25519 AAAA".to_owned()),
    }
}

impl Database {
    /// An entry for something that a case does.
    pub fn audit(&self) -> AuditEntry {
        AuditEntry {
            id: self.id(AuditId::from_uuid),
            at: NOW,
            actor: "system".to_owned(),
            action: "case.step",
            target: "case".to_owned(),
            detail: json!({}),
        }
    }

    pub async fn zone(&self, name: &str) -> ZoneId {
        let id = self.id(ZoneId::from_uuid);
        let made = self
            .store
            .zone_insert(id, zone_input(name), NOW, self.audit());
        made.await.expect("a zone").id
    }

    pub async fn pool(&self, name: &str) -> PoolId {
        let id = self.id(PoolId::from_uuid);
        let made = self
            .store
            .pool_insert(id, pool_input(name), NOW, self.audit());
        made.await.expect("a pool").id
    }

    pub async fn provider(&self, name: &str, max_instances: u32) -> ProviderId {
        let id = self.id(ProviderId::from_uuid);
        let input = provider_input(name, max_instances);
        let made = self
            .store
            .provider_insert(id, input, Vec::new(), NOW, self.audit());
        made.await.expect("a provider config").id
    }

    pub async fn config(&self, columns: ConfigColumns) -> ConfigId {
        let id = self.id(ConfigId::from_uuid);
        let values = document(json!({ "name": columns.name }));
        let made = self
            .store
            .config_insert(id, columns, values, Vec::new(), NOW, self.audit());
        made.await.expect("a config").id
    }

    /// A zone, a provider config of ten machines, a pool and a config, and the lease of the loop.
    pub async fn scaled(&self) -> Scaled {
        self.scaled_by(|_| {}).await
    }

    /// The same, with a change to the config's columns.
    pub async fn scaled_by(&self, change: impl FnOnce(&mut ConfigColumns)) -> Scaled {
        let zone = self.zone("Here").await;
        let provider = self.provider("Cloud", 10).await;
        let pool = self.pool("Desks").await;
        let mut columns = config_columns("Desks", pool, zone, provider);
        change(&mut columns);
        Scaled {
            zone,
            provider,
            pool,
            config: self.config(columns).await,
            fence: self.fence().await,
        }
    }

    /// The lease of the loop, in the name of `holder`.
    pub async fn fence(&self) -> Fence {
        let taken = self.store.lease_take("this process", NOW, 60_000).await;
        taken.expect("an answer").expect("the lease")
    }

    /// A server that is to be made.
    pub fn new_server(&self, scaled: &Scaled, name: &str) -> NewServer {
        NewServer {
            personal_keys: true,
            id: self.id(ServerId::from_uuid),
            name: name.to_owned(),
            pool: scaled.pool,
            zone: scaled.zone,
            config: scaled.config,
            provider: scaled.provider,
            config_version: 1,
            protocol: Protocol::Ssh,
            port: 22,
            request: Secret::new("the create call"),
            connection: Secret::new("the access data"),
            username: Some("desk".to_owned()),
            created_at: NOW,
        }
    }

    /// Records one intent and tells what became of it.
    pub async fn intent(&self, scaled: &Scaled, server: NewServer) -> IntentOutcome {
        let outcomes =
            self.store
                .record_intents(scaled.fence, vec![server], 60, vec![self.audit()]);
        outcomes.await.expect("outcomes")[0]
    }

    pub async fn requested(&self, scaled: &Scaled, name: &str) -> Server {
        let server = self.new_server(scaled, name);
        let id = server.id;
        assert_eq!(self.intent(scaled, server).await, IntentOutcome::Recorded);
        self.server(id).await
    }

    /// A server that has come to this state.
    pub async fn server_in(&self, scaled: &Scaled, name: &str, state: ServerState) -> Server {
        let server = self.requested(scaled, name).await;
        self.moved(&server, state).await
    }

    pub async fn running(&self, scaled: &Scaled, name: &str) -> Server {
        self.server_in(scaled, name, running(name)).await
    }

    /// A server that people enter with their own keys.
    pub async fn entered_by_keys(&self, limits: SeatLimits) -> Server {
        let scaled = self.scaled_by(|columns| columns.limits = limits).await;
        self.running(&scaled, "desk").await
    }

    pub async fn moved(&self, server: &Server, state: ServerState) -> Server {
        self.write(step(server, state)).await.server
    }

    /// Makes a step.
    pub async fn write(&self, write: ServerWrite) -> ServerRow {
        let id = write.id;
        let written = self.store.server_write(None, write, None);
        written.await.expect("a step");
        self.server_row(id).await
    }

    /// A server as it is now.
    pub async fn server(&self, id: ServerId) -> Server {
        self.server_row(id).await.server
    }

    pub async fn server_row(&self, id: ServerId) -> ServerRow {
        let row = self.store.server(id).await.expect("an answer");
        row.expect("a server")
    }

    /// A fixed server, which runs from the beginning.
    pub async fn fixed(
        &self,
        pool: PoolId,
        zone: ZoneId,
        name: &str,
        limits: SeatLimits,
    ) -> Server {
        let input = fixed_input(pool, zone, name, limits);
        let id = self.id(ServerId::from_uuid);
        let made = self.store.fixed_server_insert(
            id,
            input,
            Secret::new("the access data"),
            NOW,
            self.audit(),
        );
        made.await.expect("a fixed server")
    }

    pub fn new_user(&self, name: &str) -> NewUser {
        NewUser {
            id: self.id(UserId::from_uuid),
            name: name.to_owned(),
            role: Role::User,
            password_hash: Some(format!("hash of {name}'s password")),
            at: NOW,
        }
    }

    pub async fn user(&self, name: &str) -> User {
        let made = self.store.user_insert(self.new_user(name), self.audit());
        made.await.expect("a person")
    }

    pub fn new_session(&self, pool: PoolId, user: UserId) -> NewSession {
        NewSession {
            id: self.id(SessionId::from_uuid),
            pool,
            user,
            kind: SessionKind::Shell,
            protocol: Protocol::Ssh,
            requested_at: NOW,
            expires_at: NOW.plus_secs(900),
        }
    }

    /// Writes one decision about a seat and tells what became of it.
    pub async fn seat(&self, write: SeatWrite) -> SeatOutcome {
        let outcomes = self
            .store
            .seat(None, vec![write], NO_LIMITS, NOW, vec![self.audit()]);
        outcomes.await.expect("outcomes")[0]
    }

    pub async fn queued(&self, pool: PoolId, user: UserId) -> SessionId {
        let session = self.new_session(pool, user);
        let id = session.id;
        assert_eq!(
            self.seat(SeatWrite::Queue(session)).await,
            SeatOutcome::Done
        );
        id
    }

    pub async fn seated(&self, server: &Server, user: UserId) -> SessionId {
        let session = self.new_session(server.pool_id, user);
        let id = session.id;
        let outcome = self.seat(SeatWrite::SeatNew(session, server.id));
        assert_eq!(outcome.await, SeatOutcome::Done);
        id
    }

    /// Ends a session by its own person.
    pub async fn end(&self, session: SessionId) {
        let how = domain::session::EndReason::Owner;
        let ended = self
            .store
            .session_end(session, how, NOW, None, self.audit());
        ended
            .await
            .expect("an answer")
            .expect("a session that is not over");
    }
}
