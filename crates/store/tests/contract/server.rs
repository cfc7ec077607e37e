//! The life of a server, step by step.

use domain::id::ServerId;
use domain::secret::Secret;
use domain::server::{DeleteReason, DrainReason, FailReason, Origin, Server, ServerState};
use domain::session::{EndReason, SessionState};
use store::{Health, ServerFilter, ServerWrite, StoreError};

use crate::database::{Db, NOW};
use crate::given::{ALL, address, fixed_input, machine, running, seats, step};

crate::on_both![
    every_state_comes_back_as_it_was_written,
    a_step_changes_what_it_names_and_keeps_the_rest,
    a_stale_step_writes_nothing,
    a_machine_that_was_made_without_an_answer_is_adopted,
    a_failed_call_is_repeated_later_until_the_state_changes,
    a_server_drains_only_as_it_was_seen,
    a_draining_server_takes_sessions_again,
    a_delete_begins_only_without_sessions_and_goes_on_until_the_machine_is_gone,
    a_server_that_is_lost_ends_its_sessions,
    a_step_for_an_empty_server_is_refused_with_a_session,
    a_fixed_server_is_added_and_taken_away,
    deleted_servers_are_listed_only_when_asked_for,
    servers_are_found_by_a_part_of_their_name_and_by_their_state,
];

fn every_state() -> Vec<ServerState> {
    let (some, at) = (|| Some(machine("m")), address);
    let drains = [
        DrainReason::Surplus,
        DrainReason::SingleUseDone,
        DrainReason::Admin,
    ];
    let fails = [
        FailReason::CreateRefused,
        FailReason::CreateLost,
        FailReason::LaunchTimeout,
        FailReason::CheckinTimeout,
        FailReason::Script,
        FailReason::MachineLost,
    ];
    let mut states = vec![
        ServerState::Unknown,
        ServerState::Provisioning {
            machine: machine("m"),
        },
        ServerState::Booting {
            machine: machine("m"),
            address: at(),
        },
        ServerState::Running {
            machine: some(),
            address: at(),
        },
        ServerState::Deleting {
            machine: None,
            why: DeleteReason::Admin,
        },
    ];
    for why in drains {
        states.push(ServerState::Draining {
            machine: some(),
            address: at(),
            why,
        });
        states.push(ServerState::Deleting {
            machine: some(),
            why: DeleteReason::Drained(why),
        });
    }
    for why in fails {
        states.push(ServerState::Failed { machine: None, why });
        states.push(ServerState::Failed {
            machine: some(),
            why,
        });
        states.push(ServerState::Deleting {
            machine: some(),
            why: DeleteReason::Failed(why),
        });
    }
    states.push(ServerState::Deleted {
        why: DeleteReason::Admin,
    });
    states
}

async fn every_state_comes_back_as_it_was_written(db: Db) {
    let scaled = db.scaled().await;
    let mut server = db.requested(&scaled, "desk").await;
    assert_eq!(server.status, ServerState::Requested);
    for state in every_state() {
        server = db.moved(&server, state.clone()).await;
        assert_eq!(server.status, state);
        assert_eq!(db.server(server.id).await, server);
    }
}

async fn a_step_changes_what_it_names_and_keeps_the_rest(db: Db) {
    let scaled = db.scaled().await;
    let server = db.requested(&scaled, "desk").await;
    let booting = ServerState::Booting {
        machine: machine("m"),
        address: address(),
    };
    let later = NOW.plus_secs(1);
    let written = db
        .write(ServerWrite {
            at: later,
            message: Some(Some("installs — ü".to_owned())),
            progress: Some(40),
            checked_in_at: Some(later),
            host_key: Some("ssh-ed25519 AAAA".to_owned()),
            ..step(&server, booting.clone())
        })
        .await;
    assert_eq!(
        (written.server.state_since, written.server.version),
        (later, 2)
    );

    let again = ServerWrite {
        at: later.plus_secs(1),
        ..step(&written.server, booting)
    };
    let kept = db.write(again).await.server;
    assert_eq!(
        kept,
        Server {
            version: 3,
            ..written.server
        },
        "the state is as old as its word"
    );
    let cleared = db
        .write(ServerWrite {
            message: Some(None),
            ..step(&kept, running("m"))
        })
        .await;
    assert_eq!(
        (cleared.server.message, cleared.server.progress_percent),
        (None, Some(40))
    );
}

