//! A database of its own for each case, and a look into it past the store.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::clock::{Clock, Entropy};
use domain::id::{DeploymentId, GenerationId};
use domain::timestamp::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlitePool};
use store::{DatabaseUrl, MasterKey, OpenError, Store, StoreError};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// When everything happens, unless a case says otherwise. More than an INT4 holds.
pub const NOW: Timestamp = Timestamp::from_millis(1_900_000_000_000);

/// What a case works on.
pub type Db = Arc<Database>;

/// An open store with all that its database needs to live.
pub struct Database {
    /// The store.
    pub store: Store,
    /// Where its database is.
    pub url: DatabaseUrl,
    past_the_store: Pool,
    chance: Arc<Chance>,
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs a case on a SQLite file: with its writer, its readers and its log, as in production.
pub async fn sqlite<F: Future<Output = ()>>(case: impl FnOnce(Db) -> F) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("weir.db");
    let options = SqliteConnectOptions::new().filename(&path);
    let pool = Pool::Sqlite(SqlitePool::connect_lazy_with(options));
    case(Database::open(DatabaseUrl::SqliteFile(path), pool).await).await;
}

/// Runs a case in a schema of its own, which is as good as a database and made in a hundredth of the time. The database
/// around all of them stays for the next run.
pub async fn postgres<F>(case: impl FnOnce(Db) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    static AROUND: OnceCell<String> = OnceCell::const_new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let around = AROUND.get_or_init(database_around).await;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let schema = format!("case_{}_{number}", std::process::id());
    administer(around, format!("CREATE SCHEMA {schema}")).await;
    let url = format!("{around}?options=-c%20search_path%3D{schema}");
    let pool = Pool::Postgres(PgPool::connect_lazy(&url).expect("a URL"));
    let db = Database::open(DatabaseUrl::Postgres(url), pool).await;
    // On a task, so that the schema goes whatever becomes of the case.
    let ended = tokio::spawn(case(db)).await;
    administer(around, format!("DROP SCHEMA {schema} CASCADE")).await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

/// It sorts text as people do: an order that is not that of bytes is seen here.
async fn database_around() -> String {
    const NAME: &str = "weir_contract";
    let server = std::env::var("WEIR_TEST_POSTGRES")
        .expect("WEIR_TEST_POSTGRES names no Postgres; `make test` starts one and sets it");
    let (base, _) = server.rsplit_once('/').expect("a URL with a database");
    let mut connection = connect(&server).await;
    let there = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM pg_database WHERE datname = $1")
        .bind(NAME)
        .fetch_one(&mut connection)
        .await
        .expect("an answer");
    if there == 0 {
        let sorted = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'";
        administer(&server, format!("CREATE DATABASE {NAME} {sorted}")).await;
    }
    format!("{base}/{NAME}")
}

async fn connect(url: &str) -> PgConnection {
    let connection = PgConnection::connect(url).await;
    connection.expect("the Postgres that WEIR_TEST_POSTGRES names")
}

async fn administer(url: &str, statement: String) {
    let done = sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connect(url).await)
        .await;
    done.expect("a user who may make databases");
}

/// The key of every database here.
pub fn key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

impl Database {
    async fn open(url: DatabaseUrl, past_the_store: Pool) -> Db {
        let chance = Arc::new(Chance(AtomicU64::new(1)));
        let deployment = DeploymentId::new(&*chance, &*chance);
        let generation = GenerationId::new(&*chance, &*chance);
        let store = Store::open(&url, &key(), deployment, generation, NOW, chance.clone())
            .await
            .expect("a new database");
        Arc::new(Self {
            store,
            url,
            past_the_store,
            chance,
        })
    }

    /// Opens the same database once more, as a second process does.
    pub async fn reopen(&self, key: &MasterKey) -> Result<Store, OpenError> {
        self.reopen_at(&self.url, key).await
    }

    /// Opens another database, as a process does that finds it where it is.
    pub async fn reopen_at(&self, url: &DatabaseUrl, key: &MasterKey) -> Result<Store, OpenError> {
        let deployment = self.id(DeploymentId::from_uuid);
        let generation = self.id(GenerationId::from_uuid);
        Store::open(url, key, deployment, generation, NOW, self.chance.clone()).await
    }

    /// A new id; later ones are greater.
    pub fn id<T>(&self, wrap: fn(Uuid) -> T) -> T {
        wrap(domain::id::new_uuid(&*self.chance, &*self.chance))
    }

