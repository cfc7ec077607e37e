//! The demo: what it is made of, what has happened in it, and its visitors.

use domain::demo::DemoChecklist;
use domain::id::{PoolId, UserId};
use domain::server::{DrainReason, FailReason, ServerState};
use store::NewUser;

use crate::database::{Database, Db, NOW};
use crate::given::{ALL, Scaled, address, config_columns, machine, running, seats, step};

crate::on_both![
    there_is_one_demo_and_it_ends_with_its_pool,
    what_was_deleted_by_hand_is_no_part_of_it,
    each_line_is_ticked_by_what_has_happened,
    a_server_that_takes_the_place_of_another_is_no_growth,
    the_last_failure_is_told_until_another_server_is_ready,
    visitors_are_made_once_and_not_while_some_wait,
    visits_get_the_end_of_a_visit_once,
    visitors_go_with_their_pool_and_hold_it_while_they_have_sessions,
    what_else_uses_its_parts_is_named,
    a_removal_begins_once,
    a_demo_of_an_earlier_version_is_found_by_its_names,
];

const MINUTE: i64 = 60_000;

impl Database {
    async fn demo(&self, scaled: &Scaled) {
        let made = self
            .store
            .demo_insert(scaled.pool, scaled.zone, scaled.provider, self.audit());
        made.await.unwrap();
    }

    async fn checklist(&self) -> DemoChecklist {
        self.store.demo().await.unwrap().unwrap().checklist
    }

    fn new_visitors(&self) -> Vec<NewUser> {
        let visitor = |name: &str| NewUser {
            password_hash: None,
            ..self.new_user(name)
        };
        ["Visitor 1", "Visitor 2"].map(visitor).into()
    }

    async fn visit(&self, pool: PoolId) -> Option<Vec<UserId>> {
        let sent = self
            .store
            .demo_visit(pool, self.new_visitors(), NOW, NOW, self.audit());
        sent.await.unwrap()
    }
}

async fn there_is_one_demo_and_it_ends_with_its_pool(db: Db) {
    assert_eq!(db.store.demo().await.unwrap(), None);
    assert_eq!(db.store.demo_stage(MINUTE).await.unwrap(), None);
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let row = db.store.demo().await.unwrap().unwrap();
    assert_eq!(
        (row.pool, row.provider, row.removing_at),
        (scaled.pool, Some(scaled.provider), None)
    );
    assert_eq!(
        (row.parts.pool_name.as_str(), row.parts.configs),
        ("Desks", 1)
    );
    let second = db
        .store
        .demo_insert(scaled.pool, scaled.zone, scaled.provider, db.audit());
    db.refusal(second).await;

    let gone = db.store.config_delete(scaled.config, 1, db.audit());
    gone.await.unwrap();
    let gone = db.store.pool_delete(scaled.pool, 1, db.audit());
    gone.await.unwrap();
    assert_eq!(db.store.demo().await.unwrap(), None);
}

async fn what_was_deleted_by_hand_is_no_part_of_it(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let gone = db.store.config_delete(scaled.config, 1, db.audit());
    gone.await.unwrap();
    let gone = db.store.provider_delete(scaled.provider, 1, db.audit());
    gone.await.unwrap();
    let gone = db.store.zone_delete(scaled.zone, 1, db.audit());
    gone.await.unwrap();
    let row = db.store.demo().await.unwrap().unwrap();
    assert_eq!((row.provider, &row.parts.provider), (None, &None));
    let stage = db.store.demo_stage(MINUTE).await.unwrap().unwrap();
    assert_eq!((stage.provider, stage.zone), (None, None));
}