async fn a_stale_step_writes_nothing(db: Db) {
    let scaled = db.scaled().await;
    let seen = db.requested(&scaled, "desk").await;
    assert_eq!(seen.pool_name, "Desks");
    db.moved(&seen, running("m")).await;
    let failed = ServerState::Failed {
        machine: None,
        why: FailReason::LaunchTimeout,
    };
    let late = ServerWrite {
        health: Health::Failure,
        ..step(&seen, failed)
    };
    let write = |write| {
        db.store
            .server_write(Some(scaled.fence), write, Some(db.audit()))
    };
    db.refuses_as_stale(write(late.clone())).await;
    let missing = ServerWrite {
        id: db.id(ServerId::from_uuid),
        ..late
    };
    db.refuses_as_missing(write(missing)).await;
}

async fn a_machine_that_was_made_without_an_answer_is_adopted(db: Db) {
    let scaled = db.scaled().await;
    let server = db.server_in(&scaled, "desk", ServerState::Unknown).await;
    let seen = server.status.clone().seen(machine("m"), None).unwrap();
    let server = db.moved(&server, seen).await;
    assert_eq!(
        server.status,
        ServerState::Provisioning {
            machine: machine("m")
        }
    );
    // No other row gets the same machine.
    let other = db.server_in(&scaled, "other", ServerState::Unknown).await;
    let seen = other
        .status
        .clone()
        .seen(machine("m"), Some(address()))
        .unwrap();
    let adopt = db.store.server_write(None, step(&other, seen), None);
    assert!(matches!(
        db.refusal(adopt).await,
        StoreError::Duplicate { what: "machine" }
    ));
}

async fn a_failed_call_is_repeated_later_until_the_state_changes(db: Db) {
    let scaled = db.scaled().await;
    let server = db.requested(&scaled, "desk").await;
    let later = NOW.plus_secs(5);
    let failed = db
        .write(ServerWrite {
            retry_at: Some(Some(later)),
            attempts: Some(2),
            ..step(&server, ServerState::Requested)
        })
        .await;
    assert_eq!((failed.retry_at, failed.attempts), (Some(later), 2));
    let same = db.write(step(&failed.server, ServerState::Requested)).await;
    assert_eq!((same.retry_at, same.attempts), (Some(later), 2));
    let changed = ServerWrite {
        retry_at: Some(None),
        ..step(&same.server, ServerState::Unknown)
    };
    let changed = db.write(changed).await;
    assert_eq!((changed.retry_at, changed.attempts), (None, 0));
}

async fn a_server_drains_only_as_it_was_seen(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "m-1").await;
    let drain_for = async |why, version, only_if_empty, at| {
        let drain = db.store.server_drain(
            Some(scaled.fence),
            server.id,
            version,
            why,
            only_if_empty,
            at,
            db.audit(),
        );
        drain.await.unwrap()
    };
    let drain = async |version, only_if_empty| {
        drain_for(DrainReason::Surplus, version, only_if_empty, NOW).await
    };
    let before = db.dump().await;
    assert!(!drain(server.version + 1, true).await, "changed meanwhile");
    assert_eq!(db.dump().await, before);
    db.seated(&server, db.user("ada").await.id).await;
    let before = db.dump().await;
    assert!(!drain(server.version, true).await, "in use");
    assert_eq!(db.dump().await, before);
    assert!(
        drain(server.version, false).await,
        "an admin's drain waits for the last session"
    );
    let draining = db.server(server.id).await;
    let why = DrainReason::Surplus;
    assert_eq!(
        draining.status,
        ServerState::Draining {
            machine: Some(machine("m-1")),
            address: address(),
            why
        }
    );
    assert!(!drain(draining.version, false).await, "draining already");

    // It can still be deleted, and its time begins anew.
    let (later, why) = (NOW.plus_secs(5), DrainReason::Removal);
    assert!(
        !drain_for(why, draining.version, true, later).await,
        "in use"
    );
    assert!(drain_for(why, draining.version, false, later).await);
    let removed = db.server(server.id).await;
    assert_eq!(removed.state_since, later);
    assert_eq!(removed.status, draining.status.drain(why).unwrap());
}

