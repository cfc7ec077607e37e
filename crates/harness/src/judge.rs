//! Compares what Weir says with the provider's machines and with what people were promised.

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

/// Waits until all is as it should be, and gives what is still wrong when that never comes, in sentences.
///
/// # Errors
/// Weir does not answer.
pub async fn settle(site: &Site, clients: &[Client], cloud: &dyn Cloud) -> Result<Vec<String>> {
    let client = clients.first().ok_or("nobody serves")?;
    let before = site.complete_lists(clients).await?;
    let mut left = Vec::new();
    let mut was_good = false;
    for _ in 0..LOOKS {
        cloud.play().await;
        left = if site.complete_lists(clients).await? < before + LISTS {
            vec!["the provider's lists do not come".to_owned()]
        } else {
            complaints(site, client, cloud).await?
        };
        // Rows and machines are read at two moments, and a step of the loop may come between them: what counts is what two
        // looks in a row show.
        if left.is_empty() && was_good {
            break;
        }
        was_good = left.is_empty();
        tokio::time::sleep(PAUSE).await;
    }
    // These do not pass.
    left.extend(cloud.complaints());
    Ok(left)
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

/// What is not as it should be at rest.
async fn complaints(site: &Site, client: &Client, cloud: &dyn Cloud) -> Result<Vec<String>> {
    let sessions = site.sessions(client).await?;
    let mut complaints = site.ledger.open().complaints(&sessions, SEATS);
    for (id, session) in &sessions {
        if session["state"] == "queued" {
            complaints.push(format!("session {id} waits"));
        }
    }
    let servers = site.servers(client).await?;
    let machines = cloud.machines().await?;
    for (id, server) in &servers {
        let state = &server["state"];
        // One that is being deleted may have lost its machine already.
        if state != "deleting" && !machines.contains_key(id) {
            complaints.push(format!("server {id} is {state} and has no machine"));
        } else if state == "running" && !cloud.serves(id).await? {
            complaints.push(format!("server {id} runs and nobody can sign in"));
        }
    }
    for (id, count) in &machines {
        if !servers.contains_key(id) {
            complaints.push(format!("machine {id} has no server"));
        }
        if *count > 1 {
            complaints.push(format!("server {id} has {count} machines"));
        }
    }
    Ok(complaints)
}