async fn each_line_is_ticked_by_what_has_happened(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    assert_eq!(db.checklist().await, DemoChecklist::default());

    let first = db.running(&scaled, "first").await;
    let one = DemoChecklist {
        server_ready: true,
        ..DemoChecklist::default()
    };
    assert_eq!(db.checklist().await, one);

    let visitors = db.visit(scaled.pool).await.unwrap();
    db.seated(&first, visitors[0]).await;
    let ada = db.user("ada").await.id;
    db.queued(scaled.pool, ada).await;
    assert_eq!(db.checklist().await, one, "visitors and people who wait");
    db.seated(&first, ada).await;
    let two = DemoChecklist {
        session_launched: true,
        ..one
    };
    assert_eq!(db.checklist().await, two);

    db.running(&scaled, "second").await;
    let three = DemoChecklist {
        scaled: true,
        ..two
    };
    assert_eq!(db.checklist().await, three);

    for is_first in [true, false] {
        let read = db.store.demo_why_read(scaled.pool, NOW, db.audit());
        assert_eq!(read.await.unwrap(), is_first);
        let away = db.store.demo_dismiss(scaled.pool, NOW, db.audit());
        assert_eq!(away.await.unwrap(), is_first);
    }
    let all = db.checklist().await;
    assert!(all.is_complete() && all.dismissed);
}

async fn a_server_that_takes_the_place_of_another_is_no_growth(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let first = db.running(&scaled, "first").await;
    let draining = ServerState::Draining {
        machine: Some(machine("first")),
        address: address(),
        why: DrainReason::Admin,
    };
    db.moved(&first, draining).await;
    let second = db.requested(&scaled, "second").await;
    let mut write = step(&second, running("second"));
    write.at = NOW.plus_secs(1);
    db.write(write).await;
    assert!(!db.checklist().await.scaled);
}

async fn the_last_failure_is_told_until_another_server_is_ready(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    db.running(&scaled, "before").await;
    let failed = db.requested(&scaled, "broken").await;
    let later = NOW.plus_secs(1);
    let mut write = step(
        &failed,
        ServerState::Failed {
            machine: None,
            why: FailReason::Script,
        },
    );
    write.at = later;
    write.message = Some(Some("A disk is full".to_owned()));
    db.write(write).await;
    let told = async || {
        db.store
            .demo()
            .await
            .unwrap()
            .unwrap()
            .last_failure
            .unwrap()
    };
    let failure = told().await;
    assert_eq!(
        (failure.server_id, failure.at, failure.replaced),
        (failed.id, later, false)
    );
    assert_eq!(failure.message.as_deref(), Some("A disk is full"));

    let next = db.requested(&scaled, "next").await;
    let mut write = step(&next, running("next"));
    write.at = NOW.plus_secs(2);
    db.write(write).await;
    assert!(told().await.replaced);
}

async fn visitors_are_made_once_and_not_while_some_wait(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let visitors = db.visit(scaled.pool).await.unwrap();
    assert_eq!(visitors.len(), 2);
    let person = db.store.user(visitors[0]).await.unwrap().unwrap();
    assert_eq!((person.name.as_str(), person.visitor), ("Visitor 1", true));
    let found = db.store.user_by_name("Visitor 1").await.unwrap();
    assert_eq!(found, Some((person, None)), "without a password");

    let at = |secs| NOW.plus_secs(secs);
    let send = |pause_began, now| {
        db.store
            .demo_visit(scaled.pool, db.new_visitors(), pause_began, now, db.audit())
    };
    // Within the pause, and then after it.
    let too_soon = send(NOW.plus_millis(-1), at(1)).await.unwrap();
    assert_eq!(too_soon, None);
    let again = send(NOW, at(5)).await.unwrap();
    assert_eq!(again, Some(visitors.clone()), "the same people");

    db.queued(scaled.pool, visitors[1]).await;
    assert_eq!(send(at(10), at(15)).await.unwrap(), None);
    let row = db.store.demo().await.unwrap().unwrap();
    assert_eq!((row.visitors_waiting, row.parts.visitors), (1, 2));
}

