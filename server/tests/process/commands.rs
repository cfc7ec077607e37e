//! Its commands, its listener, its end, and the check-in line of the specification run by the real curl on a real server.

use std::io::Read as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::weir::{Serving, folder, printed, refused, sendable, wait_for};

/// The line of the specification's start-up script, as an admin pastes it.
const CHECK_IN: &str = r#"curl -k -X POST -H "Content-Type: application/json" -d '{{"status": "running", "status_message": "Initialization Complete", "status_progress": "100"}}' https://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}"#;

/// Makes a pool that keeps one server on this machine with this start-up script; gives the id of its config.
pub fn one_shell(weir: &Serving, key: &str, script: &str, require_checkin: bool) -> String {
    let post = |path: &str, body: Value| {
        weir.call(key, "POST", path, Some(&body))["id"]
            .as_str()
            .expect("an id")
            .to_owned()
    };
    let zone = post(
        "/zones",
        json!({ "name": "Here", "upstream_auth_address": weir.authority() }),
    );
    let provider = json!({ "name": "Local", "kind": "local", "max_instances": 1, "startup_script": script, "settings": {} });
    let provider = post("/providers", provider);
    let pool = post("/pools", json!({ "name": "Shells" }));
    let config = json!({
        "enabled": true, "name": "Shells", "pool_id": pool, "deployment_zone_id": zone, "provider_id": provider,
        "connection_type": "ssh", "connection_username": "desk", "use_user_ssh_key": true,
        "require_checkin": require_checkin, "minimum_available_sessions": 1,
        "max_simultaneous_sessions_per_server": 1, "max_simultaneous_users": 1,
    });
    post("/autoscale-configs", config)
}

/// The oldest server; null when there is none.
pub fn first_server(weir: &Serving, key: &str) -> Value {
    weir.call(key, "GET", "/servers", None)["items"][0].clone()
}

/// Leaves nothing running: the config is switched off, then its server goes.
pub fn take_down(weir: &Serving, key: &str, config: &str) {
    let path = format!("/autoscale-configs/{config}");
    let mut document = weir.call(key, "GET", &path, None);
    sendable(&mut document);
    document["enabled"] = json!(false);
    weir.call(key, "PUT", &path, Some(&document));
    let server = first_server(weir, key);
    let id = server["id"].as_str().expect("an id");
    weir.call(key, "DELETE", &format!("/servers/{id}"), None);
    wait_for("the server to go", || first_server(weir, key).is_null());
}

#[test]
fn the_check_in_line_of_the_specification_runs_unchanged() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let weir = Serving::begin(folder.path(), &["--tls-self-signed"]);
    assert!(weir.address.starts_with("https://"), "{}", weir.address);
    let script = format!("#!/bin/bash\nset -e\n{CHECK_IN}\n");
    let config = one_shell(&weir, &key, &script, true);
    wait_for("the server to check in", || {
        first_server(&weir, &key)["state"] == "running"
    });
    let server = first_server(&weir, &key);
    assert_eq!(server["message"], "Initialization Complete", "{server}");
    assert_eq!(server["progress_percent"], 100, "{server}");
    assert!(server["checked_in_at"].is_string(), "{server}");
    take_down(&weir, &key, &config);
}

/// A start-up script that does this, reports that it has failed, and ends.
fn failing(first: &str) -> String {
    let report = r#"curl -s -X POST -H 'Content-Type: application/json' -d '{{"status": "failed"}}' 'http://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}'"#;
    format!("#!/bin/sh\n{first}\n{report}\nexit 1\n")
}

/// The servers that are deleted, oldest first.
fn gone(weir: &Serving, key: &str) -> Vec<Value> {
    let all = weir.call(key, "GET", "/servers?include_deleted=true", None);
    let items = all["items"].as_array().cloned().unwrap_or_default();
    let is_gone = |server: &Value| server["state"] == "deleted";
    items.into_iter().filter(is_gone).collect()
}

fn console(weir: &Serving, key: &str, server: &Value) -> Value {
    let id = server["id"].as_str().expect("an id");
    weir.call(key, "GET", &format!("/servers/{id}/console"), None)
}

