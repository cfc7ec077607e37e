//! A database that was restored or copied: nothing is made or deleted until somebody says what it is, and then what follows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::{first_server, one_shell, take_down};
use crate::weir::{Serving, folder, printed, refused, wait_for};

/// Lists come often, and what has no row may go at once: whatever is left alone here is so on purpose.
const QUICK: &[&str] = &[
    "--list-seconds",
    "1",
    "--orphan-seconds",
    "0",
    "--metrics-token",
    "figures",
];

const SCRIPT: &str = "#!/bin/sh\n";

fn new_key(data: &Path) -> String {
    let args = ["api-key", "create", "--name", "test", "--role", "admin"];
    printed(data, &args)
}

fn end(weir: Serving) {
    weir.signal("TERM");
    let (status, _) = weir.end();
    assert!(status.success(), "{status}");
}

/// What was noticed, in words; none where nothing is held for it.
fn noticed(weir: &Serving, key: &str) -> Option<String> {
    let deployment = weir.call(key, "GET", "/deployment", None);
    deployment["observing"]["why"].as_str().map(str::to_owned)
}

/// A line of `what` about the only provider, once there is one.
fn finding(weir: &Serving, key: &str, reason: &str) -> Option<Value> {
    let providers = weir.call(key, "GET", "/providers", None);
    let text = providers["items"][0].to_string();
    text.contains(reason).then(|| providers["items"][0].clone())
}

/// Waits until the provider was listed several times.
fn until_listed_often(weir: &Serving) {
    let lists = r#"weir_effects_total{kind="list",outcome="ok"}"#;
    wait_for("several lists", || weir.figure("figures", lists) > 3);
}

/// The folder of a server's machine, if it is there.
fn machine_of(data: &Path, server: &Value) -> Option<PathBuf> {
    let id = server["id"].as_str().expect("an id");
    let bare = id.strip_prefix("srv_").expect("a server's id");
    let mut folders = vec![data.join("local")];
    while let Some(folder) = folders.pop() {
        if folder.ends_with(bare) {
            return Some(folder);
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| path.is_dir()),
        );
    }
    None
}

fn until_running(weir: &Serving, key: &str) -> Value {
    wait_for("a server that runs", || {
        first_server(weir, key)["state"] == "running"
    });
    first_server(weir, key)
}

/// Puts a backup in the place of the database that is there.
fn put_back(data: &Path, file: &str) {
    let told = refused(data, &["restore", file]);
    assert!(told.contains("there is a database"), "{told}");
    let files = fs::read_dir(data)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path());
    let of_database = files.filter(|path| {
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        name.starts_with("weir.db")
    });
    for file in of_database {
        fs::remove_file(file).expect("it goes");
    }
    printed(data, &["restore", file]);
}

#[test]
fn a_restored_database_makes_and_deletes_nothing_until_it_is_adopted() {
    let folder = folder();
    let data = folder.path().join("data");
    let file = folder.path().join("weir.backup");
    let file = file.to_str().expect("a path");
    let key = new_key(&data);
    let weir = Serving::begin(&data, QUICK);
    weir.call(&key, "POST", "/deployment/pause", None);
    let config = one_shell(&weir, &key, SCRIPT, false);
    // While it serves, and before it has made anything.
    let told = printed(&data, &["backup", file]);
    assert!(
        told.contains("key") && told.contains("is not in it"),
        "{told}"
    );
    assert!(refused(&data, &["backup", file]).contains("exists already"));
    weir.call(&key, "POST", "/deployment/resume", None);
    let made = until_running(&weir, &key);
    end(weir);
    put_back(&data, file);

    let weir = Serving::begin(&data, QUICK);
    let why = noticed(&weir, &key).expect("it is held");
    assert!(why.contains("a backup of"), "{why}");
    weir.call(&key, "POST", "/deployment/resume", None);
    until_listed_often(&weir);
    let decisions = weir
        .call(&key, "GET", "/decisions?limit=1", None)
        .to_string();
    assert!(decisions.contains("held.observing"), "{decisions}");
    assert!(first_server(&weir, &key).is_null(), "nothing is made");
    assert!(machine_of(&data, &made).is_some(), "nothing is deleted");
    // A restart does not forget it.
    end(weir);
    let weir = Serving::begin(&data, QUICK);
    assert_eq!(noticed(&weir, &key), Some(why));

    weir.call(&key, "POST", "/deployment/adopt", None);
    assert_eq!(noticed(&weir, &key), None);
    wait_for("the machine without a row to go", || {
        machine_of(&data, &made).is_none()
    });
    until_running(&weir, &key);
    let again = weir.try_call(&key, "POST", "/deployment/adopt", None);
    assert_eq!(again.expect("an answer").0, 409);
    take_down(&weir, &key, &config);
    end(weir);
    // It is at home now.
    let weir = Serving::begin(&data, QUICK);
    assert_eq!(noticed(&weir, &key), None);
}

