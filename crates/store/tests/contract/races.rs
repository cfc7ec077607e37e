//! Two processes that want the same thing at the same moment. Each race is run again and again by tasks on two stores
//! that are open on one database, and is judged by what the database holds afterwards.

use std::pin::Pin;
use std::sync::Arc;

use domain::server::{DrainReason, Server, ServerState};
use domain::session::EndReason;
use store::{
    Health, IntentOutcome, MasterKey, OpenError, PersonLimits, SeatOutcome, SeatWrite, ServerKeys,
    ServerWrite, Store, StoreError,
};
use tokio::sync::Barrier;

use crate::database::{Db, NOW, key};
use crate::given::{NO_LIMITS, address, machine, provider_input, running, seats, step};
use crate::ssh_key;

crate::on_both![
    a_new_database_is_one_deployment_with_one_key,
    the_last_seat_is_given_once,
    a_server_is_drained_empty_or_gives_its_seat_and_never_both,
    the_last_instance_is_made_once,
    the_quota_holds_over_all_pools,
    a_server_checks_in_once,
    a_key_that_is_added_while_its_person_is_seated_reaches_the_server,
    a_session_that_ends_while_it_is_seated_leaves_no_key_behind,
];

/// How often each race is run.
const ROUNDS: u32 = 100;
/// How many want the same thing, one half in each process.
const CONTENDERS: usize = 4;

type Contender<T> = Pin<Box<dyn Future<Output = T> + Send>>;

fn contender<T>(of: impl Future<Output = T> + Send + 'static) -> Contender<T> {
    Box::pin(of)
}

/// The database as the contenders see it: in turn through the first process and the second.
async fn processes(db: &Db) -> [Store; 2] {
    let second = db.reopen(&key()).await.expect("a second process");
    [db.store.clone(), second]
}

/// Lets all of them begin at the same moment, each on a task of its own. Their answers, in their order.
async fn at_once<T: Send + 'static>(contenders: impl IntoIterator<Item = Contender<T>>) -> Vec<T> {
    let contenders: Vec<_> = contenders.into_iter().collect();
    let start = Arc::new(Barrier::new(contenders.len()));
    let tasks: Vec<_> = contenders
        .into_iter()
        .map(|contender| {
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                contender.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a contender that ends"));
    }
    answers
}

fn one_of(answers: &[SeatOutcome], other: SeatOutcome) {
    let won = answers
        .iter()
        .filter(|&&answer| answer == SeatOutcome::Done)
        .count();
    let lost = answers.iter().filter(|&&answer| answer == other).count();
    assert_eq!((won, lost), (1, answers.len() - 1), "{answers:?}");
}

