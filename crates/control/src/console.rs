//! The console of a server's machine: read where its provider can, without the secrets that Weir has put there. Of a server
//! that failed, what it wrote last is kept.

use domain::actor::Actor;
use domain::console::ConsoleLog;
use domain::event::EventNoun;
use domain::id::ServerId;
use domain::server::{Origin, ServerState};
use domain::startup_script::Script;
use providers::{Console, ProviderError};
use store::{Fence, KeptConsole};

use crate::error::Result;
use crate::plane::ControlPlane;
use crate::provider;
use crate::server;
use crate::session::Access;

/// So much of the end of a console is kept, in bytes.
const MAX_KEPT: usize = 16 * 1024;

/// What the machine of a server has written so far; once it is gone because the server failed, what it wrote last.
pub async fn read(plane: &ControlPlane, actor: &Actor, id: ServerId) -> Result<ConsoleLog> {
    actor.require_admin()?;
    // Before the server: they are there for as long as it is not deleted, so what is read below is masked.
    let access = Access::open(plane, id).await?;
    let server = server::row(plane, id).await?.server;
    let is_starting = server.status.is_in_flight();
    let none = |why: String| ConsoleLog::None { why, is_starting };
    let Origin::Scaled { provider, .. } = server.origin else {
        return Ok(none(
            "A server that was entered by hand has no console log here.".to_owned(),
        ));
    };
    let is_going = matches!(
        server.status,
        ServerState::Deleting { .. } | ServerState::Deleted { .. }
    );
    if is_going && let Some(kept) = plane.store().server_console(id).await? {
        return Ok(ConsoleLog::Last {
            text: kept.text,
            is_cut: kept.is_cut,
            read_at: kept.read_at,
        });
    }
    let Some(machine) = server.status.machine() else {
        let why = if is_starting {
            "The machine is not there yet."
        } else {
            "The machine is not there any more."
        };
        return Ok(none(why.to_owned()));
    };
    let Some(row) = plane.store().provider(provider).await? else {
        return Ok(none("Its provider config has gone.".to_owned()));
    };
    let shown = match provider::try_open(plane, (&row).into()).await? {
        Ok(open) => open.console(machine).await,
        Err(error) => Err(error),
    };
    Ok(match shown {
        Ok(Some(console)) => ConsoleLog::Machine {
            is_cut: console.is_cut,
            text: masked(&console, &access),
            is_starting,
        },
        Ok(None) => none("This provider gives no console log.".to_owned()),
        Err(error) => none(unread(&error)),
    })
}

/// Keeps what the machine of a server that failed has written, for when it is gone.
pub(crate) async fn keep(
    plane: &ControlPlane,
    fence: Fence,
    id: ServerId,
    console: &Console,
) -> Result<()> {
    // The store keeps nothing for a server that is deleted, whose access data have gone: so these are all there.
    let access = Access::open(plane, id).await?;
    let Some(kept) = last_part(console, &access) else {
        return Ok(());
    };
    let kept = KeptConsole {
        text: kept.0,
        is_cut: kept.1,
        read_at: plane.now(),
    };
    if plane.store().server_console_keep(fence, id, kept).await? {
        let pool = server::row(plane, id).await?.server.pool_id;
        plane.changed(EventNoun::Server, id, Some(pool), None);
    }
    Ok(())
}

fn unread(error: &ProviderError) -> String {
    format!("The console log cannot be read: {error}.")
}

/// The last whole lines of the masked text, and whether there were more before them. None where nothing was written.
fn last_part(console: &Console, access: &Access) -> Option<(String, bool)> {
    // No database takes NUL in a text.
    let text = masked(console, access).replace('\0', "\u{fffd}");
    if text.is_empty() {
        return None;
    }
    let Some(too_many) = text.len().checked_sub(MAX_KEPT).filter(|over| *over > 0) else {
        return Some((text, console.is_cut));
    };
    // From the end of the line before, so that a line that just fits stays.
    let begin = text.ceil_char_boundary(too_many - 1);
    let (_, whole) = text[begin..].split_once(['\n', '\r'])?;
    Some((whole.to_owned(), true))
}