#[test]
fn what_a_failed_server_wrote_last_is_kept_also_where_weir_is_killed() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let weir = Serving::begin(folder.path(), &[]);
    let script = failing("echo 'checks in with {checkin_jwt}'; echo 'license server unreachable'");
    one_shell(&weir, &key, &script, true);
    let tells_why = |weir: &Serving, server: &Value| {
        let console = console(weir, &key, server);
        assert_eq!(console["source"], "last", "{console}");
        let text = console["text"].as_str().expect("a text");
        assert!(text.starts_with("checks in with ********\n"), "{text}");
        assert!(text.contains("license server unreachable\n"), "{text}");
    };
    wait_for("a failed server to go", || !gone(&weir, &key).is_empty());
    let known = gone(&weir, &key);
    tells_why(&weir, &known[0]);
    // Wherever it is with the next one.
    weir.signal("KILL");
    weir.end();
    let weir = Serving::begin(folder.path(), &[]);
    for server in &known {
        tells_why(&weir, server);
    }
    stop_making(&weir, &key);
}

#[test]
fn a_console_that_cannot_be_read_does_not_hold_up_the_delete() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let weir = Serving::begin(folder.path(), &[]);
    one_shell(
        &weir,
        &key,
        &failing("rm script.log; mkdir script.log"),
        true,
    );
    wait_for("a failed server to go", || !gone(&weir, &key).is_empty());
    let console = console(&weir, &key, &gone(&weir, &key)[0]);
    assert_eq!(console["source"], "none", "{console}");
    assert_eq!(console["why"], "The machine is not there any more.");
    stop_making(&weir, &key);
}

/// Switches the configs off and waits until no server is left.
fn stop_making(weir: &Serving, key: &str) {
    let configs = weir.call(key, "GET", "/autoscale-configs", None);
    let id = configs["items"][0]["id"].as_str().expect("an id");
    let path = format!("/autoscale-configs/{id}");
    let mut document = weir.call(key, "GET", &path, None);
    sendable(&mut document);
    document["enabled"] = json!(false);
    weir.call(key, "PUT", &path, Some(&document));
    // One may have reported to a Weir that is gone, and would be waited for.
    wait_for("the servers to go", || {
        let server = first_server(weir, key);
        if server["state"] == "booting" {
            let id = server["id"].as_str().expect("an id");
            weir.call(key, "DELETE", &format!("/servers/{id}"), None);
        }
        server.is_null()
    });
}

#[test]
fn a_server_that_need_not_check_in_runs_once_its_port_answers() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let weir = Serving::begin(folder.path(), &[]);
    let config = one_shell(&weir, &key, "#!/bin/sh\ntrue\n", false);
    wait_for("the port of the server to answer", || {
        first_server(&weir, &key)["state"] == "running"
    });
    let server = first_server(&weir, &key);
    assert_eq!(server["checked_in_at"], Value::Null, "{server}");
    assert_eq!(server["progress_percent"], Value::Null, "{server}");
    // What answers there is what people want.
    let port = server["address"]["port"].as_u64().expect("a port");
    let port = u16::try_from(port).expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a time-out");
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).expect("a greeting");
    assert_eq!(&greeting, b"SSH-");
    drop(stream);
    take_down(&weir, &key, &config);
}

#[test]
fn a_demo_has_a_pool_with_a_server_that_people_can_have() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    // Behind a proxy its machines are in memory.
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--behind-tls-proxy",
        "--public-url",
        "https://weir.test",
    ];
    let weir = Serving::run(folder.path(), &args);
    let pool = || weir.call(&key, "GET", "/pools", None)["items"][0].clone();
    wait_for("a free seat", || pool()["counts"]["free_seats"] == 2);
    assert_eq!(pool()["name"], "Demo");
    // Started once more, it is the same demo.
    weir.signal("TERM");
    assert!(weir.end().0.success());
    let weir = Serving::run(folder.path(), &args);
    let pools = weir.call(&key, "GET", "/pools", None);
    assert_eq!(pools["items"].as_array().map(Vec::len), Some(1), "{pools}");
}

