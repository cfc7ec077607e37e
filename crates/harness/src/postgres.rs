//! The Postgres that several processes share, seen past them: who holds the lease, and who has written without it.

use std::net::SocketAddr;
use std::process::Stdio;

use tokio::process::Command;

use crate::Result;

/// What is set up in the database beside Weir's own tables. Each process comes as a role of its own, so that triggers
/// see who writes: every epoch belongs to the role that has taken it, and what the loop alone writes (new servers, decisions,
/// surpluses, consoles, the chain of the audit log) is written down where another role does. Rows that people change too are
/// guarded by their versions, and tell nothing here.
const WATCH: &str = "
CREATE TABLE harness_epochs (epoch BIGINT PRIMARY KEY, role TEXT NOT NULL);
CREATE TABLE harness_stale (role TEXT NOT NULL, leader TEXT, what TEXT NOT NULL);
CREATE FUNCTION harness_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.epoch <> OLD.epoch THEN INSERT INTO harness_epochs VALUES (NEW.epoch, current_user); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER harness_epoch AFTER UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION harness_epoch();
CREATE FUNCTION harness_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE leader TEXT;
BEGIN
  SELECT e.role INTO leader FROM leases l JOIN harness_epochs e ON e.epoch = l.epoch WHERE l.name = 'loop';
  IF leader IS DISTINCT FROM current_user THEN
    INSERT INTO harness_stale VALUES (current_user, leader, TG_TABLE_NAME);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER harness_write BEFORE INSERT ON servers FOR EACH ROW EXECUTE FUNCTION harness_write();
CREATE TRIGGER harness_write BEFORE INSERT ON decisions FOR EACH ROW EXECUTE FUNCTION harness_write();
CREATE TRIGGER harness_write BEFORE UPDATE ON autoscale_loop FOR EACH ROW EXECUTE FUNCTION harness_write();
CREATE TRIGGER harness_write BEFORE INSERT OR UPDATE ON server_consoles FOR EACH ROW EXECUTE FUNCTION harness_write();
CREATE TRIGGER harness_write BEFORE UPDATE OF number ON audit FOR EACH ROW EXECUTE FUNCTION harness_write();
";

/// A database, reached as an admin of it.
#[derive(Debug, Clone)]
pub struct Postgres {
    address: SocketAddr,
    database: String,
    /// A command of a shell that ends the server at once and starts it again.
    restart: String,
}

/// The lease of the loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its epoch.
    pub epoch: i64,
    /// The role that has taken it.
    pub role: String,
    /// Whether it is held now.
    pub is_held: bool,
}

impl Postgres {
    /// The database of this name on the server at `address`, which `restart` stops hard and starts again.
    pub fn new(address: SocketAddr, database: &str, restart: &str) -> Self {
        Self {
            address,
            database: database.to_owned(),
            restart: restart.to_owned(),
        }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL for a role that comes by another address.
    pub fn url(&self, role: &str, by: SocketAddr) -> String {
        format!("postgres://{role}@{by}/{}", self.database)
    }

    /// Makes the roles of the processes.
    pub async fn make_roles(&self, roles: &[String]) -> Result<()> {
        for role in roles {
            self.ask(&format!("CREATE ROLE {role} LOGIN SUPERUSER"))
                .await?;
        }
        Ok(())
    }

    /// Begins to write down who writes without the lease. Weir's tables are there.
    pub async fn watch(&self) -> Result<()> {
        self.ask(WATCH).await.map(drop)
    }

    /// Who holds the lease, as far as a process has taken it since [`Postgres::watch`].
    pub async fn lease(&self) -> Result<Option<Lease>> {
        let told = self
            .ask(
                "SELECT l.epoch, e.role, l.holder IS NOT NULL AND
                    l.expires_at > EXTRACT(EPOCH FROM clock_timestamp()) * 1000
                 FROM leases l JOIN harness_epochs e ON e.epoch = l.epoch WHERE l.name = 'loop'",
            )
            .await?;
        let words: Vec<&str> = told.trim().split('|').collect();
        let [epoch, role, is_held] = words[..] else {
            return Ok(None);
        };
        Ok(Some(Lease {
            epoch: epoch
                .parse()
                .map_err(|_| format!("`{epoch}` is no epoch"))?,
            role: role.to_owned(),
            is_held: is_held == "t",
        }))
    }

    /// What was written without the lease, in sentences.
    pub async fn stale(&self) -> Result<Vec<String>> {
        let told = self
            .ask("SELECT role, coalesce(leader, 'nobody'), what, count(*) FROM harness_stale GROUP BY 1, 2, 3")
            .await?;
        let sentence = |line: &str| {
            let words: Vec<&str> = line.split('|').collect();
            match words[..] {
                [role, leader, what, count] => {
                    format!(
                        "{role} has written {count} times to {what} while {leader} had the lease"
                    )
                }
                _ => line.to_owned(),
            }
        };
        Ok(told.lines().map(sentence).collect())
    }

    /// Ends the connections of a role, as an admin of the database may at any time.
    pub async fn end_connections(&self, role: &str) -> Result<()> {
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = '{role}'"
        );
        self.ask(&end).await.map(drop)
    }

    /// Ends the whole server at once and starts it again.
    pub async fn restart(&self) -> Result<()> {
        let output = Command::new("sh")
            .args(["-c", &self.restart])
            .stdin(Stdio::null())
            // What it starts keeps these open.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .map_err(|source| format!("can not start sh: {source}"))?;
        if output.success() {
            Ok(())
        } else {
            Err(format!("`{}` ended with {output}", self.restart))
        }
    }

    async fn ask(&self, sql: &str) -> Result<String> {
        let output = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "-At", "-v", "ON_ERROR_STOP=1"])
            .arg(self.url("postgres", self.address))
            .args(["-c", sql])
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|source| format!("can not start psql: {source}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!(
                "psql: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ))
        }
    }
}