async fn a_draining_server_takes_sessions_again(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "m-1").await;
    let undrain = async |version| {
        db.store
            .server_undrain(server.id, version, NOW, db.audit())
            .await
            .unwrap()
    };
    assert!(!undrain(server.version).await, "it is not draining");
    let draining = db
        .moved(
            &server,
            server.status.clone().drain(DrainReason::Admin).unwrap(),
        )
        .await;
    assert!(!undrain(server.version).await, "changed meanwhile");
    assert!(undrain(draining.version).await);
    assert_eq!(db.server(server.id).await.status, running("m-1"));
    db.seated(&server, db.user("ada").await.id).await;
}

async fn a_delete_begins_only_without_sessions_and_goes_on_until_the_machine_is_gone(db: Db) {
    let scaled = db.scaled().await;
    let begin = async |server: &Server| {
        let fence = Some(scaled.fence);
        let begin = db
            .store
            .server_delete_begin(fence, server.id, server.version, NOW, db.audit());
        begin.await.unwrap()
    };
    let server = db.running(&scaled, "m-1").await;
    assert!(!begin(&server).await, "it runs");
    let session = db.seated(&server, db.user("ada").await.id).await;
    let draining = db
        .moved(
            &server,
            server.status.clone().drain(DrainReason::Surplus).unwrap(),
        )
        .await;
    let before = db.dump().await;
    assert!(!begin(&draining).await, "a session is open");
    assert!(!begin(&server).await, "changed meanwhile");
    assert_eq!(db.dump().await, before);
    db.end(session).await;
    assert!(begin(&draining).await);
    let deleting = db.server(server.id).await;
    let why = DeleteReason::Drained(DrainReason::Surplus);
    assert_eq!(
        deleting.status,
        ServerState::Deleting {
            machine: Some(machine("m-1")),
            why
        }
    );

    // The call may fail and be repeated; it counts until the machine is gone.
    let answered = ServerWrite {
        delete_accepted: Some(true),
        ..step(&deleting, deleting.status.clone())
    };
    let accepted = db.write(answered).await;
    assert!(accepted.delete_accepted);
    let health = async || {
        db.store
            .provider(scaled.provider)
            .await
            .unwrap()
            .unwrap()
            .health
    };
    assert_eq!(health().await.existing, 1);
    db.moved(&accepted.server, deleting.status.clone().deleted().unwrap())
        .await;
    assert_eq!(health().await.existing, 0);

    for state in [
        ServerState::Provisioning {
            machine: machine("m-2"),
        },
        ServerState::Booting {
            machine: machine("m-2"),
            address: address(),
        },
        ServerState::Failed {
            machine: Some(machine("m-2")),
            why: FailReason::Script,
        },
    ] {
        let server = db.server_in(&scaled, "desk", state).await;
        assert!(begin(&server).await, "{:?}", server.status);
        let deleting = db.server(server.id).await;
        db.moved(&deleting, deleting.status.clone().deleted().unwrap())
            .await;
        assert!(!begin(&db.server(server.id).await).await, "it is deleted");
    }
    let requested = db.requested(&scaled, "desk").await;
    assert!(!begin(&requested).await, "its machine is not known yet");
}

async fn a_server_that_is_lost_ends_its_sessions(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "m-1").await;
    let session = db.seated(&server, db.user("ada").await.id).await;
    let lost = ServerState::Failed {
        machine: Some(machine("m-1")),
        why: FailReason::MachineLost,
    };
    let how = EndReason::ServerLost;
    let row = db
        .write(ServerWrite {
            end_sessions: Some(how),
            ..step(&server, lost)
        })
        .await;
    assert_eq!((row.server.open_sessions, row.access_wanted), (0, 2));
    let ended = db.store.session(session).await.unwrap().unwrap();
    assert_eq!(
        ended.state,
        SessionState::Ended {
            server_id: Some(server.id),
            how,
            ended_at: NOW
        }
    );
}