    /// The error of something that must be refused and leave no trace.
    pub async fn refusal<T: Debug>(
        &self,
        refused: impl Future<Output = store::Result<T>>,
    ) -> StoreError {
        let before = self.dump().await;
        let error = refused.await.expect_err("refused");
        assert_eq!(self.dump().await, before, "{error}");
        error
    }

    /// Sees that a write of something that has changed meanwhile is refused.
    pub async fn refuses_as_stale<T: Debug>(&self, write: impl Future<Output = store::Result<T>>) {
        let error = self.refusal(write).await;
        assert!(matches!(error, StoreError::StaleVersion), "{error:?}");
    }

    /// Sees that a write of something that is not there is refused.
    pub async fn refuses_as_missing<T: Debug>(
        &self,
        write: impl Future<Output = store::Result<T>>,
    ) {
        let error = self.refusal(write).await;
        assert!(matches!(error, StoreError::NotFound), "{error:?}");
    }

    /// Sees that a write of an earlier holder of the lease is refused.
    pub async fn refuses_the_fence<T: Debug>(&self, write: impl Future<Output = store::Result<T>>) {
        let error = self.refusal(write).await;
        assert!(matches!(error, StoreError::StaleFence), "{error:?}");
    }

    /// The names of those who still use what was to be deleted, and how many more there are.
    pub async fn refuses_in_use<T: Debug>(
        &self,
        delete: impl Future<Output = store::Result<T>>,
    ) -> (Vec<String>, u32) {
        match self.refusal(delete).await {
            StoreError::InUse { by, more } => (by, more),
            other => panic!("{other:?}"),
        }
    }

    /// All rows of all tables, as text, without the guards.
    pub async fn dump(&self) -> BTreeMap<String, Vec<String>> {
        let tables = match self.past_the_store {
            Pool::Postgres(_) => {
                "SELECT table_name, string_agg('quote_nullable(' || column_name || ')', ' || '' '' || ' ORDER BY column_name)
                 FROM information_schema.columns
                 WHERE table_schema = current_schema() AND column_name <> 'guard' AND table_name <> '_sqlx_migrations'
                 GROUP BY table_name"
            }
            Pool::Sqlite(_) => {
                "SELECT t.name, group_concat('quote(' || c.name || ')', ' || '' '' || ')
                 FROM sqlite_master t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND c.name <> 'guard' AND t.name <> '_sqlx_migrations' GROUP BY t.name"
            }
        };
        let tables: Vec<(String, String)> = self.rows(tables.to_owned()).await;
        let all = tables.iter().map(|(table, columns)| {
            format!("SELECT '{table}' AS name, {columns} AS cells FROM {table}")
        });
        let all = all.collect::<Vec<_>>().join(" UNION ALL ");
        let mut dump = BTreeMap::<_, Vec<_>>::new();
        for (table, row) in self.rows::<(String, String)>(all).await {
            dump.entry(table).or_default().push(row);
        }
        for rows in dump.values_mut() {
            rows.sort();
        }
        dump
    }

    /// The number that a statement finds, read past the store.
    pub async fn number(&self, sql: impl Into<String>) -> i64 {
        self.rows::<(i64,)>(sql.into()).await[0].0
    }

    /// Changes something past the store.
    pub async fn run(&self, sql: impl Into<String>) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match &self.past_the_store {
            Pool::Postgres(pool) => sql.execute(pool).await.map(|_| ()),
            Pool::Sqlite(pool) => sql.execute(pool).await.map(|_| ()),
        }
        .expect("a statement that both databases know");
    }

    async fn rows<T>(&self, sql: String) -> Vec<T>
    where
        T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>
            + for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>
            + Send
            + Unpin,
    {
        let sql = AssertSqlSafe(sql);
        match &self.past_the_store {
            Pool::Postgres(pool) => sqlx::query_as(sql).fetch_all(pool).await,
            Pool::Sqlite(pool) => sqlx::query_as(sql).fetch_all(pool).await,
        }
        .expect("a statement that both databases know")
    }
}

/// A clock that stands still, and bytes that count up.
struct Chance(AtomicU64);

impl Clock for Chance {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Entropy for Chance {
    fn fill(&self, bytes: &mut [u8]) {
        let count = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.fill(0);
        for (place, byte) in bytes.iter_mut().rev().zip(count.iter().rev()) {
            *place = *byte;
        }
    }
}
