//! What became of servers, step by step, and how long their starts took.

use domain::server::{DeleteReason, FailReason, ServerState};
use domain::start::{ServerStep, Start};
use store::ServerWrite;

use crate::database::{Db, NOW};
use crate::given::{address, machine, running, seats, step};

crate::on_both![
    steps_are_kept_in_their_order_and_repeats_are_not,
    what_a_script_says_without_end_is_kept_up_to_a_limit,
    a_fixed_server_has_steps_and_no_start,
    starts_are_those_that_became_ready_newest_first,
    the_first_session_of_a_server_is_known,
];

fn booting() -> ServerState {
    ServerState::Booting {
        machine: machine("m"),
        address: address(),
    }
}

async fn steps_are_kept_in_their_order_and_repeats_are_not(db: Db) {
    let scaled = db.scaled().await;
    let server = db.requested(&scaled, "desk").await;
    assert_eq!(db.store.server_steps(server.id).await.unwrap(), []);
    let at = |secs| NOW.plus_secs(secs);
    let write = async |secs, state: ServerState, message: Option<&str>, progress| {
        let server = db.server(server.id).await;
        db.write(ServerWrite {
            at: at(secs),
            message: message.map(|text| Some(text.to_owned())),
            progress,
            ..step(&server, state)
        })
        .await;
    };
    write(1, booting(), None, None).await;
    write(2, booting(), Some("Installs"), Some(40)).await;
    write(3, booting(), Some("Installs"), Some(40)).await;
    write(4, running("m"), None, Some(100)).await;
    let seen = |secs, state: &str, message: Option<&str>, progress_percent| ServerStep {
        at: at(secs),
        state: state.to_owned(),
        progress_percent,
        message: message.map(str::to_owned),
    };
    assert_eq!(
        db.store.server_steps(server.id).await.unwrap(),
        [
            seen(1, "booting", None, None),
            seen(2, "booting", Some("Installs"), Some(40)),
            seen(4, "running", Some("Installs"), Some(100)),
        ]
    );
}

async fn what_a_script_says_without_end_is_kept_up_to_a_limit(db: Db) {
    let scaled = db.scaled().await;
    let mut server = db.server_in(&scaled, "desk", booting()).await;
    for line in 0..505 {
        let write = ServerWrite {
            message: Some(Some(format!("line {line}"))),
            ..step(&server, booting())
        };
        server = db.write(write).await.server;
    }
    let steps = db.store.server_steps(server.id).await.unwrap();
    assert_eq!(steps.len(), 500);
    let last = steps.last().unwrap();
    assert_eq!(
        last.message.as_deref(),
        Some("line 504"),
        "the newest stays"
    );
    assert_eq!(
        db.store.last_step_at(server.id).await.unwrap(),
        Some(last.at)
    );
    let failed = ServerState::Failed {
        machine: None,
        why: FailReason::Script,
    };
    db.moved(&server, failed).await;
    let steps = db.store.server_steps(server.id).await.unwrap();
    assert_eq!(steps.len(), 501, "how it ended is kept all the same");
}

async fn a_fixed_server_has_steps_and_no_start(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let steps = db.store.server_steps(server.id).await.unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].state, "running");
    assert_eq!(db.store.pool_starts(pool, 20).await.unwrap(), []);
}

async fn starts_are_those_that_became_ready_newest_first(db: Db) {
    let scaled = db.scaled().await;
    let at = |secs| NOW.plus_secs(secs);
    let mut asked = Vec::new();
    for (name, secs) in [("first", 10), ("second", 20), ("never", 30)] {
        let server = db.requested(&scaled, name).await;
        asked.push(server.created_at);
        let accepted = ServerState::Provisioning {
            machine: machine(name),
        };
        let write = ServerWrite {
            at: at(secs),
            ..step(&server, accepted.clone())
        };
        let server = db.write(write).await.server;
        let up = accepted.seen(machine(name), Some(address())).unwrap();
        let write = ServerWrite {
            at: at(secs + 1),
            ..step(&server, up)
        };
        let server = db.write(write).await.server;
        if name == "never" {
            continue;
        }
        let write = ServerWrite {
            at: at(secs + 5),
            ..step(&server, running(name))
        };
        let server = db.write(write).await.server;
        // Long over: it counts all the same, once.
        if name == "first" {
            let deleted = ServerState::Deleted {
                why: DeleteReason::Admin,
            };
            db.moved(&server, deleted).await;
        }
    }
    let start = |at_index: usize, secs| Start {
        asked_at: asked[at_index],
        accepted_at: Some(at(secs)),
        up_at: Some(at(secs + 1)),
        ready_at: at(secs + 5),
    };
    assert_eq!(
        db.store.pool_starts(scaled.pool, 20).await.unwrap(),
        [start(1, 20), start(0, 10)]
    );
    assert_eq!(
        db.store.pool_starts(scaled.pool, 1).await.unwrap(),
        [start(1, 20)]
    );
}

async fn the_first_session_of_a_server_is_known(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk").await;
    assert_eq!(db.store.first_session_at(server.id).await.unwrap(), None);
    let ada = db.user("ada").await.id;
    let session = db.seated(&server, ada).await;
    let first = db.store.first_session_at(server.id).await.unwrap();
    assert!(first.is_some());
    db.end(session).await;
    assert_eq!(db.store.first_session_at(server.id).await.unwrap(), first);
}
