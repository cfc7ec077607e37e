//! Where the two databases differ, and one SQL text must mean the same.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use domain::audit::AuditFilter;
use domain::id::{AuditId, PoolId, ServerId, UserId, ZoneId};
use domain::timestamp::Timestamp;
use serde_json::Map;
use store::{DecisionFilter, PageRequest, ServerFilter, SessionFilter, StoreError};

use crate::database::{Db, NOW};
use crate::decision::decision;
use crate::given::{
    ALL, config_columns, fixed_input, machine, pool_input, provider_input, seats, zone_input,
};
use crate::ssh_key;

crate::on_both![
    numbers_are_not_cut_to_32_bits,
    a_sum_is_a_whole_number,
    a_filter_that_is_not_set_filters_nothing,
    nul_in_text_is_refused_before_the_database_sees_it,
    an_empty_text_is_not_a_missing_one,
    pages_are_ordered_by_id_whatever_the_names,
    names_are_sorted_and_told_apart_by_their_bytes,
    a_unique_violation_names_the_thing_and_leaves_no_trace,
    what_a_row_refers_to_must_be_there,
    a_transaction_dropped_half_way_leaves_no_trace,
];

async fn numbers_are_not_cut_to_32_bits(db: Db) {
    let far = Timestamp::from_millis(i64::MAX);
    let id = db.id(ZoneId::from_uuid);
    let zone = db.store.zone_insert(id, zone_input("Far"), far, db.audit());
    zone.await.unwrap();
    assert_eq!(db.store.zone(id).await.unwrap().unwrap().created_at, far);

    let provider = db.provider("Cloud", u32::MAX).await;
    let row = db.store.provider(provider).await.unwrap().unwrap();
    assert_eq!(row.max_instances, u32::MAX);

    let pool = db.pool("Desks").await;
    let mut columns = config_columns("Desks", pool, id, provider);
    columns.minimum = u32::MAX;
    columns.backoff_secs = u32::MAX;
    columns.limits.max_users = Some(u32::MAX);
    let config = db.config(columns.clone()).await;
    let row = db.store.config(config).await.unwrap().unwrap();
    assert_eq!(row.columns, columns);
}

async fn a_sum_is_a_whole_number(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let empty = db.store.pool(pool).await.unwrap().unwrap();
    assert_eq!(empty.counts.free_seats, 0);
    for name in ["one", "two"] {
        db.fixed(pool, zone, name, seats(1_500_000_000)).await;
    }
    let row = db.store.pool(pool).await.unwrap().unwrap();
    assert_eq!(row.counts.free_seats, 3_000_000_000);
}

async fn a_filter_that_is_not_set_filters_nothing(db: Db) {
    let zone = db.zone("Here").await;
    let provider = db.provider("Cloud", 1).await;
    let fence = db.fence().await;
    let (ada, ben) = (db.user("ada").await, db.user("ben").await);
    let mut pools = Vec::new();
    for (name, person) in [("One", ada.id), ("Two", ben.id)] {
        let pool = db.pool(name).await;
        db.config(config_columns(name, pool, zone, provider)).await;
        let server = db.fixed(pool, zone, name, seats(9)).await;
        db.seated(&server, person).await;
        let decided = decision(&db, pool, NOW);
        db.store.decisions_insert(fence, &[decided]).await.unwrap();
        pools.push((pool, server.id, person));
    }
    let (store, (pool, server, person)) = (&db.store, pools[0]);
    for (only, found) in [(None, 2), (Some(pool), 1)] {
        let servers = ServerFilter {
            pool: only,
            ..ServerFilter::default()
        };
        assert_eq!(store.servers_page(servers, ALL).await.unwrap().len(), found);
        assert_eq!(store.configs_page(only, ALL).await.unwrap().len(), found);
        let decisions = DecisionFilter {
            pool: only,
            ..DecisionFilter::default()
        };
        let decisions = store.decisions_page(decisions, None, 9).await.unwrap();
        assert_eq!(decisions.len(), found);
        assert_eq!(store.snapshot(only, NOW).await.unwrap().pools.len(), found);
    }
    let none = SessionFilter::default();
    for (filter, found) in [
        (none, 2),
        (
            SessionFilter {
                pool: Some(pool),
                ..none
            },
            1,
        ),
        (
            SessionFilter {
                server: Some(server),
                ..none
            },
            1,
        ),
        (
            SessionFilter {
                user: Some(person),
                ..none
            },
            1,
        ),
        (
            SessionFilter {
                user: Some(ben.id),
                pool: Some(pool),
                ..none
            },
            0,
        ),
    ] {
        assert_eq!(store.sessions_page(filter, ALL).await.unwrap().len(), found);
    }
    let everything = store
        .audit_page(&AuditFilter::default(), None, 1000)
        .await
        .unwrap();
    let oldest: AuditId = everything.last().unwrap().id;
    assert_eq!(
        store
            .audit_page(&AuditFilter::default(), Some(oldest), 1000)
            .await
            .unwrap(),
        []
    );
}

