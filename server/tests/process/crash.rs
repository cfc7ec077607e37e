//! Weir is killed again and again while its pool grows and shrinks on real servers. Afterwards nothing is lost, nothing is
//! double, and nothing is left over.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::postgres::PostgresDatabase;
use crate::weir::{Serving, folder, printed, sendable, wait_for};

/// Complete lists of the provider after which all is as it should be again: the fault-free ticks of the promise.
const TICKS: u64 = 3;
/// Sessions that one server holds.
const SEATS: usize = 2;
/// What opens the figures.
const METRICS: &str = "figures";

/// Reports as a patient machine does: Weir may be away just now.
const SCRIPT: &str = r#"#!/bin/sh
curl --silent --show-error --retry 60 --retry-delay 1 --retry-all-errors --max-time 5 --request POST \
  --header 'Content-Type: application/json' --header 'Authorization: Bearer {checkin_jwt}' \
  --data '{{"status": "running"}}' "http://{upstream_auth_address}/api/v1/checkin"
"#;

#[test]
fn fifty_kills_on_sqlite_lose_and_double_nothing() {
    kill_again_and_again(50, 1500, &[]);
}

#[test]
fn ten_kills_on_postgres_lose_and_double_nothing() {
    let database = PostgresDatabase::make("crash");
    // There the loop waits for the end of the lease of the one that was killed.
    kill_again_and_again(10, 9000, &["--database-url", &database.url]);
}

/// Kills each process within `life_millis` of its start.
fn kill_again_and_again(kills: u32, life_millis: u64, database: &[&str]) {
    let folder = folder();
    let mut random = ChaCha8Rng::seed_from_u64(life_millis);
    let mut world = World::set_up(folder.path(), database);
    for _ in 0..kills {
        let weir = world.start();
        let killer = kill_later(&weir, below(&mut random, life_millis));
        world.learn_what_was_unanswered(&weir);
        while !killer.is_finished() {
            world.act(&weir, &mut random);
            std::thread::sleep(Duration::from_millis(below(&mut random, 80)));
        }
        killer.join().expect("the kill was sent");
    }
    let weir = world.start();
    let from_before = world.servers(&weir).into_keys().collect();
    world.learn_what_was_unanswered(&weir);
    world.all_is_well_after(&weir, &from_before);
    println!(
        "{kills} kills: {} sessions accepted, {} ended, {} servers made",
        world.accepted.len(),
        world.ended.len(),
        world.servers_ever(&weir),
    );
    // The run says something only if it has grown and shrunk.
    assert!(world.accepted.len() > 10 && world.ended.len() > 5);
    world.nothing_is_left_at_the_end(&weir);
}

/// Something that should not be.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    text: String,
    /// It is what the middle of a step looks like that may take a while.
    may_pass: bool,
}

/// What has been asked for, and where it is looked for.
struct World<'a> {
    data: &'a Path,
    listen: String,
    args: Vec<String>,
    key: String,
    people: Vec<String>,
    pool: String,
    config: String,
    /// Sessions that Weir has answered for.
    accepted: BTreeSet<String>,
    /// Those of them that somebody has ended, by an answered call.
    ended: BTreeSet<String>,
    /// Those whose end nobody has answered.
    perhaps_ended: BTreeSet<String>,
    /// Requests for sessions that nobody has answered.
    perhaps_asked: usize,
}

