//! Three processes over one Postgres, of which the one that holds the lease is stopped, cut off or killed again and again,
//! and the database with it. Nobody may write without the lease, and no machine may be made twice.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::Client;
use crate::cloud::{self, Cloud};
use crate::dice::Dice;
use crate::judge;
use crate::postgres::{Lease, Postgres};
use crate::relay::Relay;
use crate::site::{LEASE, Site};
use crate::weir::{Program, Weir};

/// Processes that serve.
const COUNT: usize = 3;
/// People pause up to this long between two things that they do, in milliseconds.
const PAUSE_MILLIS: u64 = 60;
/// Between two events, in milliseconds.
const REST_MILLIS: std::ops::Range<u64> = 500..2500;
/// How often the lease is looked at.
const STEP: Duration = Duration::from_millis(50);
/// If nobody has the lease after this time, nobody will.
const WAIT: Duration = Duration::from_mins(1);

/// What is done to the one that holds the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Its connections to the database are ended by an admin.
    ConnectionsEnd,
    /// It stands still for longer than the lease, and goes on.
    StandsStill,
    /// Nothing comes through to the database for longer than the lease, and then everything does.
    CutOff,
    /// It is killed, and another one is started.
    Killed,
    /// The database stops hard and comes back.
    DatabaseStops,
}

const EVENTS: [Event; 5] = [
    Event::ConnectionsEnd,
    Event::StandsStill,
    Event::CutOff,
    Event::Killed,
    Event::DatabaseStops,
];

impl Event {
    /// Whether another one has to take over.
    fn deposes(self) -> bool {
        matches!(self, Self::StandsStill | Self::CutOff | Self::Killed)
    }
}

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Events.
    pub events: u32,
    /// It settles and is looked at after so many of them.
    pub settle_every: u32,
    /// What decides which event comes when, and what people do.
    pub seed: u64,
}

/// What a run has come to.
#[derive(Debug, Default)]
pub struct Report {
    /// Events so far.
    pub events: u32,
    /// Those after which another process had to take over.
    pub deposed: u32,
    /// How often it was looked at rest.
    pub looks: u32,
    /// The longest time from such an event to a new holder of the lease, in milliseconds.
    pub slowest_millis: u64,
    /// How often that was longer than twice the lease.
    pub late: u32,
    /// What was wrong, in sentences.
    pub violations: Vec<String>,
    /// Sessions that were accepted, and those that were ended.
    pub sessions: (usize, usize),
    /// What the provider tells.
    pub figures: Vec<(&'static str, usize)>,
}

/// The processes, each with a wire to the database.
pub(crate) struct Replicas {
    programs: Vec<Program>,
    wires: Vec<Relay>,
    /// By number; none while it is killed.
    running: Vec<Option<Weir>>,
    addresses: Vec<String>,
}

impl Replicas {
    /// Makes the database's roles and a deployment, and starts the processes. Their data is below the folder of `first`.
    pub(crate) async fn start(
        first: &Program,
        postgres: &Postgres,
        cloud: &dyn Cloud,
    ) -> Result<(Self, Site)> {
        let roles: Vec<String> = (0..COUNT).map(role).collect();
        postgres.make_roles(&roles).await?;
        let key_file = first.data.join("key");
        let (mut programs, mut wires) = (Vec::new(), Vec::new());
        for role in &roles {
            let wire = Relay::to(postgres.address()).await?;
            let data = first.data.join(role);
            std::fs::create_dir_all(&data)
                .map_err(|source| format!("can not make {}: {source}", data.display()))?;
            programs.push(Program {
                binary: first.binary.clone(),
                data,
                database_url: Some(postgres.url(role, wire.address())),
                key_file: Some(key_file.clone()),
            });
            wires.push(wire);
        }
        let site = Site::set_up(programs[0].clone(), cloud).await?;
        postgres.watch().await?;
        let mut running = Vec::new();
        for (number, program) in programs.iter().enumerate() {
            running.push(match number {
                0 => site.start().await?,
                _ => site.start_at(program, "127.0.0.1:0").await?,
            });
        }
        let replicas = Self {
            programs,
            wires,
            addresses: running
                .iter()
                .map(|weir| weir.authority().to_owned())
                .collect(),
            running: running.into_iter().map(Some).collect(),
        };
        Ok((replicas, site))
    }

    /// A client of each process. Their addresses stay.
    pub(crate) fn clients(&self, site: &Site) -> Result<Vec<Client>> {
        let patience = crate::site::PATIENCE;
        (0..COUNT)
            .map(|number| self.client(number, site, patience))
            .collect()
    }

    /// One more client, of one process or another by its number.
    pub(crate) fn client(&self, number: usize, site: &Site, patience: Duration) -> Result<Client> {
        let address = format!("http://{}", self.addresses[number % COUNT]);
        site.client_at(&address, patience)
    }

    async fn signal(&self, number: usize, name: &str) -> Result<()> {
        match &self.running[number] {
            Some(weir) => weir.signal(name).await,
            None => Err("it does not run".to_owned()),
        }
    }

    async fn kill(&mut self, number: usize) -> Result<()> {
        match self.running[number].take() {
            Some(weir) => weir.kill().await,
            None => Err("it does not run".to_owned()),
        }
    }

