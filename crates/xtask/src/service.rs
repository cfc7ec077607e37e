//! What all services of a test run have in common: a free port, and a start that is waited for.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use crate::Result;

/// How often a start or an end is looked at, with a [`pause`] between two looks: for half a minute.
pub const LOOKS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(100);

/// A port of the loopback address that nobody listens on.
pub fn free_port() -> Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| format!("no free port on 127.0.0.1: {source}"))
}

/// Waits until a service that was started answers. Fails with the end of its log where it ends or does not answer.
pub fn wait_until_ready(
    name: &str,
    child: &mut Child,
    log: &Path,
    is_ready: impl Fn() -> bool,
) -> Result<()> {
    for _ in 0..LOOKS {
        if is_ready() {
            return Ok(());
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(format!("{name} ended with {status}: {}", end_of(log)));
        }
        pause();
    }
    Err(format!("{name} does not answer: {}", end_of(log)))
}

/// The last 2 KiB of a log.
pub fn end_of(log: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = fs::File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(2048)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    read().unwrap_or_else(|source| format!("its log can not be read: {source}"))
}

/// Lets a tenth of a second go by.
#[expect(
    clippy::disallowed_methods,
    reason = "a build tool waits for another process; nothing decides here"
)]
pub fn pause() {
    std::thread::sleep(PAUSE);
}
