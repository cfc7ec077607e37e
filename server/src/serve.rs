//! Serving: from the listener's first connection to the last request.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use control::ControlPlane;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::assets::Site;
use crate::auth::guessing::Guessing;
use crate::background::Background;
use crate::rest::error::chain;
use crate::settings::{Bounds, Place, Reach, secret};
use crate::startup::Weir;
use crate::state::{AppState, Parts, Web};
use crate::telemetry::Metrics;
use crate::{listen, replicas, router, startup, tls};

/// Everything has ended after this time, or is cut off.
const END: Duration = Duration::from_secs(28);

/// What a demo prepares; the lines it returns are printed.
pub type Prepare =
    fn(ControlPlane) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + Send>>;

/// What is there when the first person comes.
pub enum Ready {
    /// Nothing: a set-up link is printed while there is no admin.
    SetUp,
    /// What the function makes.
    Demo(Prepare),
}

/// Runs until SIGTERM or SIGINT, then lets open requests and calls finish. A second signal ends it at once.
///
/// # Errors
/// What is wrong and what to do.
pub async fn run(
    place: &Place,
    reach: &Reach,
    bounds: &Bounds,
    site: &'static Site,
    ready: Ready,
) -> Result<(), String> {
    // Before anything is made: a wrong setting leaves nothing behind.
    reach.origin(reach.listen)?;
    startup::make_folder(&place.data)?;
    let only_one = startup::only_one(place).await?;
    let tls = tls::config(place, reach)?;
    let listener = TcpListener::bind(reach.listen).await.map_err(|error| {
        format!(
            "cannot listen on {}: {error}; choose another by --listen",
            reach.listen
        )
    })?;
    let bound = listener
        .local_addr()
        .map_err(|error| format!("cannot tell the own address: {error}"))?;
    let origin = reach.origin(bound)?;
    let metrics_token = secret("WEIR_METRICS_TOKEN", reach.metrics_token.as_deref())?;
    let weir = startup::open(
        place,
        bounds.settings(origin.clone(), reach.allows_local(bound)),
    )
    .await?;

    let (stop, stopping) = watch::channel(false);
    let metrics = Arc::new(Metrics::default());
    let web = Web {
        https: origin.starts_with("https://"),
        origin: origin.clone(),
        behind_proxy: reach.behind_tls_proxy,
        metrics_token,
    };
    let Weir {
        plane,
        registry,
        store,
        fingerprint_key,
        run,
    } = weir;
    if only_one.is_some() {
        // Whoever holds the lease still has died: nobody waits for its end.
        control::reconciler::take_over(&plane)
            .await
            .map_err(|error| chain(&error))?;
    }
    let state = AppState::new(Parts {
        plane: plane.clone(),
        web,
        site,
        guessing: Guessing::default(),
        metrics: metrics.clone(),
        stopping: stopping.clone(),
        run,
        fingerprint_key,
    });
    let router = router::router(state)
        .map_err(|error| format!("the description of the API is wrong: {error}"))?;
    let mut signals = Signals::new()?;

    let lines = match ready {
        Ready::SetUp => set_up_lines(&plane, &origin).await?,
        Ready::Demo(prepare) => prepare(plane.clone()).await?,
    };
    let served = tokio::spawn(listen::serve(listener, tls, router, stopping.clone()));
    let shared = tokio::spawn(replicas::run(plane.clone(), stopping.clone()));
    let looped = tokio::spawn(Background::new(plane, registry, metrics).run(stopping));
    // The line that people and scripts wait for; everything else goes to the log.
    println!(
        "Weir listens on {}://{bound}",
        if reach.tls() { "https" } else { "http" }
    );
    if !origin.ends_with(&bound.to_string()) {
        println!("Its address is {origin}");
    }
    println!("Its data is in {}", place.data.display());
    for line in lines {
        println!("{line}");
    }

    signals.next().await;
    tracing::info!("told to end; finishing what is under way");
    // No receiver is no error: everything has ended already.
    let _ = stop.send(true);
    let all = async {
        for (what, task) in [
            ("the listener", served),
            ("the loop", looped),
            ("the exchange with other processes", shared),
        ] {
            if let Err(error) = task.await {
                tracing::error!(%error, "{what} fell over");
            }
        }
        store.close().await;
    };
    tokio::select! {
        ended = timeout(END, all) => {
            if ended.is_err() {
                tracing::warn!("not everything has ended in time");
            }
            Ok(())
        }
        () = signals.next() => Err("ended at once by a second signal".to_owned()),
    }
}

async fn set_up_lines(plane: &ControlPlane, origin: &str) -> Result<Vec<String>, String> {
    let Some(token) = control::setup::new_link(plane)
        .await
        .map_err(|error| chain(&error))?
    else {
        return Ok(Vec::new());
    };
    let minutes = plane.settings().setup_link_secs / 60;
    Ok(vec![
        format!("Make the first admin within {minutes} minutes at"),
        format!("  {origin}/setup?token={}", token.expose()),
    ])
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let listen =
            |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
