//! moto, a stand-in for EC2, for one test run. It keeps everything in memory.

use std::fs::{self, File};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::Result;
use crate::service;
use crate::setup;
use crate::workspace::Workspace;

/// A running moto; ended when dropped.
pub struct Moto {
    port: u16,
    child: Child,
}

impl Moto {
    /// Starts moto on a free port of the loopback address.
    pub fn start(workspace: &Workspace) -> Result<Self> {
        let program = setup::moto(workspace)?;
        let folder = workspace.target("moto");
        let log = folder.join("log");
        let file = fs::create_dir_all(&folder)
            .and_then(|()| File::create(&log))
            .map_err(|source| format!("can not write {}: {source}", log.display()))?;
        let errors = file
            .try_clone()
            .map_err(|source| format!("can not share the log of moto: {source}"))?;
        let port = service::free_port()?;
        let mut command = workspace.command(&program.to_string_lossy());
        let child = command
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|source| format!("can not start moto: {source}"))?;
        let mut moto = Self { port, child };
        service::wait_until_ready("moto", &mut moto.child, &log, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        })?;
        Ok(moto)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Nothing of it is kept, so it need not end in good order.
        if let Err(source) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("moto did not end: {source}");
        }
    }
}
