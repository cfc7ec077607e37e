//! The database of one installation, the key that belongs to it, and what is done where it was restored or copied.

use std::os::unix::fs::PermissionsExt as _;

use domain::id::GenerationId;
use domain::server::{DeleteReason, ServerState};
use domain::session::{EndReason, SessionState};
use domain::snapshot::Hold;
use store::{BackupError, DatabaseUrl, IntentOutcome, MasterKey, OpenError, Store};

use crate::database::{Db, NOW, key};
use crate::given::seats;

crate::on_both![
    a_database_stays_the_same_deployment,
    another_key_is_refused_and_changes_nothing,
    a_schema_of_a_newer_weir_is_refused,
    a_database_is_new_until_it_was_opened,
    a_database_without_a_generation_gets_one_and_keeps_it,
    a_database_that_lies_elsewhere_is_held_until_it_is_adopted,
    a_fork_leaves_all_machines_to_the_original,
];

/// What there is of files alone.
mod of_files {
    crate::tests!(sqlite:
        an_older_state_in_the_same_place_is_noticed,
        a_backup_is_a_whole_copy_that_knows_what_it_is,
        what_cannot_be_restored_changes_nothing
    );
}

mod of_servers {
    crate::tests!(postgres: a_server_is_backed_up_by_its_own_tools);
}

async fn a_database_stays_the_same_deployment(db: Db) {
    let first = db.store.deployment().await.unwrap();
    assert_eq!((first.created_at, first.setup_done), (NOW, false));
    let again = db.reopen(&key()).await.unwrap();
    assert_eq!(again.deployment().await.unwrap(), first);
    again.ping().await.unwrap();
    again.close().await;
    assert!(again.ping().await.is_err());
}

async fn another_key_is_refused_and_changes_nothing(db: Db) {
    let before = db.dump().await;
    let other = MasterKey::from_bytes([8; 32]);
    let Err(OpenError::WrongKey { expected, found }) = db.reopen(&other).await else {
        panic!("opened with a wrong key")
    };
    assert_eq!((expected, found), (key().id(), other.id()));
    assert_eq!(db.dump().await, before);
}

async fn a_schema_of_a_newer_weir_is_refused(db: Db) {
    db.run("UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
    let opened = db.reopen(&key()).await.map(|_| ());
    assert!(
        matches!(opened, Err(OpenError::NewerSchema { migration: 9999 })),
        "{opened:?}"
    );
}

async fn a_database_is_new_until_it_was_opened(db: Db) {
    assert!(!Store::is_new(&db.url).await.unwrap());
    assert!(Store::is_new(&DatabaseUrl::SqliteMemory).await.unwrap());
    // A process that died between the schema and the first row.
    db.run("DELETE FROM deployment").await;
    assert!(Store::is_new(&db.url).await.unwrap());
}

async fn a_database_without_a_generation_gets_one_and_keeps_it(db: Db) {
    // As versions before left it.
    db.run("UPDATE deployment SET generation = NULL, home = NULL")
        .await;
    let store = db.reopen(&key()).await.unwrap();
    let generation = store.deployment().await.unwrap().generation;
    assert_eq!(store.deployment_look(db.audit()).await.unwrap(), None);
    assert_eq!(
        db.number("SELECT COUNT(*) FROM deployment WHERE home IS NOT NULL")
            .await,
        1
    );
    let again = db.reopen(&key()).await.unwrap();
    assert_eq!(again.deployment().await.unwrap().generation, generation);
    let snapshot = again.snapshot(None, NOW).await.unwrap();
    assert_eq!((snapshot.generation, snapshot.hold), (generation, None));
}

/// Has the database lie in another place than it knows.
async fn move_away(db: &Db) {
    let elsewhere = r#"{"file":{"inode":1,"born":1}}"#;
    db.run(format!("UPDATE deployment SET home = '{elsewhere}'"))
        .await;
}

async fn a_database_that_lies_elsewhere_is_held_until_it_is_adopted(db: Db) {
    let scaled = db.scaled().await;
    let look = async || db.store.deployment_look(db.audit()).await.unwrap();
    assert_eq!(look().await, None, "it lies where it was made");
    assert!(!db.store.deployment_adopt(db.audit()).await.unwrap());
    db.requested(&scaled, "desk-0").await;
    db.run("UPDATE autoscale_loop SET surplus_since = 1").await;
    let deeds = db.number("SELECT COUNT(*) FROM audit").await;

    move_away(&db).await;
    let noticed = look().await.expect("news");
    assert_eq!(noticed.since, NOW);
    assert!(noticed.why.contains("another place"), "{}", noticed.why);
    assert_eq!(look().await, None, "it is no news any more");
    let known = db.store.deployment().await.unwrap();
    assert_eq!(known.observing, Some(noticed));
    assert_eq!(
        db.store.deployment_hold().await.unwrap(),
        Some(Hold::Observing)
    );
    let new = db.new_server(&scaled, "desk-1");
    assert_eq!(db.intent(&scaled, new).await, IntentOutcome::Held);

    assert!(db.store.deployment_adopt(db.audit()).await.unwrap());
    assert!(!db.store.deployment_adopt(db.audit()).await.unwrap());
    assert_eq!(look().await, None, "it lies where it belongs");
    let adopted = db.store.deployment().await.unwrap();
    assert_eq!(adopted.observing, None);
    assert_eq!(adopted.generation, known.generation);
    let anew = "SELECT COUNT(*) FROM servers WHERE begun_anew_at IS NOT NULL";
    assert_eq!(db.number(anew).await, 1, "its time begins anew");
    let lapsed = "SELECT COUNT(*) FROM autoscale_loop WHERE surplus_since IS NOT NULL";
    assert_eq!(db.number(lapsed).await, 0, "so does the wait");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, deeds + 2);
    let new = db.new_server(&scaled, "desk-2");
    assert_eq!(db.intent(&scaled, new).await, IntentOutcome::Recorded);
}