#[test]
fn a_provider_that_cannot_be_opened_holds_up_no_other() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let made = |weir: &Serving, path: &str, body: Value| {
        weir.call(&key, "POST", path, Some(&body))["id"].clone()
    };
    let weir = Serving::begin(folder.path(), &[]);
    let zone = made(
        &weir,
        "/zones",
        json!({ "name": "Here", "upstream_auth_address": weir.authority() }),
    );
    let pool = |weir: &Serving, kind: &str| {
        let provider = json!({
            "name": kind, "kind": kind, "max_instances": 1, "startup_script": "{checkin_jwt}",
            "settings": if kind == "fake" { json!({ "boot_millis": 0, "script_millis": 0 }) } else { json!({}) },
        });
        let provider = made(weir, "/providers", provider);
        let pool = made(weir, "/pools", json!({ "name": kind }));
        let config = json!({
            "enabled": kind == "fake", "name": kind, "pool_id": pool, "deployment_zone_id": zone,
            "provider_id": provider, "connection_type": "ssh", "connection_username": "desk",
            "use_user_ssh_key": true, "minimum_available_sessions": 1,
            "max_simultaneous_sessions_per_server": 1, "max_simultaneous_users": 1,
        });
        (pool, made(weir, "/autoscale-configs", config))
    };
    let (closed, config) = pool(&weir, "local");
    weir.signal("TERM");
    weir.end();

    // Behind a proxy the kind is not offered, and what was made before cannot be opened.
    let proxied = ["--behind-tls-proxy", "--public-url", "https://weir.test"];
    let weir = Serving::begin(folder.path(), &proxied);
    let config = format!("/autoscale-configs/{}", config.as_str().expect("an id"));
    let mut document = weir.call(&key, "GET", &config, None);
    sendable(&mut document);
    document["enabled"] = json!(true);
    weir.call(&key, "PUT", &config, Some(&document));
    let (open, _) = pool(&weir, "fake");
    let path = format!("/pools/{}", open.as_str().expect("an id"));
    wait_for("a server of the other provider", || {
        weir.call(&key, "GET", &path, None)["counts"]["free_seats"] == 1
    });
    let path = format!("/decisions?pool_id={}", closed.as_str().expect("an id"));
    let report = || {
        let decisions = weir.call(&key, "GET", &path, None);
        decisions["items"][0]["report"]["configs"][0].clone()
    };
    wait_for("the reason", || {
        report()["findings"][0]["reason"] == "held.unprepared"
    });
    let problem = report()["problem"].to_string();
    assert!(problem.contains("--allow-local-provider"), "{problem}");
}

#[test]
fn a_start_says_where_it_is_and_a_signal_ends_it() {
    let folder = folder();
    let weir = Serving::begin(folder.path(), &[]);
    let link = weir.line_with("/setup?token=");
    assert!(link.trim().starts_with(&weir.address), "{link}");
    weir.signal("TERM");
    let (status, took) = weir.end();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    // The folder and the key are this account's alone.
    let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("key")), 0o600);
}

#[test]
fn an_open_connection_does_not_hold_up_the_end_and_a_second_signal_ends_it_at_once() {
    let folder = folder();
    let weir = Serving::begin(folder.path(), &[]);
    // A request that never becomes whole.
    let mut stream = TcpStream::connect(weir.authority()).expect("a connection");
    std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\nHost: x\r\n").expect("sent");
    std::thread::sleep(Duration::from_millis(200));
    weir.signal("INT");
    std::thread::sleep(Duration::from_millis(200));
    weir.signal("INT");
    let (status, took) = weir.end();
    assert!(took < Duration::from_secs(5), "{took:?} {status}");
    let mut rest = Vec::new();
    // The other side has closed, in whatever way.
    let _ = stream.read_to_end(&mut rest);
}

