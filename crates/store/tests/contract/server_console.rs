//! What the machines of servers that failed wrote last.

use domain::server::{DeleteReason, FailReason, ServerState};
use store::{KeptConsole, StoreError};

use crate::database::{Db, NOW};
use crate::given::{address, machine};

crate::on_both![what_a_machine_wrote_last_is_kept_until_its_server_is_forgotten];

async fn what_a_machine_wrote_last_is_kept_until_its_server_is_forgotten(db: Db) {
    let scaled = db.scaled().await;
    let console = |text: &str, secs| KeptConsole {
        text: text.to_owned(),
        is_cut: true,
        read_at: NOW.plus_secs(secs),
    };
    let booting = ServerState::Booting {
        machine: machine("m"),
        address: address(),
    };
    let server = db.server_in(&scaled, "desk", booting).await;
    let id = server.id;
    let keep = async |kept| db.store.server_console_keep(scaled.fence, id, kept).await;
    assert!(!keep(console("it starts", 0)).await.unwrap());
    assert_eq!(db.store.server_console(id).await.unwrap(), None);

    let why = DeleteReason::Failed(FailReason::Script);
    let deleting = ServerState::Deleting {
        machine: Some(machine("m")),
        why,
    };
    let server = db.moved(&server, deleting).await;
    assert!(keep(console("license server", 1)).await.unwrap());
    let last = console("license server unreachable\n", 2);
    assert!(keep(last.clone()).await.unwrap());
    assert_eq!(
        db.store.server_console(id).await.unwrap(),
        Some(last.clone())
    );

    let server = db.moved(&server, ServerState::Deleted { why }).await;
    assert!(!keep(console("", 3)).await.unwrap());
    assert_eq!(db.store.server_console(id).await.unwrap(), Some(last));

    let other = db.store.lease_take("another", NOW.plus_secs(61), 60_000);
    other.await.unwrap().expect("the lease");
    let late = keep(console("late", 4)).await;
    assert!(matches!(late, Err(StoreError::StaleFence)), "{late:?}");

    let month = NOW.plus_millis(31 * 24 * 3_600_000);
    db.store.retention(month).await.unwrap();
    assert_eq!(db.store.server(server.id).await.unwrap(), None);
    assert_eq!(db.store.server_console(id).await.unwrap(), None);
}