async fn nul_in_text_is_refused_before_the_database_sees_it(db: Db) {
    let id = db.id(ZoneId::from_uuid);
    let insert = db
        .store
        .zone_insert(id, zone_input("a\0b"), NOW, db.audit());
    assert!(matches!(db.refusal(insert).await, StoreError::NulInText));
    let named = db.store.user_by_name("a\0b").await;
    assert!(matches!(named, Err(StoreError::NulInText)));
}

async fn an_empty_text_is_not_a_missing_one(db: Db) {
    let mut new = db.new_user("ada");
    new.password_hash = Some(String::new());
    db.store.user_insert(new, db.audit()).await.unwrap();
    let (_, hash) = db.store.user_by_name("ada").await.unwrap().unwrap();
    assert_eq!(hash.as_deref(), Some(""));
}

/// Names that sort differently by bytes, by case and by accent.
const NAMES: [&str; 7] = ["b", "A", "é", "Z", "a_b", "ab", "日本"];

async fn pages_are_ordered_by_id_whatever_the_names(db: Db) {
    for name in NAMES {
        db.zone(name).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = db.store.zones_page(PageRequest { after, limit: 2 }).await;
        let page = page.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.uuid());
        seen.extend(page.into_iter().map(|zone| zone.input.name));
    }
    assert_eq!(seen, NAMES);
}

async fn names_are_sorted_and_told_apart_by_their_bytes(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    for name in ["é", "b", "B", "a_b", "ab"] {
        db.fixed(pool, zone, name, seats(1)).await;
    }
    let delete = db.store.zone_delete(zone, 1, db.audit());
    let (by, _) = db.refuses_in_use(delete).await;
    assert_eq!(by, ["B", "a_b", "ab", "b", "é"]);

    db.user("ada").await;
    assert_eq!(db.store.user_by_name("Ada").await.unwrap(), None);
    // The same letter in two ways of writing it: two names.
    db.zone("caf\u{e9}").await;
    db.zone("cafe\u{301}").await;
}

