//! The `.rdp` file of a session, as Microsoft's and `FreeRDP`'s clients read it.

use std::fmt::Write;

use crate::pool::PublishedApp;
use crate::session::Connection;

/// The text of the file: one `name:type:value` a line, CRLF. It holds no password.
///
/// Values are ours or were parsed when saved: none holds a line break, which would begin a property of its own.
pub fn file(connection: &Connection, app: Option<&PublishedApp>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, kind: char, value: &str| {
        let value: String = value.chars().filter(|c| !c.is_control()).collect();
        // Writing to a String does not fail.
        let _ = write!(text, "{name}:{kind}:{value}\r\n");
    };
    let host = &connection.address.host;
    let host = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.clone()
    };
    line(
        "full address",
        's',
        &format!("{host}:{}", connection.address.port),
    );
    if let Some(username) = &connection.username {
        line("username", 's', username);
    }
    line("prompt for credentials", 'i', "1");
    line("authentication level", 'i', "2");
    match app {
        Some(app) => {
            line("remoteapplicationmode", 'i', "1");
            line("remoteapplicationname", 's', &app.name);
            line("remoteapplicationprogram", 's', &app.program);
            line("remoteapplicationcmdline", 's', &app.arguments);
        }
        None => line("screen mode id", 'i', "2"),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Address, Protocol};

    fn connection(host: &str) -> Connection {
        Connection {
            protocol: Protocol::Rdp,
            address: Address {
                host: host.into(),
                port: 3389,
            },
            username: Some("CORP\\ana".into()),
            host_key: None,
            access_ready: true,
            needs_key: false,
            has_credentials: true,
        }
    }

    #[test]
    fn a_desktop() {
        assert_eq!(
            file(&connection("10.0.0.5"), None),
            "full address:s:10.0.0.5:3389\r\nusername:s:CORP\\ana\r\nprompt for credentials:i:1\r\n\
             authentication level:i:2\r\nscreen mode id:i:2\r\n"
        );
    }

    #[test]
    fn an_app_on_an_ipv6_server_and_a_line_break_that_stays_harmless() {
        let app = PublishedApp {
            key: "word".into(),
            name: "Word\r\nfull address:s:evil".into(),
            program: "||WINWORD".into(),
            arguments: String::new(),
        };
        let text = file(&connection("fd00::1"), Some(&app));
        assert!(text.starts_with("full address:s:[fd00::1]:3389\r\n"));
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("full address"))
                .count(),
            1
        );
        assert!(text.contains("remoteapplicationprogram:s:||WINWORD\r\n"));
    }
}