#[test]
fn what_would_send_passwords_in_clear_does_not_start() {
    let folder = folder();
    let data = folder.path().join("data");
    let error = refused(&data, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(
        error.contains("--tls-self-signed") && error.contains("--behind-tls-proxy"),
        "{error}"
    );
    assert!(!data.exists(), "a refused start leaves nothing behind");
}

#[test]
fn one_data_folder_is_served_by_one_process() {
    let folder = folder();
    let first = Serving::begin(folder.path(), &[]);
    let error = refused(folder.path(), &["serve", "--listen", "127.0.0.1:0"]);
    assert!(
        error.contains("another weir") && error.contains("--data"),
        "{error}"
    );
    // A kill leaves nothing behind that would keep the next one out.
    first.signal("KILL");
    first.end();
    Serving::begin(folder.path(), &[]);
}

#[test]
fn a_check_changes_nothing() {
    let folder = folder();
    let data = folder.path().join("data");
    assert!(printed(&data, &["check"]).contains("new"), "a new database");
    assert!(!data.exists());
    printed(
        &data,
        &["api-key", "create", "--name", "x", "--role", "admin"],
    );
    assert!(printed(&data, &["check"]).contains("found"));
    std::fs::remove_file(data.join("key")).expect("the key was made");
    assert!(refused(&data, &["check"]).contains("key"));
    let error = refused(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(error.contains("backup"), "{error}");
    assert!(!data.join("key").exists(), "a second key is never made");

    let other = folder.path().join("other");
    printed(
        &other,
        &["api-key", "create", "--name", "x", "--role", "admin"],
    );
    std::fs::copy(other.join("key"), data.join("key")).expect("a key of another database");
    let error = refused(&data, &["check"]);
    assert!(error.contains("key"), "{error}");
    assert_eq!(error, refused(&data, &["serve", "--listen", "127.0.0.1:0"]));
}

#[test]
fn people_and_keys_are_made_on_the_command_line() {
    let folder = folder();
    let data = folder.path();
    let password = printed(data, &["user", "create", "--name", "ben", "--role", "user"]);
    assert!(
        password.len() >= 12 && !password.contains('\n'),
        "{password}"
    );
    let error = refused(data, &["user", "create", "--name", "ben", "--role", "user"]);
    assert!(error.contains("taken"), "{error}");
    let error = refused(
        data,
        &["api-key", "create", "--name", "x", "--role", "user"],
    );
    assert!(error.contains("name one"), "{error}");
    let error = refused(
        data,
        &[
            "api-key", "create", "--name", "x", "--role", "user", "--user", "nobody",
        ],
    );
    assert!(error.contains("weir user create"), "{error}");
    let key = printed(
        data,
        &[
            "api-key", "create", "--name", "x", "--role", "user", "--user", "ben",
        ],
    );
    let weir = Serving::begin(data, &[]);
    let me = weir.call(&key, "GET", "/me", None);
    assert_eq!(
        (&me["user_name"], &me["role"]),
        (&json!("ben"), &json!("user")),
        "{me}"
    );
}

#[test]
fn the_audit_log_is_a_chain_that_anybody_with_the_key_can_check() {
    let folder = folder();
    let key = printed(
        folder.path(),
        &["api-key", "create", "--name", "test", "--role", "admin"],
    );
    let weir = Serving::begin(folder.path(), &[]);
    for name in ["Here", "There"] {
        let zone = json!({ "name": name, "upstream_auth_address": "weir.example" });
        weir.call(&key, "POST", "/zones", Some(&zone));
    }
    // Whatever is not linked yet is linked before it ends; beside one that serves it can be looked at too.
    printed(folder.path(), &["audit", "verify"]);
    weir.signal("TERM");
    weir.end();
    let verified = printed(folder.path(), &["audit", "verify"]);
    assert!(verified.ends_with("\nunlinked  0"), "{verified}");
    let head = verified
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("head      "))
        .expect("a head");

    let exported = printed(folder.path(), &["audit", "export"]);
    let entries: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).expect("an entry a line"))
        .collect();
    for (number, entry) in (1..).zip(&entries) {
        assert_eq!(entry["number"], number);
    }
    let last = entries.last().expect("entries");
    assert_eq!(
        format!(
            "{}:{}",
            last["number"],
            last["hash"].as_str().expect("a hash")
        ),
        head
    );
    let zones = entries
        .iter()
        .filter(|entry| entry["action"] == "zone.create");
    assert_eq!(zones.count(), 2, "{exported}");

    printed(folder.path(), &["audit", "verify", "--head", head]);
    let after = entries.len() - 1;
    let rest = printed(
        folder.path(),
        &["audit", "export", "--after", &after.to_string()],
    );
    assert_eq!(rest.lines().count(), 1);
    let (number, hash) = head.split_once(':').expect("number and hash");
    let next = number.parse::<i64>().expect("a number") + 1;
    let cut_off = format!("{next}:{hash}");
    let said = refused(folder.path(), &["audit", "verify", "--head", &cut_off]);
    assert!(said.contains("is not the one that had this hash"), "{said}");
    for none in ["newest", "0:", "-9223372036854775808:x"] {
        let said = refused(
            folder.path(),
            &["audit", "verify", &format!("--head={none}")],
        );
        assert!(said.contains("is no head"), "{said}");
    }
    // A wrong folder is no empty log.
    let elsewhere = folder.path().join("elsewhere");
    let said = refused(&elsewhere, &["audit", "verify"]);
    assert!(said.contains("no installation"), "{said}");
    assert!(!elsewhere.exists());
}
