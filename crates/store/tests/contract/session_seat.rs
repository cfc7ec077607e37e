//! Who gets a seat or a place in the queue, whatever was decided meanwhile.

use domain::connection::Protocol;
use domain::id::{ServerId, SessionId, UserId};
use domain::server::{DrainReason, SeatLimits, Server};
use domain::session::SessionKind;
use store::{NewSession, PersonLimits, SeatOutcome, SeatWrite};

use crate::database::{Db, NOW};
use crate::given::{NO_LIMITS, seats};

crate::on_both![
    a_server_has_as_many_seats_as_it_may_hold_sessions,
    a_server_has_as_many_seats_as_it_may_hold_people,
    only_a_running_server_of_the_pool_has_seats,
    a_single_use_server_is_its_first_persons,
    a_person_has_one_rdp_desktop_on_a_server,
    waiting_and_open_sessions_count_against_the_quota,
    requests_of_the_last_minute_count_against_the_pace,
    one_who_waits_gets_a_seat_once,
    each_decision_is_judged_by_itself,
];

use SeatOutcome::{Done, QuotaReached, Stale, TooFast};

async fn seat(db: &Db, server: &Server, user: UserId) -> SeatOutcome {
    let session = db.new_session(server.pool_id, user);
    db.seat(SeatWrite::SeatNew(session, server.id)).await
}

async fn a_server_has_as_many_seats_as_it_may_hold_sessions(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(2)).await;
    let ada = db.user("ada").await.id;
    let first = db.seated(&server, ada).await;
    assert_eq!(seat(&db, &server, ada).await, Done);
    let before = db.dump().await;
    assert_eq!(seat(&db, &server, ada).await, Stale);
    assert_eq!(db.dump().await, before);
    db.end(first).await;
    assert_eq!(seat(&db, &server, ada).await, Done);
    assert_eq!(db.server(server.id).await.open_sessions, 2);
}

async fn a_server_has_as_many_seats_as_it_may_hold_people(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let limits = SeatLimits {
        max_sessions: 9,
        max_users: Some(1),
    };
    let server = db.fixed(pool, zone, "desk", limits).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    assert_eq!(seat(&db, &server, ada).await, Done);
    assert_eq!(seat(&db, &server, ben).await, Stale);
    assert_eq!(
        seat(&db, &server, ada).await,
        Done,
        "who is there already costs no place"
    );
}

async fn only_a_running_server_of_the_pool_has_seats(db: Db) {
    let scaled = db.scaled().await;
    let ada = db.user("ada").await.id;
    let server = db.requested(&scaled, "m-1").await;
    assert_eq!(seat(&db, &server, ada).await, Stale);
    let server = db.moved(&server, crate::given::running("m-1")).await;
    let shells = db.pool("Shells").await;
    let stray = db.new_session(shells, ada);
    assert_eq!(db.seat(SeatWrite::SeatNew(stray, server.id)).await, Stale);
    let server = db
        .moved(
            &server,
            server.status.clone().drain(DrainReason::Admin).unwrap(),
        )
        .await;
    assert_eq!(seat(&db, &server, ada).await, Stale);
    let missing = Server {
        id: db.id(ServerId::from_uuid),
        ..server
    };
    assert_eq!(seat(&db, &missing, ada).await, Stale);
}

async fn a_single_use_server_is_its_first_persons(db: Db) {
    let scaled = db.scaled_by(|columns| columns.reusable = false).await;
    let server = db.running(&scaled, "m-1").await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let first = db.seated(&server, ada).await;
    assert_eq!(seat(&db, &server, ben).await, Stale);
    assert_eq!(seat(&db, &server, ada).await, Done);
    db.end(first).await;
    assert_eq!(
        seat(&db, &server, ben).await,
        Stale,
        "even once there is room"
    );
    assert_eq!(db.server_row(server.id).await.first_user, Some(ada));
}

async fn a_person_has_one_rdp_desktop_on_a_server(db: Db) {
    let scaled = db.scaled_by(|columns| {
        columns.protocol = Protocol::Rdp;
        columns.limits = seats(9);
    });
    let scaled = scaled.await;
    let mut new = db.new_server(&scaled, "m-1");
    new.protocol = Protocol::Rdp;
    let id = new.id;
    db.intent(&scaled, new).await;
    let server = db
        .moved(&db.server(id).await, crate::given::running("m-1"))
        .await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let rdp = async |user, kind| {
        let protocol = Protocol::Rdp;
        let session = NewSession {
            kind,
            protocol,
            ..db.new_session(scaled.pool, user)
        };
        db.seat(SeatWrite::SeatNew(session, server.id)).await
    };
    let app = || SessionKind::App {
        app: "writer".to_owned(),
    };
    assert_eq!(rdp(ada, app()).await, Done);
    assert_eq!(rdp(ada, SessionKind::Desktop).await, Done);
    assert_eq!(rdp(ada, SessionKind::Desktop).await, Stale);
    assert_eq!(rdp(ada, app()).await, Done);
    assert_eq!(rdp(ben, SessionKind::Desktop).await, Done);
}

