//! A Postgres database for processes that are started by a test.

use std::process::Command;

/// A database of its own in the test run's Postgres; dropped at the end.
pub struct PostgresDatabase {
    server: String,
    name: String,
    /// Where it is.
    pub url: String,
}

impl PostgresDatabase {
    /// Makes one, named after what it is for.
    pub fn make(what: &str) -> Self {
        let server = std::env::var("WEIR_TEST_POSTGRES")
            .expect("WEIR_TEST_POSTGRES names no Postgres; `make test` starts one and sets it");
        let name = format!("weir_{what}_{}", std::process::id());
        let (base, _) = server.rsplit_once('/').expect("a URL with a database");
        let database = Self {
            url: format!("{base}/{name}"),
            server: server.clone(),
            name,
        };
        database.run(&format!("CREATE DATABASE {}", database.name));
        database
    }

    /// Runs a statement about databases.
    fn run(&self, statement: &str) {
        let status = Command::new("psql")
            .args([
                "--quiet",
                "--no-psqlrc",
                "--command",
                statement,
                &self.server,
            ])
            .status();
        assert!(status.expect("psql starts").success(), "{statement}");
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
