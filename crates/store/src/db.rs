//! Sqlite or Postgres: only this file decides which it is. Connections, transactions, and one statement for both.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Postgres, Sqlite, Transaction};

use crate::error::{OpenError, StoreError};
use crate::group::{Member, Writer};
use crate::home::Home;
use crate::memory::{Held, Memory};
use crate::migrations;
use crate::row::{Arg, Cells, Row, bound};
use crate::set::SetSql;

/// Which database to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file; it is made if it is missing.
    SqliteFile(PathBuf),
    /// SQLite in memory: for tests and the simulation. One connection, so it replays exactly.
    SqliteMemory,
    /// `postgres://user:password@host/database`.
    Postgres(String),
}

impl DatabaseUrl {
    /// The database as messages may name it: never with a password.
    fn place(&self) -> String {
        match self {
            Self::SqliteFile(path) => format!("file {}", path.display()),
            Self::SqliteMemory => "in memory".to_owned(),
            Self::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => format!(
                    "{} on {}:{}",
                    options.get_database().unwrap_or("(default)"),
                    options.get_host(),
                    options.get_port()
                ),
                Err(_) => "at the given address, which is not a postgres:// URL".to_owned(),
            },
        }
    }

    fn connect_error(&self, source: sqlx::Error) -> OpenError {
        OpenError::Connect {
            place: self.place(),
            source: Box::new(source),
        }
    }
}

/// How long a statement waits for another writer of the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// No transaction waits for anything but the database. One that has sent nothing for this long belongs to a process that stands
/// still or is cut off: Postgres ends it, since its locks, above all that on the lease, would hold up all other processes.
const IDLE_IN_TRANSACTION: &str = "SET idle_in_transaction_session_timeout = '3s'";
/// How long a method waits for a free connection. Those who write to SQLite wait for each other, in the order of their coming.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 20;

/// The pools of connections.
#[derive(Clone)]
pub(crate) enum Db {
    /// One writer, so that writers queue here and not on the file's lock; readers see the last commit meanwhile (WAL).
    Sqlite {
        /// The writer.
        write: Writer,
        /// The readers.
        read: SqlitePool,
    },
    /// One connection for all.
    Memory(Memory),
    /// READ COMMITTED for writes (the guards are made for it), a stable snapshot for reads.
    Postgres(PgPool),
}

