//! Compares what Weir says with the provider's machines and with what people were promised.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::Result;
use crate::client::Client;
use crate::cloud::Cloud;
use crate::site::{SEATS, Site};

/// Complete lists of the provider after which Weir knows how things are.
const LISTS: u64 = 3;
/// How often it is looked, with [`PAUSE`] in between: for three minutes. What has not settled by then never does.
const LOOKS: u32 = 900;
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until all is as it should be, and gives what is wrong, in sentences: what no wait can mend at once, the rest if it does
/// not settle.
///
/// # Errors
/// Weir does not answer.
pub async fn settle(site: &Site, clients: &[Client], cloud: &dyn Cloud) -> Result<Vec<String>> {
    let client = clients.first().ok_or("nobody serves")?;
    let before = site.complete_lists(clients).await?;
    let mut wrong = BTreeSet::new();
    let mut unsettled = Vec::new();
    let mut was_good = false;
    for _ in 0..LOOKS {
        cloud.play().await;
        let seen = look(site, client, cloud).await?;
        wrong.extend(seen.wrong);
        unsettled = seen.unsettled;
        if site.complete_lists(clients).await? < before + LISTS {
            unsettled.push("the provider's lists do not come".to_owned());
        }
        // Rows and machines are read at two moments, and a step of the loop may come between them: two good looks in a row
        // are wanted.
        let is_good = unsettled.is_empty();
        if is_good && was_good {
            break;
        }
        was_good = is_good;
        tokio::time::sleep(PAUSE).await;
    }
    wrong.extend(unsettled);
    wrong.extend(cloud.complaints());
    wrong.extend(site.ledger.open().broken().iter().cloned());
    Ok(wrong.into_iter().collect())
}

/// Waits until no server and no machine is left, and gives those that stay.
///
/// # Errors
/// Weir does not answer.
pub async fn emptied(site: &Site, client: &Client, cloud: &dyn Cloud) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for _ in 0..LOOKS {
        cloud.play().await;
        let servers = site.servers(client).await?.into_iter();
        left = servers
            .map(|(id, server)| format!("server {id} is left and {}", server["state"]))
            .collect();
        let machines = cloud.machines().await?.into_keys();
        left.extend(machines.map(|id| format!("machine {id} is left")));
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(left)
}

/// What one look shows.
#[derive(Default)]
struct Seen {
    /// What must not be at any moment.
    wrong: Vec<String>,
    /// What the middle of a step looks like, and what should pass.
    unsettled: Vec<String>,
}

async fn look(site: &Site, client: &Client, cloud: &dyn Cloud) -> Result<Seen> {
    let mut seen = Seen::default();
    let sessions = site.sessions(client).await?;
    seen.wrong = site.ledger.open().complaints(&sessions, SEATS);
    for (id, session) in &sessions {
        if session["state"] == "queued" {
            seen.unsettled.push(format!("session {id} waits"));
        }
    }
    let servers = site.servers(client).await?;
    let machines = cloud.machines().await?;
    for (id, server) in &servers {
        let state = &server["state"];
        // One that is being deleted may have lost its machine already.
        if state != "deleting" && !machines.contains_key(id) {
            let what = format!("server {id} is {state} and has no machine");
            seen.unsettled.push(what);
        } else if state == "running" && !cloud.serves(id).await? {
            let what = format!("server {id} runs and nobody can sign in");
            seen.unsettled.push(what);
        }
        // However Weir came to know of its machine: people pin this key.
        if state == "running" && cloud.has_host_keys() && !server["host_key"].is_string() {
            let what = format!("server {id} runs and its host key is not known");
            seen.unsettled.push(what);
        }
    }
    for (id, count) in &machines {
        if !servers.contains_key(id) {
            seen.unsettled.push(format!("machine {id} has no server"));
        }
        if *count > 1 {
            seen.wrong.push(format!("server {id} has {count} machines"));
        }
    }
    Ok(seen)
}
