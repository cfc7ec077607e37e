//! Sessions: read, used and ended; and the queue.

use std::collections::BTreeSet;

use domain::server::DrainReason;
use domain::session::{EndReason, SessionKind, SessionState};
use store::{NewSession, SeatOutcome, SeatWrite, SessionFilter};

use crate::database::{Db, NOW};
use crate::given::{ALL, seats};

crate::on_both![
    a_session_comes_back_as_it_was_asked_for,
    a_session_ends_once_and_for_its_owner_alone,
    those_who_wait_can_be_listed_alone,
    the_sessions_of_people_are_found_by_a_part_of_their_name,
    the_loop_ends_a_session_whose_server_is_lost_before_its_time,
    the_loop_ends_the_sessions_of_a_deleted_server_unless_it_was_taken_back,
    a_session_is_active_from_its_first_use_and_lives_on_with_each,
    the_queue_is_ordered_by_time_then_id,
];

async fn a_session_comes_back_as_it_was_asked_for(db: Db) {
    let (pool, zone) = (db.pool("Désks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let ada = db.user("ada").await.id;
    let app = SessionKind::App {
        app: "writer".to_owned(),
    };
    let mut made = Vec::new();
    for kind in [SessionKind::Shell, SessionKind::Desktop, app] {
        let new = NewSession {
            kind: kind.clone(),
            ..db.new_session(pool, ada)
        };
        db.seat(SeatWrite::Queue(new.clone())).await;
        let row = db.store.session(new.id).await.unwrap().unwrap();
        assert_eq!((row.kind, row.state), (kind, SessionState::Queued));
        assert_eq!(
            (row.pool_name.as_str(), row.user_name.as_str()),
            ("Désks", "ada")
        );
        assert_eq!(
            (row.requested_at, row.expires_at),
            (new.requested_at, new.expires_at)
        );
        made.push(new.id);
    }
    let later = NOW.plus_secs(9);
    let seat = SeatWrite::SeatQueued {
        session: made[0],
        server: server.id,
        expires_at: later,
    };
    assert_eq!(db.seat(seat).await, SeatOutcome::Done);
    let waiting = db.store.session(made[1]).await.unwrap().unwrap();
    assert_eq!(waiting.server_name, None);
    let row = db.store.session(made[0]).await.unwrap().unwrap();
    assert_eq!(row.server_name, Some(server.name));
    assert_eq!(
        row.state,
        SessionState::Assigned {
            server_id: server.id,
            assigned_at: NOW
        }
    );
    // No keys are put on a fixed server, so there is nothing to wait for.
    assert_eq!((row.expires_at, row.access_seq, row.version), (later, 0, 2));
    let page = db
        .store
        .sessions_page(SessionFilter::default(), ALL)
        .await
        .unwrap();
    assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), made);
}

async fn a_session_ends_once_and_for_its_owner_alone(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let open = db.seated(&server, ada).await;
    let end = async |id, how, owner| {
        db.store
            .session_end(id, how, NOW, owner, db.audit())
            .await
            .unwrap()
    };
    let before = db.dump().await;
    assert_eq!(end(open, EndReason::Owner, Some(ben)).await, None);
    assert_eq!(db.dump().await, before);
    for how in EndReason::ALL {
        let waiting = db.queued(pool, ada).await;
        let ended = end(waiting, how, None).await.unwrap();
        assert_eq!(
            ended.state,
            SessionState::Ended {
                server_id: None,
                how,
                ended_at: NOW
            }
        );
    }
    let ended = end(open, EndReason::Owner, Some(ada)).await.unwrap();
    let how = EndReason::Owner;
    assert_eq!(
        ended.state,
        SessionState::Ended {
            server_id: Some(server.id),
            how,
            ended_at: NOW
        }
    );
    let before = db.dump().await;
    assert_eq!(end(open, EndReason::Admin, None).await, None);
    assert_eq!(db.dump().await, before);
    let open_ones = SessionFilter {
        open_only: true,
        ..SessionFilter::default()
    };
    assert_eq!(db.store.sessions_page(open_ones, ALL).await.unwrap(), []);
}

async fn the_loop_ends_a_session_whose_server_is_lost_before_its_time(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk").await;
    let session = db.seated(&server, db.user("ada").await.id).await;
    let end = async |how, secs| {
        let at = NOW.plus_secs(secs);
        let ended = db
            .store
            .session_end_planned(scaled.fence, session, how, at, db.audit());
        ended.await.unwrap().is_some()
    };
    assert!(!end(EndReason::Expired, 0).await, "its time is not over");
    assert!(end(EndReason::ServerLost, 0).await);
    assert!(!end(EndReason::ServerLost, 0).await, "once");
}