async fn a_fork_leaves_all_machines_to_the_original(db: Db) {
    let scaled = db.scaled().await;
    let made = db.running(&scaled, "desk-1").await;
    let asked_for = db.requested(&scaled, "desk-2").await;
    let fixed = db.fixed(scaled.pool, scaled.zone, "desk-3", seats(4)).await;
    let (ana, ben, eve) = (
        db.user("ana").await,
        db.user("ben").await,
        db.user("eve").await,
    );
    let on_made = db.seated(&made, ana.id).await;
    let on_fixed = db.seated(&fixed, ben.id).await;
    let waiting = db.queued(scaled.pool, eve.id).await;
    let next = db.id(GenerationId::from_uuid);
    let fork = async || db.store.deployment_fork(next, db.audit()).await.unwrap();
    assert_eq!(fork().await, None, "nobody has asked what it is");
    let before = db.store.deployment().await.unwrap();

    move_away(&db).await;
    db.store.deployment_look(db.audit()).await.unwrap();
    let deeds = db.number("SELECT COUNT(*) FROM audit").await;
    let forked = fork().await.expect("a fork");
    assert_eq!(
        forked.servers,
        [(made.id, scaled.pool), (asked_for.id, scaled.pool)]
    );
    assert_eq!(forked.sessions, [(on_made, scaled.pool, ana.id)]);
    assert_eq!(fork().await, None, "it is said already");
    let after = db.store.deployment().await.unwrap();
    assert_eq!((after.id, after.generation), (before.id, next));
    assert_ne!(before.generation, next);
    assert_eq!(after.observing, None);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit").await, deeds + 1);

    let gone = ServerState::Deleted {
        why: DeleteReason::Forked,
    };
    for server in [&made, &asked_for] {
        assert_eq!(db.server(server.id).await.status, gone);
        assert_eq!(db.store.intent_request(server.id).await.unwrap(), None);
        let steps = db.store.server_steps(server.id).await.unwrap();
        assert_eq!(steps.last().expect("a step").state, "deleted");
    }
    assert_eq!(db.server(fixed.id).await.status, fixed.status);
    let state = async |id| {
        db.store
            .session(id)
            .await
            .unwrap()
            .expect("a session")
            .state
    };
    assert!(matches!(
        state(on_made).await,
        SessionState::Ended {
            how: EndReason::ServerLost,
            ..
        }
    ));
    assert!(matches!(
        state(on_fixed).await,
        SessionState::Assigned { .. }
    ));
    assert!(matches!(state(waiting).await, SessionState::Queued));
}