async fn a_unique_violation_names_the_thing_and_leaves_no_trace(db: Db) {
    let scaled = db.scaled().await;
    let store = &db.store;
    let duplicate = |error: StoreError| match error {
        StoreError::Duplicate { what } => what,
        other => panic!("{other:?}"),
    };

    let id = db.id(ZoneId::from_uuid);
    let zone = store.zone_insert(id, zone_input("Here"), NOW, db.audit());
    assert_eq!(duplicate(db.refusal(zone).await), "name");
    let zone = store.zone_insert(scaled.zone, zone_input("There"), NOW, db.audit());
    assert_eq!(duplicate(db.refusal(zone).await), "id");
    let id = db.id(PoolId::from_uuid);
    let pool = store.pool_insert(id, pool_input("Desks"), NOW, db.audit());
    assert_eq!(duplicate(db.refusal(pool).await), "name");
    let id = db.id(domain::id::ProviderId::from_uuid);
    let provider =
        store.provider_insert(id, provider_input("Cloud", 1), Vec::new(), NOW, db.audit());
    assert_eq!(duplicate(db.refusal(provider).await), "name");
    let id = db.id(domain::id::ConfigId::from_uuid);
    let columns = config_columns("Desks", scaled.pool, scaled.zone, scaled.provider);
    let config = store.config_insert(id, columns, Map::new(), Vec::new(), NOW, db.audit());
    assert_eq!(duplicate(db.refusal(config).await), "name");
    let ldap = async || {
        let id = db.id(domain::id::LdapConfigId::from_uuid);
        let name = "Corp".to_owned();
        store
            .ldap_config_insert(id, name, Map::new(), Vec::new(), NOW, db.audit())
            .await
    };
    ldap().await.unwrap();
    assert_eq!(duplicate(db.refusal(ldap()).await), "name");

    let ada = db.user("ada").await;
    let second = store.user_insert(db.new_user("ada"), db.audit());
    assert_eq!(duplicate(db.refusal(second).await), "name");
    let ssh_key = || store.ssh_key_insert(ada.id, ssh_key::key(&db, "one"), db.audit());
    ssh_key().await.unwrap();
    assert_eq!(duplicate(db.refusal(ssh_key()).await), "fingerprint");

    // Another server may have the name, and another row the machine, once the first is deleted.
    let first = db.running(&scaled, "m-1").await;
    let again = store.record_intents(
        scaled.fence,
        vec![db.new_server(&scaled, "m-1")],
        60,
        vec![db.audit()],
    );
    assert_eq!(duplicate(db.refusal(again).await), "name");
    let second = db.requested(&scaled, "m-2").await;
    let state = domain::server::ServerState::Provisioning {
        machine: machine("m-1"),
    };
    let adopt = || store.server_write(None, crate::given::step(&second, state.clone()), None);
    assert_eq!(duplicate(db.refusal(adopt()).await), "machine");
    let gone = domain::server::ServerState::Deleted {
        why: domain::server::DeleteReason::Admin,
    };
    db.moved(&first, gone).await;
    adopt().await.unwrap();
    db.requested(&scaled, "m-1").await;
}

async fn what_a_row_refers_to_must_be_there(db: Db) {
    let (pool, zone) = (db.pool("Desks").await, db.zone("Here").await);
    let nowhere = db.id(ZoneId::from_uuid);
    let insert = |pool, zone| {
        db.store.fixed_server_insert(
            db.id(ServerId::from_uuid),
            fixed_input(pool, zone, "desk", seats(1)),
            domain::secret::Secret::new("the access data"),
            NOW,
            db.audit(),
        )
    };
    db.refuses_as_missing(insert(pool, nowhere)).await;
    let no_pool = db.id(PoolId::from_uuid);
    db.refuses_as_missing(insert(no_pool, zone)).await;
    let nobody = db.id(UserId::from_uuid);
    let login = db.store.login_insert("hash", nobody, NOW, NOW);
    db.refuses_as_missing(login).await;
}

async fn a_transaction_dropped_half_way_leaves_no_trace(db: Db) {
    let (mut without_trace, mut whole, mut steps) = (0, 0, 0);
    // How often an insert waits is the database's affair: it is repeated until it was dropped often enough.
    while without_trace < 10 {
        assert!(whole < 1000, "no insert is ever dropped half-way");
        steps += 1;
        let (id, name) = (db.id(PoolId::from_uuid), format!("Desks {whole}"));
        let insert = db.store.pool_insert(id, pool_input(&name), NOW, db.audit());
        let has_ended = within(steps, insert).await;
        // Its commit may be on its way still: all of it is there, or nothing.
        let written = db
            .number(
                "SELECT (SELECT COUNT(*) FROM pools) + 10 * (SELECT COUNT(*) FROM pool_access)
                    + 100 * (SELECT COUNT(*) FROM audit)",
            )
            .await;
        match written - 111 * whole {
            111 => (whole, steps) = (whole + 1, 0),
            0 => {
                assert!(!has_ended, "it ended and nothing is written");
                without_trace += 1;
            }
            half => panic!("{half} is written after {steps} steps"),
        }
    }
    // The connections that were dropped with it serve on.
    db.zone("Here").await;
}

/// Drives a future until it has waited `steps` times, and tells whether it came to its end.
async fn within<T>(mut steps: u32, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if steps == 1 => Poll::Ready(false),
        Poll::Pending => {
            steps -= 1;
            Poll::Pending
        }
    })
    .await
}
