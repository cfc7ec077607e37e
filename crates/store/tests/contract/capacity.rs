//! What a pool held over time.

use domain::capacity::{Held, Span};
use domain::server::DrainReason;
use store::ServerWrite;

use crate::database::{Db, NOW};
use crate::given::{running, seats, step};

crate::on_both![
    a_server_holds_seats_while_it_runs,
    waits_and_sessions_last_until_they_end,
];

async fn a_server_holds_seats_while_it_runs(db: Db) {
    let scaled = db.scaled_by(|columns| columns.limits = seats(3)).await;
    let server = db.requested(&scaled, "desk").await;
    let at = |secs| NOW.plus_secs(secs);
    let spans = async |from| db.store.pool_spans(scaled.pool, from).await.unwrap();
    assert_eq!(spans(NOW).await, []);
    let write = ServerWrite {
        at: at(10),
        ..step(&server, running("m"))
    };
    let server = db.write(write).await.server;
    let drained = db.store.server_drain(
        None,
        server.id,
        server.version,
        DrainReason::Admin,
        false,
        at(20),
        db.audit(),
    );
    assert!(drained.await.unwrap());
    let version = db.server(server.id).await.version;
    let taken_back = db
        .store
        .server_undrain(server.id, version, at(30), db.audit());
    assert!(taken_back.await.unwrap());
    let span = |from, until: Option<u32>| Span {
        what: Held::Server(seats(3).seats()),
        from: at(from),
        until: until.map(at),
    };
    assert_eq!(spans(NOW).await, [span(10, Some(20)), span(30, None)]);
}

async fn waits_and_sessions_last_until_they_end(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk").await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let seated = db.seated(&server, ada).await;
    let waits = db.queued(scaled.pool, ben).await;
    let of = |spans: &[Span], what| spans.iter().filter(|span| span.what == what).count();
    let spans = db.store.pool_spans(scaled.pool, NOW).await.unwrap();
    assert_eq!((of(&spans, Held::Session), of(&spans, Held::Wait)), (1, 1));
    assert!(
        spans
            .iter()
            .filter(|span| !matches!(span.what, Held::Server(_)))
            .all(|span| span.until.is_none())
    );
    for session in [seated, waits] {
        db.end(session).await;
    }
    let spans = db.store.pool_spans(scaled.pool, NOW).await.unwrap();
    assert!(
        spans
            .iter()
            .filter(|span| !matches!(span.what, Held::Server(_)))
            .all(|span| span.until.is_some())
    );
    let later = NOW.plus_secs(3600);
    let spans = db.store.pool_spans(scaled.pool, later).await.unwrap();
    assert_eq!(of(&spans, Held::Session), 0, "long over");
}
