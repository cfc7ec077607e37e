//! How many seats a second Weir grants over HTTP, each durable before it is told, beside what the same database takes for the
//! same rows without Weir.
//!
//! A grant is a request for a session that is answered with a seat. What it adds are two rows, the session and its entry in the
//! audit log; beside that Weir counts on the person's and the server's row. The bare database adds the two rows alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::Result;
use crate::client::Client;
use crate::limits::Limits;
use crate::storm::people;
use crate::weir::{Program, Weir};

/// Whoever waits longer has no answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// Servers, over all pools.
const SERVERS: usize = 40;
/// No bound of people's is met.
const FLAGS: [&str; 4] = [
    "--session-quota",
    "1000",
    "--session-requests-per-minute",
    "100000",
];

/// How the measure is taken.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// People who ask, each again and again.
    pub people: usize,
    /// Grants for each number of pools.
    pub grants: usize,
    /// Connections that they come by.
    pub clients: usize,
}

/// A figure of merit.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it is of.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
}

/// Takes the measure with one pool and with as many as there are servers, then asks the bare database.
///
/// # Errors
/// Something that the measure itself needs does not work, or a request is not granted.
pub async fn measure(program: &Program, plan: Plan) -> Result<Vec<Figure>> {
    let database = match program.database_url {
        Some(_) => "postgres",
        None => "sqlite",
    };
    let create_key = ["api-key", "create", "--name", "harness", "--role", "admin"];
    let key = program.printed(&create_key).await?;
    let flags = FLAGS.map(str::to_owned);
    let log = program.data.join("weir.log");
    let weir = program.serve("127.0.0.1:0", &flags, &log).await?;
    let site = Site::set_up(&weir, key, plan).await?;
    let mut rates = Vec::new();
    let mut figures = Vec::new();
    for (name, pools) in [("one_pool", 1), ("forty_pools", SERVERS)] {
        let name = format!("grants_{database}_{name}");
        let mut grants = site.ask(name.as_str(), pools, plan).await?;
        grants.times.sort_unstable();
        rates.push((name.clone(), grants.per_second));
        figures.push(figure(&name, grants.per_second, "1/s"));
        for percent in [50, 99] {
            let rank = (grants.times.len() * percent).div_ceil(100).max(1) - 1;
            let time = grants.times[rank].as_secs_f64() * 1000.0;
            figures.push(figure(&format!("{name}_p{percent}"), time, "ms"));
        }
    }
    weir.kill().await?;
    let Limits { grants, commits } = crate::limits::measure(program, plan).await?;
    figures.push(figure(&format!("grants_{database}_limit"), grants, "1/s"));
    figures.push(figure(&format!("commits_{database}"), commits, "1/s"));
    for (name, per_second) in rates {
        let of_limit = per_second / grants;
        figures.push(figure(&format!("{name}_of_limit"), of_limit, "ratio"));
    }
    Ok(figures)
}

fn figure(name: &str, value: f64, unit: &'static str) -> Figure {
    Figure {
        name: name.to_owned(),
        value,
        unit,
    }
}

/// A Weir with people and a zone.
struct Site {
    address: String,
    key: String,
    people: Arc<Vec<String>>,
    zone: String,
}

/// What was granted.
struct Grants {
    per_second: f64,
    times: Vec<Duration>,
}

impl Site {
    async fn set_up(weir: &Weir, key: String, plan: Plan) -> Result<Self> {
        let client = Client::new(&weir.address, &key, PATIENCE)?;
        let zone = json!({ "name": "Here", "upstream_auth_address": weir.authority() });
        Ok(Self {
            zone: client.make("/zones", &zone).await?,
            people: Arc::new(people(&client, plan.people).await?),
            address: weir.address.clone(),
            key,
        })
    }

    /// Asks for all the seats of new servers in so many new pools.
    async fn ask(&self, name: &str, pools: usize, plan: Plan) -> Result<Grants> {
        let pools = Arc::new(
            self.pools(name, pools, plan.grants.div_ceil(SERVERS))
                .await?,
        );
        let next = Arc::new(AtomicUsize::new(0));
        let mut asking = JoinSet::new();
        let begun = Instant::now();
        for _ in 0..plan.clients {
            // A client has its own connection.
            let client = Client::new(&self.address, &self.key, PATIENCE)?;
            let (people, pools, next) = (
                Arc::clone(&self.people),
                Arc::clone(&pools),
                Arc::clone(&next),
            );
            asking.spawn(async move {
                let mut times = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.grants {
                        return Ok(times);
                    }
                    let pool = &pools[number % pools.len()];
                    let person = &people[number % people.len()];
                    let body = json!({ "pool_id": pool, "user_id": person });
                    let begun = Instant::now();
                    let session = client.call(Method::POST, "/sessions", Some(&body)).await?;
                    times.push(begun.elapsed());
                    if session["state"] != "assigned" {
                        return Err(format!("a request was not granted: {session}"));
                    }
                }
            });
        }
        let mut times = Vec::new();
        while let Some(of_one) = asking.join_next().await {
            times.extend(of_one.map_err(|source| source.to_string())??);
        }
        let count = u32::try_from(times.len()).map_err(|source| source.to_string())?;
        let per_second = f64::from(count) / begun.elapsed().as_secs_f64();
        Ok(Grants { per_second, times })
    }

    /// Makes pools, and servers with seats evenly over them.
    async fn pools(&self, name: &str, count: usize, seats: usize) -> Result<Vec<String>> {
        let client = Client::new(&self.address, &self.key, PATIENCE)?;
        let mut pools = Vec::new();
        for number in 0..count {
            let pool = json!({ "name": format!("{name} {number}") });
            pools.push(client.make("/pools", &pool).await?);
        }
        for number in 0..SERVERS {
            let server = json!({
                "name": format!("{}-{number}", name.replace('_', "-")), "pool_id": pools[number % count], "zone_id": self.zone,
                "protocol": "vnc", "host": "192.0.2.1", "port": 5900,
                "limits": { "max_sessions": seats },
            });
            client.make("/servers", &server).await?;
        }
        Ok(pools)
    }
}