#[test]
fn a_fork_leaves_its_machines_to_the_original() {
    let folder = folder();
    let data = folder.path().join("data");
    let file = folder.path().join("weir.backup");
    let file = file.to_str().expect("a path");
    let key = new_key(&data);
    let weir = Serving::begin(&data, QUICK);
    let config = one_shell(&weir, &key, SCRIPT, false);
    let made = until_running(&weir, &key);
    printed(&data, &["backup", file]);
    end(weir);
    put_back(&data, file);

    let weir = Serving::begin(&data, QUICK);
    assert!(noticed(&weir, &key).is_some());
    let before = weir.call(&key, "GET", "/deployment", None);
    let after = weir.call(&key, "POST", "/deployment/fork", None);
    assert_eq!(after["id"], before["id"]);
    assert_ne!(after["generation"], before["generation"]);
    assert_eq!(after["observing"], Value::Null);
    // The only place is free for it, as the other machine is none of its own.
    wait_for("a server of its own", || {
        let server = first_server(&weir, &key);
        server["state"] == "running" && server["id"] != made["id"]
    });
    wait_for("the original's machine to be told of", || {
        finding(&weir, &key, "orphan.foreign").is_some()
    });
    let path = format!("/servers/{}", made["id"].as_str().expect("an id"));
    let row = weir.call(&key, "GET", &path, None);
    assert_eq!(
        (&row["state"], &row["why"]),
        (&json!("deleted"), &json!("forked"))
    );
    take_down(&weir, &key, &config);
    assert!(machine_of(&data, &made).is_some(), "it is not touched");
    end(weir);

    // The original goes on: for it the machine is its own.
    put_back(&data, file);
    let weir = Serving::begin(&data, QUICK);
    weir.call(&key, "POST", "/deployment/adopt", None);
    assert_eq!(until_running(&weir, &key)["id"], made["id"]);
    take_down(&weir, &key, &config);
    wait_for("its machine to go", || machine_of(&data, &made).is_none());
}

#[test]
fn copied_files_are_noticed_and_a_restart_is_not() {
    let folder = folder();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let key = new_key(&data);
    let serve = |data: &Path| {
        let weir = Serving::begin(data, &[]);
        let noticed = noticed(&weir, &key);
        end(weir);
        noticed
    };
    assert_eq!(serve(&data), None);
    let earlier = fs::read(data.join("weir.db")).expect("a database");
    assert_eq!(serve(&data), None, "a restart");
    fs::create_dir(&copy).expect("a folder");
    for entry in fs::read_dir(&data).expect("a folder") {
        let path = entry.expect("a file").path();
        if path.is_file() {
            let name = path.file_name().expect("a name");
            fs::copy(&path, copy.join(name)).expect("a copy");
        }
    }
    let why = serve(&copy).expect("a copy of the files");
    assert!(why.contains("another place"), "{why}");
    assert_eq!(serve(&data), None, "the original");
    // An older state, written into the file that is there.
    fs::write(data.join("weir.db"), earlier).expect("it is written");
    let why = serve(&data).expect("an older state");
    assert!(why.contains("older"), "{why}");
}