    /// Starts a process again at its address.
    async fn start_again(&mut self, number: usize, site: &Site) -> Result<()> {
        let (program, address) = (&self.programs[number], &self.addresses[number]);
        self.running[number] = Some(site.start_at(program, address).await?);
        Ok(())
    }
}

fn role(number: usize) -> String {
    format!("weir{number}")
}

/// Makes events as planned.
///
/// # Errors
/// Something that the run itself needs does not work.
pub async fn run(
    first: &Program,
    postgres: &Postgres,
    cloud: &dyn Cloud,
    plan: Plan,
) -> Result<Report> {
    let mut report = Report::default();
    let (mut replicas, site) = Replicas::start(first, postgres, cloud).await?;
    let clients = replicas.clients(&site)?;
    let mut chance = Dice::new(plan.seed);
    let mut head = None;
    while report.events < plan.events && report.violations.is_empty() {
        let count = plan.settle_every.min(plan.events - report.events);
        cloud.disturb(Some(&mut chance));
        let is_over = AtomicBool::new(false);
        let people = clients.iter().map(|client| {
            let mut dice = Dice::new(chance.below(u64::MAX));
            let (site, is_over) = (&site, &is_over);
            async move { site.people(client, &mut dice, PAUSE_MILLIS, is_over).await }
        });
        let people: Vec<_> = people.collect();
        let [one, two, three] = <[_; COUNT]>::try_from(people)
            .map_err(|_| "there is a client of each process".to_owned())?;
        let events = async {
            let mut done = Ok(());
            for _ in 0..count {
                done = happen(&mut replicas, &site, postgres, &mut chance, &mut report).await;
                if done.is_err() {
                    break;
                }
            }
            is_over.store(true, Ordering::Relaxed);
            done
        };
        let (events, one, two, three, ()) =
            tokio::join!(events, one, two, three, cloud::play(cloud, &is_over));
        for done in [events, one, two, three] {
            done?;
        }
        cloud.disturb(None);
        look(&site, &clients, (postgres, cloud), &mut head, &mut report).await?;
        println!(
            "{} events, {:?} sessions accepted and ended, {} violations",
            report.events,
            site.ledger.open().totals(),
            report.violations.len()
        );
    }
    if report.violations.is_empty() {
        site.close(&clients[0]).await?;
        let left = judge::emptied(&site, &clients[0], cloud).await?;
        report.violations.extend(left);
        report.violations.extend(cloud.complaints());
        report.violations.extend(postgres.stale().await?);
    }
    report.sessions = site.ledger.open().totals();
    report.violations.extend(site.idleness());
    report.figures = cloud.figures();
    Ok(report)
}

/// One event: to the one that holds the lease, while another takes over.
async fn happen(
    replicas: &mut Replicas,
    site: &Site,
    postgres: &Postgres,
    chance: &mut Dice,
    report: &mut Report,
) -> Result<()> {
    let rest = REST_MILLIS.start + chance.below(REST_MILLIS.end - REST_MILLIS.start);
    tokio::time::sleep(Duration::from_millis(rest)).await;
    let Some(event) = chance.pick(&EVENTS).copied() else {
        return Ok(());
    };
    let before = held(postgres, |_| true).await?;
    let leader = (0..COUNT)
        .find(|number| role(*number) == before.role)
        .ok_or_else(|| format!("{} is none of the processes", before.role))?;
    let begun = Instant::now();
    match event {
        Event::ConnectionsEnd => postgres.end_connections(&before.role).await?,
        Event::StandsStill => replicas.signal(leader, "STOP").await?,
        Event::CutOff => replicas.wires[leader].cut(),
        Event::Killed => replicas.kill(leader).await?,
        Event::DatabaseStops => postgres.restart().await?,
    }
    let is_next = |lease: &Lease| !event.deposes() || lease.role != before.role;
    held(postgres, is_next).await?;
    let took = begun.elapsed();
    // It comes back while another one is at work.
    let longer = Duration::from_millis(chance.below(1000));
    match event {
        Event::StandsStill => {
            tokio::time::sleep(longer).await;
            replicas.signal(leader, "CONT").await?;
        }
        Event::CutOff => {
            tokio::time::sleep(longer).await;
            replicas.wires[leader].mend();
        }
        Event::Killed => replicas.start_again(leader, site).await?,
        Event::ConnectionsEnd | Event::DatabaseStops => {}
    }
    report.events += 1;
    if event.deposes() {
        report.deposed += 1;
        report.late += u32::from(took > LEASE * 2);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        report.slowest_millis = report.slowest_millis.max(took);
    }
    Ok(())
}

/// Waits until a process that fits holds the lease.
async fn held(postgres: &Postgres, fits: impl Fn(&Lease) -> bool) -> Result<Lease> {
    let begun = Instant::now();
    loop {
        if let Some(lease) = postgres.lease().await?
            && lease.is_held
            && fits(&lease)
        {
            return Ok(lease);
        }
        if begun.elapsed() > WAIT {
            return Err(format!(
                "nobody takes the lease within {} seconds",
                WAIT.as_secs()
            ));
        }
        tokio::time::sleep(STEP).await;
    }
}

/// Lets it settle, and compares.
async fn look(
    site: &Site,
    clients: &[Client],
    (postgres, cloud): (&Postgres, &dyn Cloud),
    head: &mut Option<String>,
    report: &mut Report,
) -> Result<()> {
    // What a process that stood still had been asked has its effect now.
    tokio::time::sleep(LEASE).await;
    site.learn(&clients[0]).await?;
    site.make_room(&clients[0]).await?;
    let wrong = judge::settle(site, clients, cloud).await?;
    report.violations.extend(wrong);
    report.violations.extend(postgres.stale().await?);
    report.looks += 1;
    match site.verify_audit(head.as_deref()).await {
        Ok(now) => *head = now,
        Err(why) => report.violations.push(why),
    }
    Ok(())
}