async fn the_loop_ends_the_sessions_of_a_deleted_server_unless_it_was_taken_back(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk").await;
    let session = db.seated(&server, db.user("ada").await.id).await;
    let end = async |secs| {
        let (how, at) = (EndReason::Admin, NOW.plus_secs(secs));
        let ended = db
            .store
            .session_end_planned(scaled.fence, session, how, at, db.audit());
        ended.await.unwrap().is_some()
    };
    assert!(!end(10).await, "its server runs");
    let drain = async |why| {
        let version = db.server(server.id).await.version;
        let drain = db
            .store
            .server_drain(None, server.id, version, why, false, NOW, db.audit());
        assert!(drain.await.unwrap());
    };
    drain(DrainReason::Admin).await;
    assert!(!end(10).await, "its server waits for it");
    drain(DrainReason::Removal).await;
    assert!(!end(9).await, "its server can still be taken back");
    let version = db.server(server.id).await.version;
    let undrain = db.store.server_undrain(server.id, version, NOW, db.audit());
    assert!(undrain.await.unwrap());
    assert!(!end(10).await, "its server was taken back");
    drain(DrainReason::Removal).await;
    assert!(end(10).await);
}

async fn those_who_wait_can_be_listed_alone(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let ada = db.user("ada").await.id;
    let (seated, queued) = (db.seated(&server, ada).await, db.queued(pool, ada).await);
    for (waiting, expected) in [
        (None, vec![seated, queued]),
        (Some(true), vec![queued]),
        (Some(false), vec![seated]),
    ] {
        let filter = SessionFilter {
            waiting,
            ..SessionFilter::default()
        };
        let rows = db.store.sessions_page(filter, ALL).await.unwrap();
        let ids: BTreeSet<_> = rows.into_iter().map(|row| row.id).collect();
        assert_eq!(ids, BTreeSet::from_iter(expected));
    }
}

async fn the_sessions_of_people_are_found_by_a_part_of_their_name(db: Db) {
    let pool = db.pool("Desks").await;
    for name in ["ada", "adam", "ben"] {
        db.queued(pool, db.user(name).await.id).await;
    }
    for (part, expected) in [("AD", 2), ("adam", 1), ("_", 0), ("", 3)] {
        let filter = SessionFilter {
            user_name: Some(part),
            ..SessionFilter::default()
        };
        let rows = db.store.sessions_page(filter, ALL).await.unwrap();
        assert_eq!(rows.len(), expected, "{part}");
    }
}

async fn a_session_is_active_from_its_first_use_and_lives_on_with_each(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let (open, waiting) = (db.seated(&server, ada).await, db.queued(pool, ada).await);
    let used = async |id, owner, secs| {
        let at = NOW.plus_secs(secs);
        let used = db
            .store
            .session_activate(id, owner, at, at.plus_secs(60), Some(db.audit()));
        used.await.unwrap()
    };
    let before = db.dump().await;
    assert_eq!(used(waiting, ada, 1).await, None, "it waits");
    assert_eq!(used(open, ben, 1).await, None, "somebody else's");
    assert_eq!(db.dump().await, before);
    for secs in [1, 2] {
        let row = used(open, ada, secs).await.unwrap();
        let (server_id, active_since) = (server.id, NOW.plus_secs(1));
        assert_eq!(
            row.state,
            SessionState::Active {
                server_id,
                assigned_at: NOW,
                active_since
            }
        );
        assert_eq!(row.expires_at, NOW.plus_secs(secs + 60));
    }
    db.end(open).await;
    assert_eq!(used(open, ada, 3).await, None, "it is over");
}

async fn the_queue_is_ordered_by_time_then_id(db: Db) {
    let (desks, shells) = (db.pool("Desks").await, db.pool("Shells").await);
    let ada = db.user("ada").await.id;
    let wait = async |pool, secs| {
        let requested_at = NOW.plus_secs(secs);
        let new = NewSession {
            requested_at,
            ..db.new_session(pool, ada)
        };
        db.seat(SeatWrite::Queue(new.clone())).await;
        new.id
    };
    let (late, first) = (wait(desks, 9).await, wait(desks, 1).await);
    let (second, _elsewhere) = (wait(desks, 1).await, wait(shells, 0).await);
    let queue = async || {
        let snapshot = db.store.snapshot(Some(desks), NOW).await.unwrap();
        let waiting = snapshot.pools[0].queue.iter().map(|waiter| waiter.id);
        waiting.collect::<Vec<_>>()
    };
    assert_eq!(queue().await, [first, second, late]);
    db.end(first).await;
    assert_eq!(queue().await, [second, late]);
}