async fn a_step_for_an_empty_server_is_refused_with_a_session(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "m-1").await;
    let session = db.seated(&server, db.user("ada").await.id).await;
    let failed = ServerState::Failed {
        machine: Some(machine("m-1")),
        why: FailReason::MachineLost,
    };
    let write = || ServerWrite {
        only_if_empty: true,
        ..step(&server, failed.clone())
    };
    let refused = db.store.server_write(None, write(), Some(db.audit()));
    db.refuses_as_stale(refused).await;
    db.end(session).await;
    db.write(write()).await;
}

async fn a_fixed_server_is_added_and_taken_away(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(3)).await;
    let input = fixed_input(pool, zone, "desk", seats(3));
    assert_eq!(
        (server.origin, server.limits),
        (Origin::Fixed, input.limits)
    );
    let at = domain::connection::Address {
        host: input.host,
        port: input.port,
    };
    assert_eq!(
        server.status,
        ServerState::Running {
            machine: None,
            address: at
        }
    );
    let row = db.server_row(server.id).await;
    assert_eq!(
        (row.server.clone(), row.username),
        (server.clone(), input.username)
    );
    assert!(row.reusable && !row.require_checkin);
    let opened = db.store.server_connection(server.id).await.unwrap();
    assert_eq!(opened, Some(Secret::new("the access data")));

    let session = db.seated(&server, db.user("ada").await.id).await;
    let delete = |version, how| {
        db.store
            .fixed_server_delete(server.id, version, how, db.audit())
    };
    let (by, _) = db.refuses_in_use(delete(1, None)).await;
    assert_eq!(by, [session.to_string()]);
    db.refuses_as_stale(delete(2, None)).await;
    let ended = delete(1, Some(EndReason::Admin)).await.unwrap();
    assert_eq!(ended.len(), 1, "its owner is to be told");
    let gone = db.server(server.id).await;
    assert_eq!(
        gone.status,
        ServerState::Deleted {
            why: DeleteReason::Admin
        }
    );
    assert_eq!(db.store.server_connection(server.id).await.unwrap(), None);
    let ended = db.store.session(session).await.unwrap().unwrap();
    assert!(matches!(
        ended.state,
        SessionState::Ended {
            how: EndReason::Admin,
            ..
        }
    ));
}

async fn deleted_servers_are_listed_only_when_asked_for(db: Db) {
    let scaled = db.scaled().await;
    let gone = db.running(&scaled, "gone").await;
    let gone = db
        .moved(
            &gone,
            ServerState::Deleted {
                why: DeleteReason::Admin,
            },
        )
        .await;
    let here = db.requested(&scaled, "here").await;
    let page = async |include_deleted| {
        let filter = ServerFilter {
            pool: Some(scaled.pool),
            include_deleted,
            ..ServerFilter::default()
        };
        db.store.servers_page(filter, ALL).await.unwrap()
    };
    assert_eq!(page(true).await, [gone, here.clone()]);
    assert_eq!(page(false).await, [here]);
}

async fn servers_are_found_by_a_part_of_their_name_and_by_their_state(db: Db) {
    let scaled = db.scaled().await;
    for name in ["Desk-1", "desk-2", "all_50%!", "Büro"] {
        db.requested(&scaled, name).await;
    }
    db.running(&scaled, "desk-3").await;
    let found = async |name, state| {
        let filter = ServerFilter {
            name,
            state,
            ..ServerFilter::default()
        };
        let rows = db.store.servers_page(filter, ALL).await.unwrap();
        rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(
        found(Some("DESK"), None).await,
        ["Desk-1", "desk-2", "desk-3"]
    );
    assert_eq!(found(Some("Bü"), None).await, ["Büro"]);
    // What stands for any letter in the database stands for itself here.
    for sign in ["_", "%", "!", "_50%!"] {
        assert_eq!(found(Some(sign), None).await, ["all_50%!"], "{sign}");
    }
    assert_eq!(found(Some("desk"), Some("running")).await, ["desk-3"]);
    assert_eq!(found(None, Some("running")).await, ["desk-3"]);
    assert_eq!(found(Some("desk"), Some("failed")).await, [""; 0]);
}
