//! The real program as a test uses it: its commands and a process that serves.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The longest that anything here is waited for.
pub const WAIT: Duration = Duration::from_mins(1);

/// Waits until it is so.
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < WAIT, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub fn weir(data: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    command
        .args(args)
        .arg("--data")
        .arg(data)
        .env_remove("WEIR_DATABASE_URL")
        .env("RUST_LOG", "info");
    command
}

fn output(data: &Path, args: &[&str]) -> Output {
    weir(data, args).output().expect("the program starts")
}

pub fn printed(data: &Path, args: &[&str]) -> String {
    let output = output(data, args);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .expect("text")
        .trim_end()
        .to_owned()
}

pub fn refused(data: &Path, args: &[&str]) -> String {
    let output = output(data, args);
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// What a process says on its standard output, which is a pipe, line by line as it comes.
pub fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        stdout
            .lines()
            .map_while(Result::ok)
            .try_for_each(|line| sender.send(line))
    });
    lines
}

/// A process that serves; killed when the test ends.
pub struct Serving {
    child: Child,
    /// Scheme, host and port.
    pub address: String,
    lines: mpsc::Receiver<String>,
}

impl Serving {
    /// Starts on a free port.
    pub fn begin(data: &Path, args: &[&str]) -> Self {
        Self::begin_at(data, "127.0.0.1:0", args)
    }

    /// Starts on this address.
    pub fn begin_at(data: &Path, listen: &str, args: &[&str]) -> Self {
        Self::run(data, &[&["serve", "--listen", listen], args].concat())
    }

    /// Runs a command that serves.
    pub fn run(data: &Path, args: &[&str]) -> Self {
        let mut child = weir(data, args)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let lines = lines_of(&mut child);
        let first = lines.recv_timeout(WAIT).expect("a first line");
        let address = first
            .strip_prefix("Weir listens on ")
            .expect("the address")
            .to_owned();
        Self {
            child,
            address,
            lines,
        }
    }

    /// The next line on standard output that holds `part`.
    pub fn line_with(&self, part: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(WAIT).expect(part);
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        self.address.split_once("://").expect("a scheme").1
    }

    /// A call of the API that has to succeed.
    pub fn call(&self, key: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self
            .try_call(key, method, path, body)
            .expect("an answer comes");
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {answer}"
        );
        answer
    }

    /// A call of the API: status and body, or `None` when no answer came.
    pub fn try_call(
        &self,
        key: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        self.try_call_if(key, 1, method, path, body)
    }

    /// The same, if what is changed still has this version.
    pub fn try_call_if(
        &self,
        key: &str,
        version: i64,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Option<(u16, Value)> {
        let if_match = format!("If-Match: \"v{version}\"");
        let text = self.text(key, method, &format!("/api/v1{path}"), &if_match, body)?;
        let (body, status) = text.rsplit_once('\n').expect("curl adds the status");
        let status = status.parse().expect("a status");
        Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
    }

    /// A figure for operators, by its name and labels; 0 before it is told.
    pub fn figure(&self, metrics_token: &str, name: &str) -> u64 {
        let text = self.text(metrics_token, "GET", "/metrics", "Accept: text/plain", None);
        let text = text.expect("an answer comes");
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.map_or(0, |count| count.trim().parse().expect("a number"))
    }

    /// The answer's text and, in a last line, its status; `header` is one more to send.
    fn text(
        &self,
        key: &str,
        method: &str,
        path: &str,
        header: &str,
        body: Option<&Value>,
    ) -> Option<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--insecure", "--max-time", "20"]);
        curl.args(["--write-out", "\n%{http_code}", "--request", method]);
        curl.args(["--header", &format!("Authorization: Bearer {key}")]);
        curl.args(["--header", header]);
        if let Some(body) = body {
            curl.args(["--header", "Content-Type: application/json"]);
            curl.args(["--data", &body.to_string()]);
        }
        let output = curl
            .arg(format!("{}{path}", self.address))
            .output()
            .expect("curl starts");
        output
            .status
            .success()
            .then(|| String::from_utf8(output.stdout).expect("text"))
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.expect("kill starts").success());
    }

    /// The status once it has ended, and how long that took.
    pub fn end(mut self) -> (std::process::ExitStatus, Duration) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status, begun.elapsed());
            }
            assert!(begun.elapsed() < WAIT, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Leaves only what a client sends of a document that the API has shown, and gives the version that it had.
pub fn sendable(document: &mut Value) -> i64 {
    let members = document.as_object_mut().expect("an object");
    let version = members["version"].as_i64().expect("a version");
    for told in [
        "id",
        "secrets",
        "warnings",
        "servers",
        "older_servers",
        "created_at",
        "updated_at",
        "version",
    ] {
        members.remove(told);
    }
    version
}
