//! The commands with which a person reaches a server by SSH, with the server's host key pinned.

use domain::connection::Address;
use domain::id::SessionId;
use domain::session::Connection;

/// Where the commands look for the person's private key if nothing else is said.
pub const USUAL_KEY_FILE: &str = "~/.ssh/weir_ed25519";

/// The two commands, to be run one after the other in a POSIX shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshCommands {
    /// Writes the server's host key to a file; none where it is not known.
    pub pin: Option<String>,
    /// Connects, and refuses every other host key.
    pub connect: String,
}

/// The commands for an open session. `key_file` is used as it is, apart from quoting; blank leaves it to the client.
pub fn ssh(session: SessionId, connection: &Connection, key_file: &str) -> SshCommands {
    let pinned = connection.host_key.as_deref().map(|key| {
        let bare = session.bare();
        let file = format!("~/.ssh/weir_host_{}", &bare[bare.len() - 8..]);
        (file, known_host(&connection.address, key))
    });
    let mut connect = "ssh".to_owned();
    let key_file = key_file.trim();
    if !key_file.is_empty() {
        connect.push_str(" -i ");
        connect.push_str(&quoted_path(key_file));
    }
    if let Some((file, _)) = &pinned {
        for part in [
            " -o UserKnownHostsFile=",
            file,
            " -o StrictHostKeyChecking=yes",
        ] {
            connect.push_str(part);
        }
    }
    let host = match &connection.username {
        Some(user) => format!("{user}@{}", connection.address.host),
        None => connection.address.host.clone(),
    };
    SshCommands {
        pin: pinned.map(|(file, line)| {
            format!(
                "mkdir -p -m 700 ~/.ssh && printf '%s\\n' {} > {file}",
                quoted(&line)
            )
        }),
        connect: format!("{connect} -p {} {}", connection.address.port, quoted(&host)),
    }
}

/// The server's line for a `known_hosts` file.
pub fn known_host(address: &Address, key: &str) -> String {
    // The third word of a public key is a comment.
    let key: Vec<&str> = key.split_whitespace().take(2).collect();
    match address.port {
        22 => format!("{} {}", address.host, key.join(" ")),
        port => format!("[{}]:{port} {}", address.host, key.join(" ")),
    }
}

/// A word that a POSIX shell reads as it stands.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path, with a leading `~/` left to the shell.
fn quoted_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("~/{}", quoted(rest)),
        None => quoted(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::connection::Protocol;

    fn connection(port: u16) -> Connection {
        Connection {
            protocol: Protocol::Ssh,
            address: Address {
                host: "127.0.0.1".into(),
                port,
            },
            username: Some("weir".into()),
            host_key: Some("ssh-ed25519 AAAAC3 root@host".into()),
            access_ready: true,
            needs_key: false,
            has_credentials: false,
        }
    }

    fn session() -> SessionId {
        SessionId::from_bare("01980000-0000-7000-8000-0000deadbeef").expect("an id")
    }

    #[test]
    fn the_host_key_is_pinned() {
        let commands = ssh(session(), &connection(2201), USUAL_KEY_FILE);
        assert_eq!(
            commands.pin.as_deref(),
            Some(
                "mkdir -p -m 700 ~/.ssh && printf '%s\\n' '[127.0.0.1]:2201 ssh-ed25519 AAAAC3' > ~/.ssh/weir_host_deadbeef"
            )
        );
        assert_eq!(
            commands.connect,
            "ssh -i ~/.ssh/weir_ed25519 -o UserKnownHostsFile=~/.ssh/weir_host_deadbeef \
             -o StrictHostKeyChecking=yes -p 2201 weir@127.0.0.1"
        );
    }

    #[test]
    fn the_usual_port_has_no_brackets() {
        assert_eq!(
            known_host(&connection(22).address, "a b c"),
            "127.0.0.1 a b"
        );
    }

    #[test]
    fn without_a_host_key_nothing_is_pinned() {
        let bare = Connection {
            host_key: None,
            username: None,
            ..connection(22)
        };
        let commands = ssh(session(), &bare, " ");
        assert_eq!(commands.pin, None);
        assert_eq!(commands.connect, "ssh -p 22 127.0.0.1");
    }

    #[test]
    fn nothing_leaves_its_quotes() {
        let odd = Connection {
            username: Some("a; rm 'x'".into()),
            ..connection(22)
        };
        let commands = ssh(session(), &odd, "~/my keys/$(id)");
        assert!(
            commands.connect.contains(r"'a; rm '\''x'\''@127.0.0.1'"),
            "{}",
            commands.connect
        );
        assert!(
            commands.connect.contains("-i ~/'my keys/$(id)'"),
            "{}",
            commands.connect
        );
    }
}
