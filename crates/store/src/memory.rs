//! SQLite in memory, for tests and the simulation: one connection for all, and nobody else can write.
//!
//! So it knows which tables have been written since something was read of them, and answers what is asked again and cannot
//! have changed without asking the database: a simulated day asks for the same rows thousands of times, and what that takes
//! is to hand each statement to the thread of the connection and each row back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::timestamp::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Sqlite};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::group::BEGIN_WRITE;
use crate::row::{Arg, Row, bound};
use crate::snapshot::StoredSnapshot;

/// The tables that a snapshot is read from.
const LOOKED_AT: &str =
    "deployment providers pools autoscale_configs autoscale_loop servers sessions orphans";

/// Of one statement the answers to so many different arguments are kept.
const ANSWERS: usize = 64;

/// The database. Without a pool, which would ask the connection whether it is alive each time that it comes back. Cheap to
/// clone.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Mutex<Inner>>);

struct Inner {
    connection: SqliteConnection,
    tables: Arc<[Table]>,
    answers: BTreeMap<Asked, Answers>,
    looked_at: Vec<usize>,
    looked: Option<Answer<(Timestamp, StoredSnapshot)>>,
    transaction: Transaction,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Transaction {
    None,
    /// Who began it has not committed it. Left so, it is rolled back by who comes next.
    Open,
    /// It is committed as soon as the next begins, in one go: on the only connection nobody can tell.
    Done,
}

/// How a transaction begins after one that is [`Transaction::Done`].
const COMMIT_AND_BEGIN: &str = "COMMIT; BEGIN IMMEDIATE";

/// A table, with the number of times that a row of it was written.
struct Table {
    name: String,
    writes: AtomicU64,
}

/// A statement, and whether only its first row is wanted.
type Asked = (&'static str, bool);

/// What is known of a statement.
struct Answers {
    /// The tables that it names.
    of: Vec<usize>,
    by_args: BTreeMap<Vec<Arg>, Answer<Vec<Row>>>,
}

/// What was read, with the number of writes until then to the tables that it was read from.
struct Answer<T> {
    writes: u64,
    read: T,
}

/// The connection, as long as one caller has it; the others come after, in the order in which they asked. A read needs no
/// transaction: nobody else can write meanwhile.
pub(crate) struct Held(OwnedMutexGuard<Inner>);

impl Memory {
    pub(crate) async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let inner = Inner {
            connection: options.connect().await?,
            tables: Arc::default(),
            answers: BTreeMap::new(),
            looked_at: Vec::new(),
            looked: None,
            transaction: Transaction::None,
        };
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Runs the migrations that are missing. What is read from the tables that there are then is remembered.
    pub(crate) async fn migrate(&self, migrator: &Migrator) -> Result<(), MigrateError> {
        let mut held = self.take().await;
        let connection = &mut held.0.connection;
        // What `run` does with a connection, which it is not general enough to take where the future must be `Send`.
        migrator.run_direct(None, connection, false).await?;
        let names = "SELECT name FROM sqlite_master WHERE type = 'table'";
        let names = sqlx::query_scalar::<_, String>(names).fetch_all(&mut *connection);
        let table = |name| Table {
            name,
            writes: AtomicU64::new(0),
        };
        let tables: Arc<[Table]> = names.await?.into_iter().map(table).collect();
        let counted = Arc::clone(&tables);
        connection.lock_handle().await?.set_update_hook(move |row| {
            if let Some(table) = counted.iter().find(|table| table.name == row.table) {
                table.writes.fetch_add(1, Ordering::SeqCst);
            }
        });
        held.0.looked_at = named(&tables, LOOKED_AT);
        held.0.tables = tables;
        held.0.forget();
        Ok(())
    }

    pub(crate) async fn take(&self) -> Held {
        // Whoever is quick to come back lets others ask first: else the order would hang on how soon the database answers,
        // and nothing would replay.
        tokio::task::yield_now().await;
        let mut held = Held(Arc::clone(&self.0).lock_owned().await);
        if held.0.transaction == Transaction::Open {
            // Where its commit was carried out and nobody waited for the answer, there is nothing to roll back.
            let _ = sqlx::query("ROLLBACK")
                .execute(&mut held.0.connection)
                .await;
            held.0.transaction = Transaction::None;
            // What was read in it may have gone again, which counts as no write.
            held.0.forget();
        }
        held
    }
}

impl Held {
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        let begin = match self.0.transaction {
            Transaction::Done => COMMIT_AND_BEGIN,
            Transaction::None | Transaction::Open => BEGIN_WRITE,
        };
        self.0.transaction = Transaction::Open;
        let connection = &mut self.0.connection;
        sqlx::query(begin).execute(connection).await?;
        Ok(())
    }

    pub(crate) fn commit(mut self) {
        if self.0.transaction == Transaction::Open {
            self.0.transaction = Transaction::Done;
        }
    }

    /// Runs a statement and returns how many rows it touched.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<u64, sqlx::Error> {
        if !sql.contains("WHERE") && sql.starts_with("DELETE") {
            // SQLite empties a table as a whole, and tells of no row.
            self.0.forget();
        }
        let connection = &mut self.0.connection;
        let done = bound!(Sqlite, sql, args).execute(connection).await?;
        Ok(done.rows_affected())
    }

    /// The rows of a statement.
    pub(crate) async fn all(
        &mut self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.0.read((sql, false), table, args).await
    }

