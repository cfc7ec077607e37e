//! What exists on one side only.

use domain::id::{OrphanId, ServerId};
use domain::orphan::OrphanDecision;
use domain::secret::Secret;
use domain::server::{DeleteReason, FailReason, ServerState};
use store::{AdoptOutcome, Adoption, OrphanRow, OrphanSide, OrphanWrite};

use crate::database::{Database, Db, NOW};
use crate::given::{ALL, Scaled, machine, provider_input};

crate::on_both![
    what_lists_say_is_kept_until_they_say_otherwise,
    what_an_admin_decides_stays_whatever_lists_say,
    what_is_kept_is_not_asked_to_go,
    a_machine_is_given_back_to_its_server,
    a_machine_is_not_given_back_beyond_the_limit_or_on_old_news,
    a_server_that_ends_is_no_orphan,
    a_late_holder_of_the_lease_notes_nothing,
    orphans_go_with_their_provider_config,
];

impl Database {
    /// A machine of this name without a row, with this server in its tag.
    async fn stranger(&self, scaled: &Scaled, name: &str, server: Option<ServerId>) -> OrphanId {
        let id = self.id(OrphanId::from_uuid);
        let found = OrphanWrite::Found {
            id,
            provider: scaled.provider,
            side: OrphanSide::Machine,
            machine: Some(machine(name)),
            server,
            generation: None,
            at: NOW,
        };
        self.note(scaled, vec![found]).await.expect("a note");
        id
    }

    async fn note(&self, scaled: &Scaled, writes: Vec<OrphanWrite>) -> store::Result<()> {
        self.store.orphans_write(scaled.fence, writes).await
    }

    async fn orphans(&self) -> Vec<OrphanRow> {
        let seen = self.store.snapshot(None, NOW).await;
        seen.expect("a snapshot").orphans
    }

    async fn decide(
        &self,
        id: OrphanId,
        version: i64,
        decision: OrphanDecision,
    ) -> store::Result<()> {
        let audit = self.audit();
        self.store.orphan_decide(id, version, decision, audit).await
    }

    async fn ask(&self, scaled: &Scaled, name: &str) -> Option<OrphanId> {
        let (machine, audit) = (machine(name), self.audit());
        let asked = self
            .store
            .orphan_ask(scaled.fence, scaled.provider, &machine, audit);
        asked.await.expect("an answer")
    }

    /// A server that was given up, with its machine that came all the same.
    async fn given_up(&self, scaled: &Scaled) -> Adoption {
        let lost = self.running(scaled, "m-1").await;
        let why = DeleteReason::Failed(FailReason::MachineLost);
        let lost = self.moved(&lost, ServerState::Deleted { why }).await;
        Adoption {
            orphan: self.stranger(scaled, "m-1", Some(lost.id)).await,
            orphan_version: 1,
            server: lost.id,
            server_version: lost.version,
            config: scaled.config,
            provider: scaled.provider,
            state: ServerState::Provisioning {
                machine: machine("m-1"),
            },
            connection: Secret::new("the access data of today"),
            username: Some("desk".to_owned()),
            personal_keys: true,
            at: NOW.plus_secs(900),
        }
    }
}

async fn what_lists_say_is_kept_until_they_say_otherwise(db: Db) {
    let scaled = db.scaled().await;
    assert_eq!(db.orphans().await, []);
    // Any text may be the name of a machine.
    let name = "i-1/../ä?&%00 '\"";
    let id = db.stranger(&scaled, name, None).await;
    // Found by two processes, it is one all the same.
    db.stranger(&scaled, name, None).await;
    let seen = OrphanWrite::Seen {
        id,
        at: NOW.plus_secs(30),
        lists: 2,
    };
    db.note(&scaled, vec![seen]).await.unwrap();
    let expected = OrphanRow {
        id,
        provider: scaled.provider,
        side: OrphanSide::Machine,
        machine: Some(machine(name)),
        server: None,
        generation: None,
        first_seen_at: NOW,
        last_seen_at: NOW.plus_secs(30),
        lists: 2,
        decision: OrphanDecision::Quarantine,
        decided_at: None,
        decided_by: None,
        asked_at: None,
        version: 1,
    };
    assert_eq!(db.orphans().await, std::slice::from_ref(&expected));
    let entry = db.store.orphan(id).await.unwrap().unwrap();
    assert_eq!((entry.row, entry.pool), (expected, None));
    assert_eq!(entry.provider_name, "Cloud");
    db.note(&scaled, vec![OrphanWrite::Over { id }])
        .await
        .unwrap();
    assert_eq!(db.orphans().await, []);
}

async fn what_an_admin_decides_stays_whatever_lists_say(db: Db) {
    let scaled = db.scaled().await;
    let id = db.stranger(&scaled, "m-1", None).await;
    db.decide(id, 1, OrphanDecision::Keep).await.unwrap();
    let seen = OrphanWrite::Seen {
        id,
        at: NOW.plus_secs(60),
        lists: 3,
    };
    db.note(&scaled, vec![seen]).await.unwrap();
    let [row] = &db.orphans().await[..] else {
        panic!("one orphan")
    };
    assert_eq!(
        (row.decision, row.lists, row.version),
        (OrphanDecision::Keep, 3, 2)
    );
    assert_eq!(
        (row.decided_at, row.decided_by.as_deref()),
        (Some(NOW), Some("system"))
    );
    db.refuses_as_stale(db.decide(id, 1, OrphanDecision::Delete))
        .await;
    let other = db.id(OrphanId::from_uuid);
    db.refuses_as_missing(db.decide(other, 1, OrphanDecision::Delete))
        .await;
}