async fn an_older_state_in_the_same_place_is_noticed(db: Db) {
    let fence = db.fence().await;
    let look = async || {
        let store = db.reopen(&key()).await.unwrap();
        store.deployment_look(db.audit()).await.unwrap()
    };
    assert_eq!(look().await, None);
    let renewals = db.number("SELECT renewals FROM leases").await;
    // As it was before its lease was taken last.
    db.run("UPDATE leases SET renewals = renewals - 1").await;
    let noticed = look().await.expect("news");
    assert!(noticed.why.contains("older"), "{}", noticed.why);
    assert!(db.store.deployment_adopt(db.audit()).await.unwrap());
    assert_eq!(look().await, None, "this is the newest now");
    db.store.lease_release("test", fence).await.unwrap();
    assert_eq!(
        db.number("SELECT renewals FROM leases").await,
        renewals - 1,
        "only taking and renewing counts"
    );
}

/// The names of all files in a folder.
fn files_in(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn a_backup_is_a_whole_copy_that_knows_what_it_is(db: Db) {
    let scaled = db.scaled().await;
    let server = db.running(&scaled, "desk-1").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weir.backup");
    Store::backup(&db.url, &file, NOW).await.unwrap();
    assert_eq!(files_in(folder.path()), ["weir.backup"]);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = Store::backup(&db.url, &file, NOW).await;
    assert!(
        matches!(again, Err(BackupError::Exists { .. })),
        "{again:?}"
    );
    assert_eq!(
        db.store.deployment_hold().await.unwrap(),
        None,
        "only the copy is held"
    );

    let data = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::SqliteFile(data.path().join("weir.db"));
    Store::restore(&url, &key(), &file, NOW).await.unwrap();
    assert_eq!(files_in(data.path()), ["weir.db"]);
    let twice = Store::restore(&url, &key(), &file, NOW).await;
    assert!(
        matches!(twice, Err(BackupError::NotEmpty { .. })),
        "{twice:?}"
    );
    let restored = db.reopen_at(&url, &key()).await.unwrap();
    let (was, is) = (
        db.store.deployment().await.unwrap(),
        restored.deployment().await.unwrap(),
    );
    assert_eq!((is.id, is.generation), (was.id, was.generation));
    let why = is.observing.expect("it is held").why;
    assert!(why.contains("a backup of"), "{why}");
    let there = restored.server(server.id).await.unwrap().expect("a row");
    assert_eq!(there.server.status, server.status);
    restored.close().await;
}

async fn what_cannot_be_restored_changes_nothing(db: Db) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    Store::backup(&db.url, &file("whole"), NOW).await.unwrap();
    let whole = std::fs::read(file("whole")).unwrap();
    std::fs::write(file("half"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(file("empty"), "").unwrap();
    std::fs::write(file("text"), "no database\n".repeat(100)).unwrap();
    let data = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::SqliteFile(data.path().join("weir.db"));
    for name in ["half", "empty", "text"] {
        let refused = Store::restore(&url, &key(), &file(name), NOW).await;
        assert!(
            matches!(refused, Err(BackupError::Damaged { .. })),
            "{name}: {refused:?}"
        );
    }
    let other = MasterKey::from_bytes([8; 32]);
    let refused = Store::restore(&url, &other, &file("whole"), NOW).await;
    assert!(
        matches!(refused, Err(BackupError::Open(OpenError::WrongKey { .. }))),
        "{refused:?}"
    );
    let refused = Store::restore(&url, &key(), &file("missing"), NOW).await;
    assert!(
        matches!(refused, Err(BackupError::Io { .. })),
        "{refused:?}"
    );
    assert_eq!(files_in(data.path()), Vec::<String>::new());
}

async fn a_server_is_backed_up_by_its_own_tools(db: Db) {
    let file = tempfile::tempdir().unwrap().path().join("weir.backup");
    let refused = Store::backup(&db.url, &file, NOW).await;
    let told = refused.expect_err("refused").to_string();
    assert!(told.contains("pg_dump"), "{told}");
    assert!(!file.exists());
}