impl<'a> World<'a> {
    fn set_up(data: &'a Path, database: &[&str]) -> Self {
        let mut create_key = vec!["api-key", "create", "--name", "crash", "--role", "admin"];
        create_key.extend_from_slice(database);
        let key = printed(data, &create_key);
        let settings = [
            ["--list-seconds", "1"],
            ["--gone-gap-millis", "200"],
            ["--lease-seconds", "5"],
            ["--creates-per-hour", "100000"],
            ["--session-quota", "1000"],
            ["--session-requests-per-minute", "100000"],
            ["--metrics-token", METRICS],
        ];
        let args = [&settings.concat(), database].concat();
        let args: Vec<String> = args.into_iter().map(str::to_owned).collect();
        let mut world = World {
            data,
            listen: "127.0.0.1:0".to_owned(),
            args,
            key,
            people: Vec::new(),
            pool: String::new(),
            config: String::new(),
            accepted: BTreeSet::new(),
            ended: BTreeSet::new(),
            perhaps_ended: BTreeSet::new(),
            perhaps_asked: 0,
        };
        let weir = world.start();
        // From now on always the same port: scripts report to it.
        weir.authority().clone_into(&mut world.listen);
        let made = |path: &str, body: Value| {
            let answer = weir.call(&world.key, "POST", path, Some(&body));
            answer["id"].as_str().expect("an id").to_owned()
        };
        let people = ["ann", "ben", "cleo"].map(|name| {
            let input =
                json!({ "name": name, "role": "user", "password": "correct horse battery" });
            made("/users", input)
        });
        let zone = made(
            "/zones",
            json!({ "name": "Here", "upstream_auth_address": weir.authority() }),
        );
        let provider = json!({
            "name": "Local", "kind": "local", "max_instances": 5, "startup_script": SCRIPT, "settings": {},
        });
        let provider = made("/providers", provider);
        let pool = made("/pools", json!({ "name": "Shells" }));
        let config = json!({
            "enabled": true, "name": "Shells", "pool_id": pool, "deployment_zone_id": zone, "provider_id": provider,
            "connection_type": "ssh", "connection_username": "desk", "use_user_ssh_key": true, "require_checkin": true,
            "reusable": true, "aggressive_scaling": true, "minimum_available_sessions": 1,
            "max_simultaneous_sessions_per_server": SEATS, "max_simultaneous_users": SEATS,
            "downscale_backoff_seconds": 0,
        });
        let config = made("/autoscale-configs", config);
        (world.people, world.pool, world.config) = (people.into(), pool, config);
        world
    }

    fn start(&self) -> Serving {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        Serving::begin_at(self.data, &self.listen, &args)
    }

    /// What became of requests that a kill has cut off: either way is right, but then it stays so.
    fn learn_what_was_unanswered(&mut self, weir: &Serving) {
        // Far fewer sessions are open at once than a page holds.
        let Some((200, page)) = weir.try_call(&self.key, "GET", "/sessions?limit=200", None) else {
            return;
        };
        let items = page["items"].as_array().expect("items").iter();
        let alive: BTreeSet<String> = items
            .map(|session| session["id"].as_str().expect("an id").to_owned())
            .collect();
        for id in std::mem::take(&mut self.perhaps_ended) {
            if !alive.contains(&id) {
                self.ended.insert(id);
            }
        }
        let known = self.accepted.len();
        self.accepted.extend(alive);
        let learned = self.accepted.len() - known;
        assert!(learned <= self.perhaps_asked, "nobody asked for these");
        self.perhaps_asked = 0;
    }

    /// One thing that people or admins do. No answer is an answer here: Weir may die at any moment.
    fn act(&mut self, weir: &Serving, random: &mut ChaCha8Rng) {
        match below(random, 10) {
            0..=4 => self.ask(weir, random),
            5..=7 => self.end(weir, random),
            _ => {
                self.set_standby(weir, below(random, 5));
            }
        }
    }

    fn ask(&mut self, weir: &Serving, random: &mut ChaCha8Rng) {
        // Beyond what the provider may hold they would only wait.
        if self.open().len() > 6 {
            return;
        }
        let person = &self.people[pick(random, self.people.len())];
        let body = json!({ "pool_id": self.pool, "user_id": person });
        match weir.try_call(&self.key, "POST", "/sessions", Some(&body)) {
            None => self.perhaps_asked += 1,
            Some((201 | 202, session)) => {
                let id = session["id"].as_str().expect("an id").to_owned();
                assert!(self.accepted.insert(id), "an id is given out once");
            }
            Some((status, problem)) => {
                assert_eq!(status, 409, "{problem}");
                assert_eq!(problem["code"], "no_capacity_coming", "{problem}");
            }
        }
    }

    fn end(&mut self, weir: &Serving, random: &mut ChaCha8Rng) {
        let open = self.open();
        if open.is_empty() {
            return;
        }
        let id = open[pick(random, open.len())].clone();
        match weir.try_call(&self.key, "DELETE", &format!("/sessions/{id}"), None) {
            None => self.perhaps_ended.insert(id),
            Some((status, answer)) => {
                assert_eq!(status, 200, "{answer}");
                self.ended.insert(id)
            }
        };
    }

