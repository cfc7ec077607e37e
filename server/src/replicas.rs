//! Tells the other processes that serve the same database what has changed here, and hears what has changed there.

#![expect(
    clippy::disallowed_methods,
    reason = "here is where the process waits: to gather what is told, and before it tries again"
)]

use std::time::Duration;

use control::{ControlPlane, replica};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::rest::error::chain;
use crate::state::stopped;

/// What happens within this time is told in one notice. People do not see the difference.
const GATHER: Duration = Duration::from_millis(20);
/// Before the next try, where the database is away.
const AGAIN: Duration = Duration::from_secs(2);

/// Runs until `stopping` becomes true; ends at once where there can be no other process.
pub async fn run(plane: ControlPlane, mut stopping: watch::Receiver<bool>) {
    let both = async { tokio::join!(tell(&plane), hear(&plane)) };
    tokio::select! {
        () = stopped(&mut stopping) => {}
        _ = both => {}
    }
}

async fn tell(plane: &ControlPlane) {
    loop {
        replica::has_news(plane).await;
        sleep(GATHER).await;
        if let Err(error) = replica::tell(plane).await {
            tracing::warn!(error = %chain(&error), "other processes could not be told what has changed");
            sleep(AGAIN).await;
        }
    }
}

async fn hear(plane: &ControlPlane) {
    loop {
        let lost = match replica::listen(plane).await {
            Ok(None) => return,
            Ok(Some(mut notices)) => loop {
                match notices.next().await {
                    Ok(text) => replica::hear(plane, &text),
                    Err(error) => break chain(&error),
                }
            },
            Err(error) => chain(&error),
        };
        tracing::warn!(error = %lost, "what other processes tell cannot be heard");
        sleep(AGAIN).await;
    }
}