/// The text without what opens the server and what it checks in with, as scripts that print their commands write them.
fn masked(console: &Console, access: &Access) -> String {
    let mut text = String::from_utf8_lossy(&console.bytes).into_owned();
    let shared = &access.shared;
    let key = shared.private_key.iter().flat_map(|key| key.lines());
    let mut secrets: Vec<&str> = [&shared.password, &shared.private_key_passphrase]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .chain(key)
        .filter(|secret| !secret.trim().is_empty())
        .collect();
    // A secret that was cut in two would not be known again. A bar of progress begins its line anew by `\r`.
    if console.is_cut {
        text = match text.split_once(['\n', '\r']) {
            Some((_, whole)) => whole.to_owned(),
            None => String::new(),
        };
    }
    // The longest first: one may be a part of another, whose rest would stay.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    for secret in secrets {
        text = text.replace(secret, Script::MASK);
    }
    without_tokens(&text)
}

/// The text with a mask for each signed token.
fn without_tokens(text: &str) -> String {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("eyJ") {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c| !is_inside(c)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let is_token = word.matches('.').count() >= 2;
        out.push_str(before);
        out.push_str(if is_token { Script::MASK } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use domain::session::Revealed;

    use super::*;

    fn shown(text: &str, is_cut: bool) -> String {
        let shared = Revealed {
            password: Some("hunter2".to_owned()),
            private_key: Some("-----BEGIN\nAAAAkeykey\n".to_owned()),
            private_key_passphrase: Some("hunter2-and-more".to_owned()),
            ..Revealed::default()
        };
        let access = Access {
            shared,
            sso_domain: None,
        };
        let bytes = text.as_bytes().to_vec();
        masked(&Console { bytes, is_cut }, &access)
    }

    fn last(text: &str) -> Option<(String, bool)> {
        let shared = Revealed {
            password: Some("hunter2".to_owned()),
            ..Revealed::default()
        };
        let access = Access {
            shared,
            sso_domain: None,
        };
        let bytes = text.as_bytes().to_vec();
        last_part(
            &Console {
                bytes,
                is_cut: false,
            },
            &access,
        )
    }

    #[test]
    fn of_what_is_kept_secrets_are_masked_and_lines_are_whole() {
        assert_eq!(last(""), None);
        assert_eq!(
            last("log in with hunter2\n\0\n"),
            Some(("log in with ********\n\u{fffd}\n".to_owned(), false))
        );
        let line = "ü".repeat(MAX_KEPT / 2 - 1) + "\n";
        let exact = format!("x{line}");
        assert_eq!(last(&exact), Some((exact.clone(), false)));
        assert_eq!(
            last(&format!("before\n{exact}")),
            Some((exact.clone(), true))
        );
        assert_eq!(
            last(&format!("{exact}the cause\n")),
            Some(("the cause\n".to_owned(), true))
        );
        assert_eq!(last(&"x".repeat(MAX_KEPT + 1)), None, "no whole line");
    }

    #[test]
    fn secrets_are_masked() {
        assert_eq!(
            shown(
                "+ ssh-keygen -N hunter2-and-more\n+ useradd -p hunter2\n+ curl -H 'Bearer eyJh.eyJp.s-_g' https://w\neyJhbGci alone\nAAAAkeykey",
                false
            ),
            "+ ssh-keygen -N ********\n+ useradd -p ********\n+ curl -H 'Bearer ********' https://w\neyJhbGci alone\n********"
        );
    }

    #[test]
    fn what_is_cut_begins_with_a_whole_line() {
        assert_eq!(shown("ter2\nsecond", true), "second");
        assert_eq!(shown("ter2\r50 %\r60 %", true), "50 %\r60 %");
        assert_eq!(shown("one long line", true), "");
        assert_eq!(shown("first\nsecond", false), "first\nsecond");
    }
}