async fn what_is_kept_is_not_asked_to_go(db: Db) {
    let scaled = db.scaled().await;
    let id = db.stranger(&scaled, "m-1", None).await;
    assert_eq!(db.ask(&scaled, "m-1").await, Some(id));
    assert_eq!(db.orphans().await[0].asked_at, Some(NOW));
    db.decide(id, 2, OrphanDecision::Keep).await.unwrap();
    // It may be going all the same.
    assert_eq!(db.orphans().await[0].asked_at, Some(NOW));
    assert_eq!(db.ask(&scaled, "m-1").await, None);
    assert_eq!(db.ask(&scaled, "m-2").await, None);
}

async fn a_machine_is_given_back_to_its_server(db: Db) {
    let scaled = db.scaled().await;
    let adoption = db.given_up(&scaled).await;
    let (server, state, at) = (adoption.server, adoption.state.clone(), adoption.at);
    let entry = db.store.orphan(adoption.orphan).await.unwrap().unwrap();
    assert_eq!(entry.server_name.as_deref(), Some("m-1"));
    assert_eq!(entry.pool, Some((scaled.pool, "Desks".to_owned())));

    let outcome = db.store.orphan_adopt(adoption, db.audit()).await.unwrap();
    assert_eq!(outcome, AdoptOutcome::Adopted);
    let row = db.server_row(server).await;
    assert_eq!((row.server.status, row.server.state_since), (state, at));
    assert_eq!(row.access_wanted, row.access_applied + 1);
    let connection = db.store.server_connection(server).await.unwrap();
    assert_eq!(connection.unwrap().expose(), "the access data of today");
    assert_eq!(db.orphans().await, []);
    // What it takes to become ready begins anew: 600 s of its config, and 900 s that it was gone.
    let seen = db.store.snapshot(None, NOW).await.unwrap();
    let seen = &seen.pools[0].servers[0];
    assert_eq!((seen.created_at, seen.provision_timeout_secs), (NOW, 1500));
}

async fn a_machine_is_not_given_back_beyond_the_limit_or_on_old_news(db: Db) {
    let scaled = db.scaled().await;
    let adoption = db.given_up(&scaled).await;
    let adopt = async |adoption| db.store.orphan_adopt(adoption, db.audit()).await;
    for late in [
        Adoption {
            orphan_version: 9,
            ..adoption.clone()
        },
        Adoption {
            server_version: 9,
            ..adoption.clone()
        },
    ] {
        db.refuses_as_stale(adopt(late)).await;
    }
    let one = provider_input("Cloud", 1);
    let edit = db
        .store
        .provider_replace(scaled.provider, 1, one, Vec::new(), NOW, db.audit());
    edit.await.unwrap();
    db.requested(&scaled, "desk").await;
    assert_eq!(
        adopt(adoption.clone()).await.unwrap(),
        AdoptOutcome::AtLimit
    );
    assert_eq!(db.server(adoption.server).await.status.word(), "deleted");
    assert_eq!(db.orphans().await.len(), 1);
}

async fn a_server_that_ends_is_no_orphan(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk").await;
    let found = OrphanWrite::Found {
        id: db.id(OrphanId::from_uuid),
        provider: scaled.provider,
        side: OrphanSide::Server,
        machine: Some(machine("desk")),
        server: Some(server.id),
        generation: None,
        at: NOW,
    };
    // A machine of the same name may be there too.
    db.stranger(&scaled, "desk", Some(server.id)).await;
    db.note(&scaled, vec![found.clone(), found]).await.unwrap();
    let sides = async || {
        let page = db.store.orphans_page(ALL).await.unwrap();
        let sides = page.iter().map(|entry| entry.row.side);
        sides.collect::<Vec<_>>()
    };
    assert_eq!(sides().await, [OrphanSide::Server, OrphanSide::Machine]);
    let why = DeleteReason::Failed(FailReason::MachineLost);
    db.moved(&server, ServerState::Deleted { why }).await;
    assert_eq!(sides().await, [OrphanSide::Machine]);
}

async fn a_late_holder_of_the_lease_notes_nothing(db: Db) {
    let scaled = db.scaled().await;
    let id = db.stranger(&scaled, "m-1", None).await;
    let other = db.store.lease_take("another", NOW.plus_secs(61), 60_000);
    other.await.unwrap().expect("the lease");
    db.refuses_the_fence(db.note(&scaled, vec![OrphanWrite::Over { id }]))
        .await;
    let (machine, audit) = (machine("m-1"), db.audit());
    let ask = db
        .store
        .orphan_ask(scaled.fence, scaled.provider, &machine, audit);
    db.refuses_the_fence(ask).await;
    assert_eq!(db.orphans().await[0].asked_at, None);
}

async fn orphans_go_with_their_provider_config(db: Db) {
    let scaled = db.scaled().await;
    db.stranger(&scaled, "m-1", None).await;
    let gone = db.store.config_delete(scaled.config, 1, db.audit());
    gone.await.unwrap();
    let gone = db.store.provider_delete(scaled.provider, 1, db.audit());
    gone.await.unwrap();
    assert_eq!(db.orphans().await, []);
    assert_eq!(db.store.orphans_page(ALL).await.unwrap(), []);
}
