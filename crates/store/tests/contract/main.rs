//! The contract of the store, the same on both databases: what comes back is what was written, what is refused leaves no
//! trace, and what counts cannot be miscounted however many write at once.
//!
//! Each case is one text that runs as `sqlite::name` and as `postgres::name`. `WEIR_TEST_POSTGRES` names a running server
//! on which each case makes a database of its own; `make test` starts one and sets it.

#![expect(
    clippy::unwrap_used,
    reason = "a case ends where the store does not answer"
)]

/// Makes two tests of each case: one on SQLite, one on Postgres.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod sqlite { crate::tests!(sqlite: $($case),+); }
        mod postgres { crate::tests!(postgres: $($case),+); }
    };
}

/// Tests that run `super::$case` on one database. Several threads, so that what races in a case really does.
macro_rules! tests {
    ($database:ident: $($case:ident),+) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            crate::database::$database(super::$case).await;
        }
    )+ };
}
use on_both;
use tests;

mod api_key;
mod audit;
mod autoscale;
mod autoscale_version;
mod capacity;
mod database;
mod decision;
mod demo;
mod deployment;
mod draft;
mod given;
mod idempotency;
mod ldap_config;
mod lease;
mod login;
mod one_sql;
mod orphan;
mod pool;
mod provider;
mod races;
mod retention;
mod secret;
mod server;
mod server_console;
mod server_intent;
mod server_step;
mod session;
mod session_seat;
mod snapshot;
mod ssh_key;
mod user;
mod zone;