    /// Whether it was answered.
    fn set_standby(&self, weir: &Serving, seats: u64) -> bool {
        let path = format!("/autoscale-configs/{}", self.config);
        let Some((200, mut config)) = weir.try_call(&self.key, "GET", &path, None) else {
            return false;
        };
        let version = sendable(&mut config);
        config["minimum_available_sessions"] = json!(seats);
        let answer = weir.try_call_if(&self.key, version, "PUT", &path, Some(&config));
        matches!(answer, Some((200, _)))
    }

    /// Accepted sessions that nobody has wanted to end.
    fn open(&self) -> Vec<String> {
        let over = |id: &&String| self.ended.contains(*id) || self.perhaps_ended.contains(*id);
        self.accepted
            .iter()
            .filter(|id| !over(id))
            .cloned()
            .collect()
    }

    /// `from_before` are the servers that this process has found.
    fn all_is_well_after(&self, weir: &Serving, from_before: &BTreeSet<String>) {
        wait_for("complete lists of the provider", || {
            complete_lists(weir) >= TICKS
        });
        self.no_session_is_lost_or_double(weir);
        // Rows and folders are read at two moments, and a step of the loop may come between them: what counts is what two
        // looks in a row show. A server that is asked for only now has its machine a little later: for it the looks are
        // repeated while the loop takes as many lists again.
        let mut before: Vec<Complaint> = Vec::new();
        loop {
            let lists = complete_lists(weir);
            let complaints = self.complaints(weir, from_before);
            if complaints.is_empty() {
                break;
            }
            let lasting: Vec<_> = complaints
                .iter()
                .filter(|&one| !one.may_pass && before.contains(one))
                .collect();
            assert!(lasting.is_empty(), "{lasting:?}");
            assert!(lists < 2 * TICKS, "{complaints:?}");
            before = complaints;
            std::thread::sleep(Duration::from_millis(100));
        }
        wait_for("a seat for each who waits", || {
            let sessions = self.sessions(weir);
            sessions
                .values()
                .all(|session| session["state"] != "queued")
        });
        self.no_session_is_lost_or_double(weir);
    }

    fn no_session_is_lost_or_double(&self, weir: &Serving) {
        let sessions = self.sessions(weir);
        for id in self.open() {
            assert!(sessions.contains_key(&id), "session {id} is lost");
        }
        for id in &self.ended {
            assert!(!sessions.contains_key(id), "session {id} lives again");
        }
        for id in sessions.keys() {
            assert!(self.accepted.contains(id), "nobody asked for {id}");
        }
        let mut seats = BTreeMap::<&str, usize>::new();
        for session in sessions.values() {
            if let Some(server) = session["server_id"].as_str() {
                *seats.entry(server).or_default() += 1;
            }
        }
        assert!(
            seats.values().all(|taken| *taken <= SEATS),
            "more people than seats: {seats:?}"
        );
    }

    /// Servers without a machine, a listening sshd or a host key, machines without a server, and machines with two sshd.
    fn complaints(&self, weir: &Serving, from_before: &BTreeSet<String>) -> Vec<Complaint> {
        let servers = self.servers(weir);
        let machines = self.machines();
        let mut complaints = Vec::new();
        let mut complain = |may_pass, text| complaints.push(Complaint { text, may_pass });
        for (id, server) in &servers {
            let state = &server["state"];
            // One that is being deleted may have lost its machine already.
            if state != "deleting" && !machines.contains_key(id) {
                let is_being_made = state == "requested" && !from_before.contains(id);
                complain(
                    is_being_made,
                    format!("server {id} is {state} and has no machine"),
                );
            }
            if state != "running" {
                continue;
            }
            // However Weir came to know of its machine: people pin this key.
            if !server["host_key"].is_string() {
                complain(
                    false,
                    format!("server {id} runs and its host key is not known"),
                );
            }
            if machines.get(id) == Some(&0) {
                complain(
                    false,
                    format!("server {id} runs and its sshd does not listen"),
                );
            }
        }
        for (id, listeners) in &machines {
            if !servers.contains_key(id) {
                complain(false, format!("machine {id} has no server"));
            }
            if *listeners > 1 {
                complain(false, format!("machine {id} runs {listeners} times"));
            }
        }
        complaints
    }