async fn waiting_and_open_sessions_count_against_the_quota(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    db.seated(&server, ada).await;
    let waiting = db.queued(pool, ada).await;
    let limits = PersonLimits {
        sessions: 2,
        ..NO_LIMITS
    };
    let ask = async |write| {
        let outcomes = db
            .store
            .seat(None, vec![write], limits, NOW, vec![db.audit()]);
        outcomes.await.unwrap()[0]
    };
    let before = db.dump().await;
    let new = |user| db.new_session(pool, user);
    assert_eq!(ask(SeatWrite::Queue(new(ada))).await, QuotaReached);
    assert_eq!(
        ask(SeatWrite::SeatNew(new(ada), server.id)).await,
        QuotaReached
    );
    assert_eq!(db.dump().await, before);
    assert_eq!(ask(SeatWrite::Queue(new(ben))).await, Done);
    // Who waits already has been counted.
    let seat = SeatWrite::SeatQueued {
        session: waiting,
        server: server.id,
        expires_at: NOW,
    };
    assert_eq!(ask(seat).await, Done);
    db.end(waiting).await;
    assert_eq!(ask(SeatWrite::Queue(new(ada))).await, Done);
}

async fn requests_of_the_last_minute_count_against_the_pace(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let limits = PersonLimits {
        requests_per_minute: 2,
        ..NO_LIMITS
    };
    let ask = async |user, secs| {
        let now = NOW.plus_secs(secs);
        let session = NewSession {
            requested_at: now,
            ..db.new_session(pool, user)
        };
        let write = SeatWrite::SeatNew(session, server.id);
        let outcomes = db
            .store
            .seat(None, vec![write], limits, now, vec![db.audit()]);
        outcomes.await.unwrap()[0]
    };
    assert_eq!(ask(ada, 0).await, Done);
    assert_eq!(ask(ada, 20).await, Done);
    // What has ended counts too, what was refused does not.
    db.run("UPDATE sessions SET state = 'ended', ended_at = 1, end_reason = 'owner'")
        .await;
    let before = db.dump().await;
    for secs in [21, 59] {
        assert_eq!(ask(ada, secs).await, TooFast(NOW.plus_secs(60)));
    }
    assert_eq!(db.dump().await, before);
    assert_eq!(ask(ben, 59).await, Done);
    assert_eq!(ask(ada, 60).await, Done);
    assert_eq!(ask(ada, 61).await, TooFast(NOW.plus_secs(80)));
}

async fn one_who_waits_gets_a_seat_once(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(9)).await;
    let ada = db.user("ada").await.id;
    let (waiting, cancelled) = (db.queued(pool, ada).await, db.queued(pool, ada).await);
    db.end(cancelled).await;
    let seat = async |session| {
        db.seat(SeatWrite::SeatQueued {
            session,
            server: server.id,
            expires_at: NOW,
        })
        .await
    };
    assert_eq!(seat(waiting).await, Done);
    let before = db.dump().await;
    for session in [waiting, cancelled, db.id(SessionId::from_uuid)] {
        assert_eq!(seat(session).await, Stale);
    }
    assert_eq!(db.dump().await, before);
}

async fn each_decision_is_judged_by_itself(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let server = db.fixed(pool, zone, "desk", seats(1)).await;
    let (ada, ben) = (db.user("ada").await.id, db.user("ben").await.id);
    let nobody = db.id(UserId::from_uuid);
    let new = |user| db.new_session(pool, user);
    let before = db.number("SELECT COUNT(*) FROM audit").await;
    let writes = vec![
        SeatWrite::SeatNew(new(ada), server.id),
        SeatWrite::SeatNew(new(ben), server.id),
        SeatWrite::Queue(new(nobody)),
        SeatWrite::Queue(new(ben)),
    ];
    let audit = writes.iter().map(|_| db.audit()).collect();
    let outcomes = db
        .store
        .seat(None, writes, NO_LIMITS, NOW, audit)
        .await
        .unwrap();
    assert_eq!(outcomes, [Done, Stale, Stale, Done]);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, before + 2);

    let missing = db.id(domain::id::PoolId::from_uuid);
    let queue = db.store.seat(
        None,
        vec![SeatWrite::Queue(db.new_session(missing, ada))],
        NO_LIMITS,
        NOW,
        vec![db.audit()],
    );
    db.refuses_as_missing(queue).await;
}