async fn visits_get_the_end_of_a_visit_once(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let server = db.running(&scaled, "desk").await;
    let visitors = db.visit(scaled.pool).await.unwrap();
    let visit = db.seated(&server, visitors[0]).await;
    db.queued(scaled.pool, visitors[1]).await;
    let other = db.seated(&server, db.user("ada").await.id).await;
    let ends = async |id| db.store.session(id).await.unwrap().unwrap().expires_at;
    let before = ends(other).await;
    let stage = db.store.demo_stage(MINUTE).await.unwrap().unwrap();
    assert_eq!(stage.long_visits, 1);

    let shorten = || {
        db.store
            .demo_shorten_visits(scaled.fence, scaled.pool, MINUTE, db.audit())
    };
    assert_eq!(shorten().await.unwrap(), [(visit, visitors[0])]);
    assert_eq!(ends(visit).await, NOW.plus_millis(MINUTE));
    assert_eq!(ends(other).await, before);
    assert_eq!(shorten().await.unwrap(), []);
    let stage = db.store.demo_stage(MINUTE).await.unwrap().unwrap();
    assert_eq!(stage.long_visits, 0);
}

async fn visitors_go_with_their_pool_and_hold_it_while_they_have_sessions(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let visitors = db.visit(scaled.pool).await.unwrap();
    let elsewhere = db.pool("Elsewhere").await;
    let waits = db.queued(elsewhere, visitors[0]).await;
    assert_eq!(db.store.demo_sessions(scaled.pool).await.unwrap(), [waits]);
    let gone = db.store.config_delete(scaled.config, 1, db.audit());
    gone.await.unwrap();
    let delete = || db.store.pool_delete(scaled.pool, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete()).await;
    assert_eq!(by, [waits.to_string()]);
    db.end(waits).await;
    assert_eq!(db.store.demo_sessions(scaled.pool).await.unwrap(), []);
    let ada = db.user("ada").await;
    delete().await.unwrap();
    assert_eq!(db.store.users_page(ALL).await.unwrap(), [ada]);
}

async fn what_else_uses_its_parts_is_named(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let part = async || db.store.demo().await.unwrap().unwrap().parts;
    let unused = part().await;
    assert_eq!(unused.provider.unwrap().used_by, [""; 0]);
    assert_eq!(unused.zone.unwrap().used_by, [""; 0]);
    let other = db.pool("Other").await;
    let mine = config_columns("Mine", other, scaled.zone, scaled.provider);
    db.config(mine).await;
    db.fixed(other, scaled.zone, "a desk", seats(1)).await;
    let used = part().await;
    assert_eq!(used.provider.unwrap().used_by, ["Mine"]);
    assert_eq!(used.zone.unwrap().used_by, ["Mine", "a desk"]);
}

async fn a_removal_begins_once(db: Db) {
    let scaled = db.scaled().await;
    db.demo(&scaled).await;
    let remove = |at| db.store.demo_remove(scaled.pool, at, db.audit());
    assert!(db.store.demo_break(scaled.pool, db.audit()).await.unwrap());
    assert!(remove(NOW).await.unwrap());
    assert!(!remove(NOW.plus_secs(1)).await.unwrap());
    let row = db.store.demo().await.unwrap().unwrap();
    assert_eq!(row.removing_at, Some(NOW));
    let stage = db.store.demo_stage(MINUTE).await.unwrap().unwrap();
    assert!(stage.is_removing);
    // Nothing more happens in it.
    assert_eq!(db.visit(scaled.pool).await, None);
    let broken = db.store.demo_break(scaled.pool, db.audit());
    assert!(!broken.await.unwrap());
}

async fn a_demo_of_an_earlier_version_is_found_by_its_names(db: Db) {
    let zone = db.zone("This machine").await;
    let provider = db.provider("This machine", 5).await;
    let pool = db.pool("Demo").await;
    db.config(config_columns("Demo", pool, zone, provider))
        .await;
    let step = include_str!("../../../../migrations/0010_demo.sql");
    let from = step.find("INSERT INTO demo").unwrap();
    let insert = step[from..].split(';').next().unwrap();
    db.run(insert).await;
    let row = db.store.demo().await.unwrap().unwrap();
    assert_eq!((row.pool, row.provider), (pool, Some(provider)));
    assert_eq!(row.parts.zone.unwrap().name, "This machine");
}
