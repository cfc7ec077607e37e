//! Several processes over one Postgres.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::postgres::PostgresDatabase;
use crate::weir::{Serving, WAIT, folder, lines_of, printed, wait_for};

/// Processes that serve one database with one key, each with a data folder of its own.
struct Replicas {
    folders: Vec<TempDir>,
    database: PostgresDatabase,
    key: String,
}

impl Replicas {
    fn new(what: &str, count: usize) -> Self {
        let folders: Vec<TempDir> = (0..count).map(|_| folder()).collect();
        let database = PostgresDatabase::make(what);
        let args = ["api-key", "create", "--name", "test", "--role", "admin"];
        let args = [&args[..], &["--database-url", &database.url]].concat();
        let key = printed(folders[0].path(), &args);
        Self {
            folders,
            database,
            key,
        }
    }

    fn begin(&self, number: usize) -> Serving {
        let key_file = self.folders[0].path().join("key");
        let key_file = key_file.to_string_lossy();
        let place = [
            "--database-url",
            &self.database.url,
            "--key-file",
            &key_file,
        ];
        Serving::begin(
            self.folders[number].path(),
            &[&place[..], &["--lease-seconds", "5"]].concat(),
        )
    }
}

/// A stream of live events.
struct Listening {
    curl: Child,
    lines: mpsc::Receiver<String>,
}

impl Listening {
    /// Returns once the stream is open.
    fn to(weir: &Serving, key: &str) -> Self {
        let mut curl = Command::new("curl")
            .args(["--silent", "--no-buffer"])
            .args(["--header", &format!("Authorization: Bearer {key}")])
            .arg(format!("{}/api/v1/events", weir.address))
            .stdout(Stdio::piped())
            .spawn()
            .expect("curl starts");
        let lines = lines_of(&mut curl);
        let listening = Self { curl, lines };
        listening.until(|line| line.contains("hello"));
        listening
    }

    /// Waits for a line.
    fn until(&self, is_it: impl Fn(&str) -> bool) {
        while !is_it(
            &self
                .lines
                .recv_timeout(WAIT)
                .expect("a line that is waited for"),
        ) {}
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

fn make_zone(weir: &Serving, key: &str, name: &str) -> String {
    let zone = json!({ "name": name, "upstream_auth_address": "weir.example" });
    let made = weir.call(key, "POST", "/zones", Some(&zone));
    made["id"].as_str().expect("an id").to_owned()
}

#[test]
fn what_happens_in_one_process_is_heard_in_the_other() {
    let replicas = Replicas::new("heard", 2);
    let key = &replicas.key;
    let (one, other) = (replicas.begin(0), replicas.begin(1));
    for (from, to) in [(&one, &other), (&other, &one)] {
        let listening = Listening::to(to, key);
        let zone = make_zone(from, key, &format!("Zone at {}", from.authority()));
        listening.until(|line| line.starts_with("data:") && line.contains(&zone));
    }
}

#[test]
fn the_loop_goes_on_in_another_process_when_its_own_dies() {
    let replicas = Replicas::new("dies", 2);
    let key = &replicas.key;
    let one = replicas.begin(0);
    let pool = stand_by(&one, key, "Before");
    wait_for("the first server", || is_up(&one, key, &pool));
    let other = replicas.begin(1);
    one.signal("KILL");
    one.end();
    let pool = stand_by(&other, key, "After");
    wait_for("a server made by the other", || is_up(&other, key, &pool));
}

/// Makes a pool that keeps a server of the kind `fake`.
fn stand_by(weir: &Serving, key: &str, name: &str) -> String {
    let post = |path: &str, body: Value| {
        let made = weir.call(key, "POST", path, Some(&body));
        made["id"].as_str().expect("an id").to_owned()
    };
    let zone = make_zone(weir, key, name);
    let provider = json!({ "name": name, "kind": "fake", "max_instances": 4, "settings": {} });
    let provider = post("/providers", provider);
    let pool = post("/pools", json!({ "name": name }));
    let config = json!({
        "enabled": true, "name": name, "pool_id": pool, "deployment_zone_id": zone, "provider_id": provider,
        "connection_type": "rdp", "connection_credential_type": "static", "connection_username": "desk",
        "connection_password": "correct horse", "require_checkin": false, "minimum_available_sessions": 1,
        "max_simultaneous_sessions_per_server": 1, "max_simultaneous_users": 1,
    });
    post("/autoscale-configs", config);
    pool
}

/// Whether a server of this pool is up.
fn is_up(weir: &Serving, key: &str, pool: &str) -> bool {
    let servers = weir.call(key, "GET", &format!("/servers?pool_id={pool}"), None);
    let items = servers["items"].as_array().cloned().unwrap_or_default();
    items.iter().any(|server| server["state"] == "running")
}
