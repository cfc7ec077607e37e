//! What a database that Weir has filled takes by itself: the rows of a grant as fast as it can, and commits of one small row.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::process::Command;

use crate::Result;
use crate::grants::Plan;
use crate::weir::Program;

/// How long each is tried.
const TRIED: Duration = Duration::from_secs(5);
/// Grants in one commit of SQLite, which has one writer.
const GROUP: u32 = 50;

/// People with a pool and a server, by number, for the rows to refer to.
const PEOPLE: &str = "CREATE TABLE harness_people AS
    SELECT u.number, u.id AS user_id, s.pool_id, s.id AS server_id
    FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS number FROM users WHERE role = 'user') u
        JOIN (SELECT id, pool_id, ROW_NUMBER() OVER (ORDER BY id) AS number, COUNT(*) OVER () AS count FROM servers) s
        ON s.number = u.number % s.count + 1";
const NUMBERS: &str = "CREATE UNIQUE INDEX harness_people_number ON harness_people (number)";
const COMMITS: &str = "CREATE TABLE harness_commits (one BIGINT NOT NULL)";

/// A session and its entry in the audit log, as one statement; `:person` is a number. What the rows say is as long as what Weir
/// writes.
const GRANT_POSTGRES: &str = "WITH granted AS (
    INSERT INTO sessions (id, pool_id, user_id, server_id, kind, protocol, state, requested_at, expires_at, assigned_at,
        access_seq, version)
    SELECT gen_random_uuid()::text, pool_id, user_id, server_id, 'desktop', 'vnc', 'assigned', 1, 1, 1, 0, 1
    FROM harness_people WHERE number = :person RETURNING id, user_id, pool_id)
INSERT INTO audit (id, at, actor, action, target, detail, by_people)
SELECT gen_random_uuid()::text, 1, 'key_' || user_id, 'session.request', 'ses_' || id,
    '{\"pool\":\"pol_' || pool_id || '\",\"reason\":\"placed.seat\",\"user\":\"usr_' || user_id || '\"}', 1 FROM granted;";
const COMMIT_POSTGRES: &str = "INSERT INTO harness_commits VALUES (1);";

const SESSION_SQLITE: &str = "INSERT INTO sessions (id, pool_id, user_id, server_id, kind, protocol, state, requested_at, expires_at,
        assigned_at, access_seq, version)
    SELECT $1, pool_id, user_id, server_id, 'desktop', 'vnc', 'assigned', 1, 1, 1, 0, 1 FROM harness_people WHERE number = $2";
const AUDIT_SQLITE: &str = "INSERT INTO audit (id, at, actor, action, target, detail, by_people)
    SELECT $1, 1, 'key_' || user_id, 'session.request', 'ses_' || $1,
        '{\"pool\":\"pol_' || pool_id || '\",\"reason\":\"placed.seat\",\"user\":\"usr_' || user_id || '\"}', 1
    FROM harness_people WHERE number = $2";
const COMMIT_SQLITE: &str = "INSERT INTO harness_commits VALUES (1)";

/// What the database takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The two rows of a grant, each durable: on Postgres each in a commit of its own by as many clients as Weir has, on
    /// SQLite in groups; in 1/s.
    pub grants: f64,
    /// Commits of one small row, on Postgres by as many clients; in 1/s.
    pub commits: f64,
}

/// Asks the database of a Weir that has ended. It is of no use to Weir afterwards.
pub async fn measure(program: &Program, plan: Plan) -> Result<Limits> {
    match &program.database_url {
        Some(url) => postgres(url, &program.data, plan).await,
        None => sqlite(&program.data.join("weir.db"), plan)
            .await
            .map_err(|source| format!("SQLite by itself: {source}")),
    }
}

async fn postgres(url: &str, folder: &Path, plan: Plan) -> Result<Limits> {
    for sql in [PEOPLE, NUMBERS, COMMITS] {
        let arguments = [
            "--no-psqlrc",
            "--quiet",
            "-v",
            "ON_ERROR_STOP=1",
            url,
            "-c",
            sql,
        ];
        printed("psql", &arguments).await?;
    }
    let grant = format!("\\set person random(1, {})\n{GRANT_POSTGRES}", plan.people);
    Ok(Limits {
        grants: pgbench(url, folder, &grant, plan.clients).await?,
        commits: pgbench(url, folder, COMMIT_POSTGRES, plan.clients).await?,
    })
}

/// Transactions a second.
async fn pgbench(url: &str, folder: &Path, script: &str, clients: usize) -> Result<f64> {
    let file = folder.join("pgbench.sql");
    std::fs::write(&file, script)
        .map_err(|source| format!("can not write {}: {source}", file.display()))?;
    let (file, clients, seconds) = (
        file.to_string_lossy(),
        clients.to_string(),
        TRIED.as_secs().to_string(),
    );
    let arguments = [
        "--no-vacuum",
        "--protocol=prepared",
        "--jobs=2",
        "--client",
        &clients,
        "--time",
        &seconds,
        "--file",
        &file,
        url,
    ];
    let said = printed("pgbench", &arguments).await?;
    let tps = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
    tps.and_then(|tps| tps.parse().ok())
        .ok_or_else(|| format!("pgbench tells no rate: {said}"))
}

async fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|source| format!("can not start {program}: {source}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    ))
}

async fn sqlite(file: &Path, plan: Plan) -> sqlx::Result<Limits> {
    // As Weir opens it.
    let mut database = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    for sql in [PEOPLE, NUMBERS, COMMITS] {
        sqlx::query(sql).execute(&mut database).await?;
    }
    let people = i64::try_from(plan.people).unwrap_or(i64::MAX);
    let mut number = 0;
    let mut grants = 0;
    let begun = Instant::now();
    while begun.elapsed() < TRIED {
        let mut tx = database.begin_with("BEGIN IMMEDIATE").await?;
        for _ in 0..GROUP {
            number += 1;
            let id = format!("{number:08x}-0000-7000-8000-000000000000");
            for sql in [SESSION_SQLITE, AUDIT_SQLITE] {
                sqlx::query(sql)
                    .bind(&id)
                    .bind(number % people + 1)
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        grants += GROUP;
    }
    let grants = rate(grants, begun);
    Ok(Limits {
        grants,
        commits: commits(&mut database).await?,
    })
}

async fn commits(database: &mut SqliteConnection) -> sqlx::Result<f64> {
    let mut commits = 0;
    let begun = Instant::now();
    while begun.elapsed() < TRIED {
        sqlx::query(COMMIT_SQLITE).execute(&mut *database).await?;
        commits += 1;
    }
    Ok(rate(commits, begun))
}

fn rate(count: u32, begun: Instant) -> f64 {
    f64::from(count) / begun.elapsed().as_secs_f64()
}