/// A transaction. Dropped without [`Tx::commit`] it leaves no trace.
pub(crate) enum Tx {
    SqliteRead(Transaction<'static, Sqlite>),
    SqliteWrite(Member),
    Memory(Held),
    Postgres(Transaction<'static, Postgres>),
}

/// Repeats an expression for each kind of transaction, with `D` as the database's type; what is in memory has its own.
macro_rules! each {
    ($self:expr, $held:ident => $memory:expr, $inner:ident => $body:expr) => {
        match $self {
            Tx::SqliteRead($inner) => {
                type D = Sqlite;
                $body
            }
            Tx::SqliteWrite(member) => {
                type D = Sqlite;
                let $inner = member.transaction()?;
                $body
            }
            Tx::Memory($held) => Ok($memory.await?),
            Tx::Postgres($inner) => {
                type D = Postgres;
                $body
            }
        }
    };
}

impl Db {
    pub(crate) async fn connect(url: &DatabaseUrl) -> Result<Self, OpenError> {
        let opened = match url {
            DatabaseUrl::SqliteFile(path) => {
                let options = sqlite_options(SqliteConnectOptions::new().filename(path))
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                sqlite_pool(1)
                    .connect_with(options.clone())
                    .await
                    .map(|write| {
                        let readers = options.create_if_missing(false).pragma("query_only", "1");
                        Self::Sqlite {
                            write: Writer::new(write),
                            read: sqlite_pool(SQLITE_READERS).connect_lazy_with(readers),
                        }
                    })
            }
            DatabaseUrl::SqliteMemory => {
                let options = sqlite_options(SqliteConnectOptions::new().in_memory(true));
                Memory::open(&options).await.map(Self::Memory)
            }
            DatabaseUrl::Postgres(address) => match PgConnectOptions::from_str(address) {
                Ok(options) => PgPoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    // Not as an option of the connection, which poolers refuse.
                    .after_connect(|connection, _| {
                        Box::pin(async move {
                            sqlx::query(IDLE_IN_TRANSACTION).execute(connection).await?;
                            Ok(())
                        })
                    })
                    .connect_with(options.application_name("weir"))
                    .await
                    .map(Self::Postgres),
                Err(error) => Err(error),
            },
        };
        opened.map_err(|source| url.connect_error(source))
    }

    /// Runs the migrations that are missing.
    pub(crate) async fn migrate(&self) -> Result<(), OpenError> {
        let migrator = migrations::migrator();
        let done = match self {
            Self::Sqlite { write, .. } => migrator.run(write.pool()).await,
            Self::Memory(memory) => memory.migrate(&migrator).await,
            Self::Postgres(pool) => migrator.run(pool).await,
        };
        done.map_err(migrations::open_error)
    }

    /// A transaction that writes.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::SqliteWrite(write.begin().await?),
            Self::Memory(memory) => {
                let mut held = memory.take().await;
                held.begin().await?;
                Tx::Memory(held)
            }
            Self::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
                    .await?,
            ),
        })
    }

    /// A transaction that reads: all its statements see the same moment.
    pub(crate) async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::SqliteRead(read.begin().await?),
            Self::Memory(memory) => Tx::Memory(memory.take().await),
            Self::Postgres(pool) => Tx::Postgres(
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    .await?,
            ),
        })
    }

    /// The rows of one reading statement. `table` names it in errors.
    pub(crate) async fn all(
        &self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        refuse_nul(&args)?;
        Ok(match self {
            Self::Sqlite { read, .. } => {
                rows(table, bound!(Sqlite, sql, args).fetch_all(read).await?)
            }
            Self::Memory(memory) => memory.take().await.all(table, sql, args).await?,
            Self::Postgres(pool) => rows(table, bound!(Postgres, sql, args).fetch_all(pool).await?),
        })
    }

    /// The only row of one reading statement, if there is one.
    pub(crate) async fn one(
        &self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, StoreError> {
        refuse_nul(&args)?;
        Ok(match self {
            Self::Sqlite { read, .. } => {
                let row = bound!(Sqlite, sql, args).fetch_optional(read).await?;
                row.map(|row| Row::new(table, row.into()))
            }
            Self::Memory(memory) => memory.take().await.one(table, sql, args).await?,
            Self::Postgres(pool) => {
                let row = bound!(Postgres, sql, args).fetch_optional(pool).await?;
                row.map(|row| Row::new(table, row.into()))
            }
        })
    }

    /// Where the database lies; none where nothing outside of it tells.
    pub(crate) async fn home(&self, url: &DatabaseUrl) -> Option<Home> {
        match url {
            DatabaseUrl::Postgres(_) => self.cluster().await,
            DatabaseUrl::SqliteFile(path) => Home::of_file(path),
            DatabaseUrl::SqliteMemory => None,
        }
    }

    /// Where a database of Postgres lies.
    pub(crate) async fn cluster(&self) -> Option<Home> {
        let Self::Postgres(pool) = self else {
            return None;
        };
        let database = "SELECT oid::bigint FROM pg_database WHERE datname = current_database()";
        let database = sqlx::query_scalar(database).fetch_one(pool).await.ok()?;
        // Not every account may ask this.
        let system = "SELECT system_identifier FROM pg_control_system()";
        let system = sqlx::query_scalar(system).fetch_one(pool).await.ok();
        Some(Home::Cluster { system, database })
    }

    /// Whether several processes may use this database at once.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Sends a text to those who listen to a channel.
    pub(crate) async fn notify(&self, channel: &str, text: &str) -> Result<(), StoreError> {
        if let Self::Postgres(pool) = self {
            sqlx::query("SELECT pg_notify($1, $2)")
                .bind(channel)
                .bind(text)
                .execute(pool)
                .await?;
        }
        Ok(())
    }

    /// Listens to a channel, where the database has any.
    pub(crate) async fn listen(&self, channel: &str) -> Result<Option<Listener>, StoreError> {
        let Self::Postgres(pool) = self else {
            return Ok(None);
        };
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(channel).await?;
        Ok(Some(Listener(listener)))
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            // It goes with the last who knows it.
            Self::Memory(_) => {}
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// What is sent to a channel.
pub(crate) struct Listener(PgListener);

impl Listener {
    /// The next text; an error where the connection was lost, since then texts may have been too.
    pub(crate) async fn next(&mut self) -> Result<String, StoreError> {
        match self.0.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(StoreError::Unavailable(
                "the connection that listens was lost".into(),
            )),
        }
    }
}

impl Tx {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::SqliteRead(tx) => tx.commit().await?,
            Self::SqliteWrite(member) => member.commit().await?,
            Self::Memory(held) => held.commit(),
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// The statement as this database reads it.
    pub(crate) const fn text_of(&self, sql: SetSql) -> &'static str {
        match self {
            Self::SqliteRead(_) | Self::SqliteWrite(_) | Self::Memory(_) => sql.sqlite,
            Self::Postgres(_) => sql.postgres,
        }
    }

    /// What is remembered, where nobody else can write.
    pub(crate) fn memory(&mut self) -> Option<&mut Held> {
        match self {
            Self::Memory(held) => Some(held),
            Self::SqliteRead(_) | Self::SqliteWrite(_) | Self::Postgres(_) => None,
        }
    }

    /// Runs a statement and returns how many rows it touched.
    pub(crate) async fn run(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<u64, StoreError> {
        refuse_nul(&args)?;
        each!(self, held => held.run(sql, args), tx => {
            Ok(bound!(D, sql, args).execute(&mut **tx).await?.rows_affected())
        })
    }

    /// The rows of a statement. `table` names it in errors.
    pub(crate) async fn all(
        &mut self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>, StoreError> {
        refuse_nul(&args)?;
        each!(self, held => held.all(table, sql, args), tx => {
            Ok(rows(table, bound!(D, sql, args).fetch_all(&mut **tx).await?))
        })
    }

    /// Why an UPDATE that names a version touched no row: `exists` finds the row or it does not.
    pub(crate) async fn why_not(
        &mut self,
        exists: &'static str,
        args: Vec<Arg>,
    ) -> Result<StoreError, StoreError> {
        Ok(match self.one("", exists, args).await? {
            Some(_) => StoreError::StaleVersion,
            None => StoreError::NotFound,
        })
    }

    /// Refuses a delete of something whose users `names` finds (a column `name`).
    pub(crate) async fn refuse_if_used(
        &mut self,
        names: &'static str,
        args: Vec<Arg>,
    ) -> Result<(), StoreError> {
        let rows = self.all("", names, args).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let mut names = rows
            .iter()
            .map(|row| row.get("name"))
            .collect::<Result<Vec<String>, _>>()?;
        names.sort();
        Err(StoreError::in_use(names))
    }

    /// The only row of a statement, if there is one.
    pub(crate) async fn one(
        &mut self,
        table: &'static str,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<Row>, StoreError> {
        refuse_nul(&args)?;
        each!(self, held => held.one(table, sql, args), tx => {
            let row = bound!(D, sql, args).fetch_optional(&mut **tx).await?;
            Ok(row.map(|row| Row::new(table, row.into())))
        })
    }
}

fn rows<R: Into<Cells>>(table: &'static str, rows: Vec<R>) -> Vec<Row> {
    let rows = rows.into_iter();
    rows.map(|row| Row::new(table, row.into())).collect()
}

/// Whether the database holds no deployment yet.
pub(crate) async fn is_new(url: &DatabaseUrl) -> Result<bool, OpenError> {
    let tables = match url {
        DatabaseUrl::SqliteMemory => return Ok(true),
        DatabaseUrl::SqliteFile(path) if !path.exists() => return Ok(true),
        DatabaseUrl::SqliteFile(path) => {
            let options = sqlite_options(SqliteConnectOptions::new().filename(path));
            let query =
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'deployment'";
            let mut connection = sqlx::SqliteConnection::connect_with(&options)
                .await
                .map_err(|source| url.connect_error(source))?;
            let tables = sqlx::query_scalar::<_, i64>(query)
                .fetch_one(&mut connection)
                .await
                .map_err(StoreError::from)?;
            connection.close().await.map_err(StoreError::from)?;
            tables
        }
        DatabaseUrl::Postgres(address) => {
            let query =
                "SELECT COUNT(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('deployment')";
            let mut connection = sqlx::PgConnection::connect(address)
                .await
                .map_err(|source| url.connect_error(source))?;
            let tables = sqlx::query_scalar::<_, i64>(query)
                .fetch_one(&mut connection)
                .await
                .map_err(StoreError::from)?;
            connection.close().await.map_err(StoreError::from)?;
            tables
        }
    };
    if tables == 0 {
        return Ok(true);
    }
    let db = Db::connect(url).await?;
    let row = db
        .one("deployment", "SELECT id FROM deployment", Vec::new())
        .await?;
    db.close().await;
    Ok(row.is_none())
}

/// Copies a SQLite database, as of one moment, into a file that is empty, while others go on using it.
pub(crate) async fn copy_sqlite(database: &Path, file: &Path) -> Result<(), StoreError> {
    let options = sqlite_options(SqliteConnectOptions::new().filename(database));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let copied = sqlx::query("VACUUM INTO $1")
        .bind(file.to_string_lossy().into_owned())
        .execute(&mut connection)
        .await;
    connection.close().await?;
    copied?;
    Ok(())
}

/// What is wrong with a SQLite file, if it is not whole.
pub(crate) async fn damage_of_sqlite(file: &Path) -> Option<String> {
    let options = sqlite_options(SqliteConnectOptions::new().filename(file));
    let checked = async {
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
        let checked = sqlx::query_scalar::<_, String>("PRAGMA integrity_check(1)")
            .fetch_one(&mut connection)
            .await;
        connection.close().await?;
        checked
    };
    match checked.await {
        Ok(said) => (said != "ok").then_some(said),
        Err(sqlx::Error::Database(error)) => Some(error.message().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fn sqlite_options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options.foreign_keys(true).busy_timeout(BUSY_TIMEOUT)
}

/// Connections are kept for good: closing the only one of a memory database would lose it, and a file gains nothing.
fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .acquire_timeout(ACQUIRE_TIMEOUT)
}

/// Postgres cannot hold NUL in a text and SQLite can: refused on both, before either sees it.
fn refuse_nul(args: &[Arg]) -> Result<(), StoreError> {
    let holds_nul = |arg: &Arg| matches!(arg, Arg::Text(Some(text)) if text.contains('\0'));
    if args.iter().any(holds_nul) {
        return Err(StoreError::NulInText);
    }
    Ok(())
}