    fn nothing_is_left_at_the_end(&self, weir: &Serving) {
        assert!(self.set_standby(weir, 0));
        for id in self.sessions(weir).keys() {
            weir.call(&self.key, "DELETE", &format!("/sessions/{id}"), None);
        }
        wait_for("the last server to go", || self.servers(weir).is_empty());
        assert_eq!(self.machines(), BTreeMap::new());
    }

    /// Sessions that have not ended, by id.
    fn sessions(&self, weir: &Serving) -> BTreeMap<String, Value> {
        self.items(weir, "/sessions")
    }

    /// The servers that are not deleted, by id without its prefix.
    fn servers(&self, weir: &Serving) -> BTreeMap<String, Value> {
        self.items(weir, "/servers")
            .into_iter()
            .map(|(id, server)| (bare(&id), server))
            .collect()
    }

    fn servers_ever(&self, weir: &Serving) -> usize {
        self.items(weir, "/servers?include_deleted=true").len()
    }

    /// A whole list, page by page.
    fn items(&self, weir: &Serving, path: &str) -> BTreeMap<String, Value> {
        let mut items = BTreeMap::new();
        let mut cursor = String::new();
        loop {
            let joint = if path.contains('?') { '&' } else { '?' };
            let page = format!("{path}{joint}limit=200{cursor}");
            let page = weir.call(&self.key, "GET", &page, None);
            for item in page["items"].as_array().expect("items") {
                let id = item["id"].as_str().expect("an id").to_owned();
                assert!(items.insert(id, item.clone()).is_none(), "listed twice");
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// The machines that are there, and how many sshd listen for each.
    fn machines(&self) -> BTreeMap<String, usize> {
        let mut machines = BTreeMap::new();
        // A folder for each deployment, in it one for each provider config.
        let sites = entries(&self.data.join("local"))
            .into_iter()
            .flat_map(|of| entries(&of));
        for machine in sites.flat_map(|site| entries(&site)) {
            let name = machine.file_name().expect("a name").to_string_lossy();
            if name.starts_with(".lock-") {
                continue;
            }
            let stages = [".making-", ".deleting-"];
            let stage = stages.iter().find_map(|stage| name.strip_prefix(stage));
            let id = stage.unwrap_or(&name).to_owned();
            machines.insert(id, listeners(&machine));
        }
        machines
    }
}

/// How many sshd listen with the settings in this folder.
fn listeners(machine: &Path) -> usize {
    let machine = fs::canonicalize(machine).unwrap_or_else(|_| machine.to_owned());
    let settings = machine.to_string_lossy().into_owned();
    entries(Path::new("/proc"))
        .iter()
        .filter_map(|process| fs::read(process.join("cmdline")).ok())
        .map(|words| String::from_utf8_lossy(&words).replace('\0', " "))
        // sshd calls itself `sshd: /usr/sbin/sshd -f … [listener] …` once it listens; a session's own process has another
        // title, without the folder.
        .filter(|words| words.contains("[listener]") && words.contains(&settings))
        .count()
}

/// A `kill -9` at a moment that nobody has chosen.
fn kill_later(weir: &Serving, millis: u64) -> std::thread::JoinHandle<()> {
    let process = weir.process();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(millis));
        let killed = Command::new("kill")
            .args(["-9", &process.to_string()])
            .status();
        assert!(killed.expect("kill starts").success());
    })
}

/// Complete lists of providers since the start.
fn complete_lists(weir: &Serving) -> u64 {
    weir.metrics(METRICS)
        .lines()
        .find(|line| line.contains("kind=\"list\"") && line.contains("outcome=\"ok\""))
        .and_then(|line| line.rsplit(' ').next()?.parse().ok())
        .unwrap_or_default()
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn bare(id: &str) -> String {
    id.rsplit('_').next().unwrap_or(id).to_owned()
}

fn below(random: &mut ChaCha8Rng, bound: u64) -> u64 {
    random.next_u64() % bound
}

fn pick(random: &mut ChaCha8Rng, len: usize) -> usize {
    usize::try_from(below(random, len as u64)).expect("it is small")
}