    /// The only row of a statement, if there is one.
    pub(crate) async fn one(
        &mut self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.0.read((sql, true), table, args).await?.pop())
    }

    /// The last snapshot of the whole deployment, if one now would be the same.
    pub(crate) fn looked(&self, now: Timestamp) -> Option<StoredSnapshot> {
        let known = self.0.looked.as_ref()?;
        let (then, snapshot) = &known.read;
        let is_same = known.writes == self.0.writes(&self.0.looked_at)
            && *then <= now
            && snapshot.lasts_until(now);
        is_same.then(|| snapshot.clone())
    }

    /// Remembers a snapshot of the whole deployment.
    pub(crate) fn keep(&mut self, now: Timestamp, snapshot: &StoredSnapshot) {
        self.0.looked = Some(Answer {
            writes: self.0.writes(&self.0.looked_at),
            read: (now, snapshot.clone()),
        });
    }
}

impl Inner {
    /// What a statement gives: read, or remembered where nothing has been written since to the tables that it names.
    async fn read(
        &mut self,
        asked: Asked,
        table: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let (sql, only_first) = asked;
        let may_keep = sql.starts_with("SELECT") && !self.tables.is_empty();
        if may_keep
            && let Some(known) = self.answers.get(&asked)
            && let Some(answer) = known.by_args.get(&args)
            && answer.writes == self.writes(&known.of)
        {
            return Ok(answer.read.clone());
        }
        let kept = may_keep.then(|| args.clone());
        let query = bound!(Sqlite, sql, args);
        let rows = if only_first {
            let row = query.fetch_optional(&mut self.connection).await?;
            row.into_iter().collect()
        } else {
            query.fetch_all(&mut self.connection).await?
        };
        let rows = rows.into_iter().map(|row| Row::new(table, row.into()));
        let rows: Vec<Row> = rows.collect();
        if let Some(args) = kept {
            let tables = &self.tables;
            let known = self.answers.entry(asked).or_insert_with(|| Answers {
                of: named(tables, sql),
                by_args: BTreeMap::new(),
            });
            if known.by_args.len() >= ANSWERS {
                known.by_args.clear();
            }
            let answer = Answer {
                writes: writes(tables, &known.of),
                read: rows.clone(),
            };
            known.by_args.insert(args, answer);
        }
        Ok(rows)
    }

    fn writes(&self, of: &[usize]) -> u64 {
        writes(&self.tables, of)
    }

    fn forget(&mut self) {
        self.answers.clear();
        self.looked = None;
    }
}

/// The tables that a text names. A column of the same name does no harm: more is read again than need be.
fn named(tables: &[Table], text: &str) -> Vec<usize> {
    let is_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let names = |table: &Table| {
        text.split(|one| !is_of_word(one))
            .any(|word| word == table.name)
    };
    let tables = tables.iter().enumerate();
    tables
        .filter(|(_, table)| names(table))
        .map(|(nth, _)| nth)
        .collect()
}

fn writes(tables: &[Table], of: &[usize]) -> u64 {
    let counts = of.iter().filter_map(|nth| tables.get(*nth));
    counts
        .map(|table| table.writes.load(Ordering::SeqCst))
        .sum()
}

#[cfg(test)]
mod tests {
    use crate::db::{DatabaseUrl, Db};
    use crate::row::args;

    const COUNT: &str = "SELECT COUNT(*) AS count FROM sealing_keys";
    const INSERT: &str =
        "INSERT INTO sealing_keys (id, fingerprint, created_at) VALUES ($1, $1, 0)";

    async fn open() -> Db {
        let db = Db::connect(&DatabaseUrl::SqliteMemory).await.unwrap();
        db.migrate().await.unwrap();
        db
    }

    async fn count(db: &Db) -> u32 {
        let row = db.one("sealing_keys", COUNT, args![]).await.unwrap();
        row.unwrap().get("count").unwrap()
    }

    #[tokio::test]
    async fn what_was_written_is_read_again() {
        let db = open().await;
        assert_eq!((count(&db).await, count(&db).await), (0, 0));
        let mut tx = db.write().await.unwrap();
        tx.run(INSERT, args!["one"]).await.unwrap();
        let within = tx.one("sealing_keys", COUNT, args![]).await.unwrap();
        assert_eq!(within.unwrap().get::<u32>("count").unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 1);
        let mut tx = db.write().await.unwrap();
        tx.run("DELETE FROM sealing_keys", args![]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(count(&db).await, 0, "SQLite tells of no row here");
    }

    #[tokio::test]
    async fn what_is_rolled_back_is_forgotten() {
        let db = open().await;
        let mut tx = db.write().await.unwrap();
        tx.run(INSERT, args!["one"]).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.write().await.unwrap();
        tx.run(INSERT, args!["two"]).await.unwrap();
        let within = tx.one("sealing_keys", COUNT, args![]).await.unwrap();
        assert_eq!(within.unwrap().get::<u32>("count").unwrap(), 2);
        drop(tx);
        assert_eq!(count(&db).await, 1, "the one before stays");
    }

    #[tokio::test]
    async fn other_arguments_are_another_question() {
        let db = open().await;
        let sql = "SELECT $1 AS id FROM leases";
        for id in ["one", "two", "one"] {
            let row = db.one("leases", sql, args![id]).await.unwrap().unwrap();
            assert_eq!(row.get::<String>("id").unwrap(), id);
        }
    }
}