/// Both processes have found the schema and no deployment.
async fn a_new_database_is_one_deployment_with_one_key(db: Db) {
    for _ in 0..ROUNDS / 5 {
        db.run("DELETE FROM deployment").await;
        db.run("DELETE FROM sealing_keys").await;
        let contenders = [7, 8].map(|byte| {
            let db = db.clone();
            contender(async move { db.reopen(&MasterKey::from_bytes([byte; 32])).await })
        });
        let mut opened = Vec::new();
        for answer in at_once(contenders).await {
            match answer {
                Ok(store) => opened.push(store),
                Err(OpenError::WrongKey { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let [store] = opened.as_slice() else {
            panic!("{} of two keys belong to it", opened.len())
        };
        store.deployment().await.unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM deployment").await, 1);
        store.close().await;
    }
}

async fn the_last_seat_is_given_once(db: Db) {
    let stores = processes(&db).await;
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let mut people = Vec::new();
    for number in 0..CONTENDERS {
        people.push(db.user(&format!("person-{number}")).await.id);
    }
    for _ in 0..ROUNDS {
        let contenders = people
            .iter()
            .zip(stores.iter().cycle())
            .map(|(&user, store)| {
                let (store, session, audit) =
                    (store.clone(), db.new_session(pool, user), db.audit());
                let write = SeatWrite::SeatNew(session, server.id);
                let seat = async move {
                    store
                        .seat(None, vec![write], NO_LIMITS, NOW, vec![audit])
                        .await
                        .unwrap()[0]
                };
                contender(seat)
            });
        one_of(&at_once(contenders).await, SeatOutcome::Stale);
        assert_eq!(open_sessions(&db).await, 1);
        db.run("UPDATE sessions SET state = 'ended', ended_at = 1, end_reason = 'owner' WHERE state <> 'ended'").await;
    }
}

async fn open_sessions(db: &Db) -> i64 {
    db.number("SELECT COUNT(*) FROM sessions WHERE state <> 'ended'")
        .await
}

async fn a_server_is_drained_empty_or_gives_its_seat_and_never_both(db: Db) {
    let [first, second] = processes(&db).await;
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let ada = db.user("ada").await.id;
    for _ in 0..ROUNDS {
        let Server { id, version, .. } = db.fixed(pool, zone, "desk", seats(1)).await;
        let (store, session, audit) = (first.clone(), db.new_session(pool, ada), db.audit());
        let seat = async move {
            let write = SeatWrite::SeatNew(session, id);
            let outcomes = store
                .seat(None, vec![write], NO_LIMITS, NOW, vec![audit])
                .await;
            outcomes.unwrap() == [SeatOutcome::Done]
        };
        let (store, audit) = (second.clone(), db.audit());
        let drain = async move {
            let drain =
                store.server_drain(None, id, version, DrainReason::Surplus, true, NOW, audit);
            drain.await.unwrap()
        };
        let won = at_once([contender(seat), contender(drain)]).await;
        let server = db.server(id).await;
        let is_draining = matches!(server.status, ServerState::Draining { .. });
        assert_eq!([server.open_sessions == 1, is_draining], [won[0], won[1]]);
        assert_ne!(won[0], won[1], "{server:?}");
        let gone =
            db.store
                .fixed_server_delete(id, server.version, Some(EndReason::Admin), db.audit());
        gone.await.unwrap();
    }
}

async fn the_last_instance_is_made_once(db: Db) {
    let stores = processes(&db).await;
    let scaled = db.scaled().await;
    for round in 1..=ROUNDS {
        let input = provider_input("Cloud", round);
        let edit = db.store.provider_replace(
            scaled.provider,
            i64::from(round),
            input,
            Vec::new(),
            NOW,
            db.audit(),
        );
        edit.await.unwrap();
        let contenders = (0..CONTENDERS)
            .zip(stores.iter().cycle())
            .map(|(number, store)| {
                let (store, fence, audit) = (store.clone(), scaled.fence, db.audit());
                let server = db.new_server(&scaled, &format!("desk-{round}-{number}"));
                let intent = async move {
                    store
                        .record_intents(fence, vec![server], 10_000, vec![audit])
                        .await
                        .unwrap()[0]
                };
                contender(intent)
            });
        let answers = at_once(contenders).await;
        let made = answers
            .iter()
            .filter(|&&answer| answer == IntentOutcome::Recorded)
            .count();
        let refused = answers
            .iter()
            .filter(|&&answer| answer == IntentOutcome::AtLimit)
            .count();
        assert_eq!((made, refused), (1, CONTENDERS - 1), "{answers:?}");
        let alive = db
            .number("SELECT COUNT(*) FROM servers WHERE state <> 'deleted'")
            .await;
        assert_eq!(alive, i64::from(round));
    }
}

async fn the_quota_holds_over_all_pools(db: Db) {
    let stores = processes(&db).await;
    let ada = db.user("ada").await.id;
    let mut pools = Vec::new();
    for number in 0..CONTENDERS {
        pools.push(db.pool(&format!("Pool {number}")).await);
    }
    let limits = PersonLimits {
        sessions: 2,
        ..NO_LIMITS
    };
    for _ in 0..ROUNDS {
        // One is there already, and two are allowed.
        db.queued(pools[0], ada).await;
        let contenders = pools
            .iter()
            .zip(stores.iter().cycle())
            .map(|(&pool, store)| {
                let (store, session, audit) =
                    (store.clone(), db.new_session(pool, ada), db.audit());
                let write = SeatWrite::Queue(session);
                let queue = async move {
                    store
                        .seat(None, vec![write], limits, NOW, vec![audit])
                        .await
                        .unwrap()[0]
                };
                contender(queue)
            });
        one_of(&at_once(contenders).await, SeatOutcome::QuotaReached);
        assert_eq!(open_sessions(&db).await, 2);
        db.run("UPDATE sessions SET state = 'ended', ended_at = 1, end_reason = 'owner' WHERE state <> 'ended'").await;
    }
}

async fn a_server_checks_in_once(db: Db) {
    let stores = processes(&db).await;
    let scaled = db.scaled().await;
    let input = provider_input("Cloud", ROUNDS);
    db.store
        .provider_replace(scaled.provider, 1, input, Vec::new(), NOW, db.audit())
        .await
        .unwrap();
    for round in 0..ROUNDS {
        let name = format!("desk-{round}");
        let new = db.new_server(&scaled, &name);
        let id = new.id;
        db.store
            .record_intents(scaled.fence, vec![new], 10_000, vec![db.audit()])
            .await
            .unwrap();
        let booting = ServerState::Booting {
            machine: machine(&name),
            address: address(),
        };
        let server = db.moved(&db.server(id).await, booting).await;
        let entries = db.number("SELECT COUNT(*) FROM audit").await;
        let contenders = stores.iter().map(|store| {
            let write = ServerWrite {
                checked_in_at: Some(NOW),
                health: Health::Success,
                ..step(&server, running(&name))
            };
            let (store, audit) = (store.clone(), Some(db.audit()));
            contender(async move { store.server_write(None, write, audit).await })
        });
        let answers = at_once(contenders).await;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        let lost = answers
            .iter()
            .filter(|answer| matches!(answer, Err(StoreError::StaleVersion)))
            .count();
        assert_eq!((won, lost), (1, 1), "{answers:?}");
        let now = db.server(id).await;
        assert_eq!(
            (now.status, now.version),
            (running(&name), server.version + 1)
        );
        assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, entries + 1);
    }
}

/// What the machine has been told, if it was asked right after somebody was seated there.
async fn seat_and_tell(
    store: Store,
    server: &Server,
    write: SeatWrite,
    audit: store::AuditEntry,
) -> Option<ServerKeys> {
    let outcomes = store
        .seat(None, vec![write], NO_LIMITS, NOW, vec![audit])
        .await;
    let is_seated = matches!(outcomes.as_deref(), Ok([SeatOutcome::Done]));
    assert!(
        matches!(outcomes, Ok(_) | Err(StoreError::StaleVersion)),
        "{outcomes:?}"
    );
    if is_seated {
        Some(store.server_keys(server.id).await.unwrap())
    } else {
        None
    }
}

async fn a_key_that_is_added_while_its_person_is_seated_reaches_the_server(db: Db) {
    let [first, second] = processes(&db).await;
    let server = db.entered_by_keys(seats(ROUNDS)).await;
    let pool = server.pool_id;
    for round in 0..ROUNDS {
        let ada = db.user(&format!("person-{round}")).await.id;
        let session = db.queued(pool, ada).await;
        let seat = SeatWrite::SeatQueued {
            session,
            server: server.id,
            expires_at: NOW,
        };
        let (on, audit) = (server.clone(), db.audit());
        let store = first.clone();
        let seat = async move { seat_and_tell(store, &on, seat, audit).await };
        let (store, key, audit) = (
            second.clone(),
            ssh_key::key(&db, &format!("of {round}")),
            db.audit(),
        );
        let text = key.public_key.clone();
        let insert = async move {
            store.ssh_key_insert(ada, key, audit).await.unwrap();
            None
        };
        let answers = at_once([contender(seat), contender(insert)]).await;
        let told = answers[0].as_ref().expect("a seat");
        let now = db.store.server_keys(server.id).await.unwrap();
        assert!(now.keys.contains(&text));
        assert!(
            told.keys.contains(&text) || told.seq < now.seq,
            "nobody will tell the machine"
        );
    }
}

async fn a_session_that_ends_while_it_is_seated_leaves_no_key_behind(db: Db) {
    let [first, second] = processes(&db).await;
    let server = db.entered_by_keys(seats(1)).await;
    let pool = server.pool_id;
    let ada = db.user("ada").await.id;
    db.store
        .ssh_key_insert(ada, ssh_key::key(&db, "of ada"), db.audit())
        .await
        .unwrap();
    for _ in 0..ROUNDS {
        let session = db.queued(pool, ada).await;
        let seat = SeatWrite::SeatQueued {
            session,
            server: server.id,
            expires_at: NOW,
        };
        let (on, audit) = (server.clone(), db.audit());
        let store = first.clone();
        let seat = async move { seat_and_tell(store, &on, seat, audit).await };
        let (store, audit) = (second.clone(), db.audit());
        let end = async move {
            let ended = store
                .session_end(session, EndReason::Owner, NOW, Some(ada), audit)
                .await;
            assert!(
                matches!(ended, Ok(Some(_)) | Err(StoreError::StaleVersion)),
                "{ended:?}"
            );
            None
        };
        let told = at_once([contender(seat), contender(end)])
            .await
            .swap_remove(0);
        // Who was refused asks again.
        let _ = db
            .store
            .session_end(session, EndReason::Owner, NOW, Some(ada), db.audit())
            .await
            .unwrap();
        let now = db.store.server_keys(server.id).await.unwrap();
        assert_eq!((open_sessions(&db).await, now.keys.len()), (0, 0));
        if let Some(told) = told {
            assert!(
                told.keys.is_empty() || told.seq < now.seq,
                "nobody will tell the machine"
            );
        }
    }
}
