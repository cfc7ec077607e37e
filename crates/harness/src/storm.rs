//! Everybody comes at once to a pool whose every server comes to nothing: however many ask, and whichever of three processes,
//! the provider never has more machines than Max Instances.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::Result;
use crate::client::Client;
use crate::cloud::{self, Cloud as _, aws::Aws};
use crate::postgres::Postgres;
use crate::replicas::Replicas;
use crate::site::{LEASE, Site};
use crate::weir::Program;

/// From the making of a machine to its end, in milliseconds.
const FAILS_AFTER_MILLIS: u64 = 400;
/// So many people are made at a time.
const MADE_AT_ONCE: usize = 16;
/// A connection that waits longer for an answer has none.
const PATIENCE: Duration = Duration::from_mins(1);

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// People who ask.
    pub people: usize,
    /// Requests for sessions.
    pub requests: usize,
    /// Connections that they come by.
    pub connections: usize,
}

/// What a run has come to.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests by the status of their answers; 0 for none.
    pub answers: BTreeMap<u16, usize>,
    /// From the first request to the last answer, in milliseconds.
    pub took_millis: u128,
    /// What was wrong, in sentences.
    pub violations: Vec<String>,
    /// What the provider tells.
    pub figures: Vec<(&'static str, usize)>,
}

/// Lets everybody ask.
///
/// # Errors
/// Something that the run itself needs does not work.
pub async fn run(first: &Program, postgres: &Postgres, aws: &Aws, plan: Plan) -> Result<Report> {
    let (replicas, site) = Replicas::start(first, postgres, aws).await?;
    let clients = replicas.clients(&site)?;
    let people = people(&clients[0], plan.people).await?;
    aws.fail_every_create(FAILS_AFTER_MILLIS);
    let mut report = Report::default();
    let is_over = AtomicBool::new(false);
    let begun = Instant::now();
    let asked = async {
        let answers = ask(&replicas, &site, people, plan).await;
        let took = begun.elapsed();
        // What the last of them have set going comes to its end too.
        tokio::time::sleep(LEASE * 2).await;
        is_over.store(true, Ordering::Relaxed);
        answers.map(|answers| (answers, took))
    };
    let (asked, ()) = tokio::join!(asked, cloud::play(aws, &is_over));
    let (answers, took) = asked?;
    let odd = answers
        .keys()
        .filter(|status| !matches!(status, 201 | 202 | 409));
    report
        .violations
        .extend(odd.map(|status| format!("requests were answered by {status}")));
    report.answers = answers;
    report.took_millis = took.as_millis();
    if aws.most_at_a_time() == 0 {
        report.violations.push("no machine was made".to_owned());
    }
    report.violations.extend(aws.complaints());
    report.violations.extend(postgres.stale().await?);
    report.figures = aws.figures();
    Ok(report)
}

/// Makes people who only have a name.
pub(crate) async fn people(client: &Client, count: usize) -> Result<Vec<String>> {
    let mut making = JoinSet::new();
    let mut made = Vec::new();
    for number in 0..count {
        if making.len() >= MADE_AT_ONCE
            && let Some(one) = making.join_next().await
        {
            made.push(one.map_err(|source| source.to_string())??);
        }
        let client = client.clone();
        let person = json!({ "name": format!("person{number}"), "role": "user" });
        making.spawn(async move { client.make("/users", &person).await });
    }
    while let Some(one) = making.join_next().await {
        made.push(one.map_err(|source| source.to_string())??);
    }
    Ok(made)
}

/// All requests, by as many connections as planned, each to one of the processes.
async fn ask(
    replicas: &Replicas,
    site: &Site,
    people: Vec<String>,
    plan: Plan,
) -> Result<BTreeMap<u16, usize>> {
    let (people, next) = (Arc::new(people), Arc::new(AtomicUsize::new(0)));
    let mut connections = JoinSet::new();
    for number in 0..plan.connections {
        // A client has its own connections.
        let client = replicas.client(number, site, PATIENCE)?;
        let (people, next, pool) = (
            Arc::clone(&people),
            Arc::clone(&next),
            site.pool().to_owned(),
        );
        connections.spawn(async move {
            let mut answers = Vec::new();
            loop {
                let request = next.fetch_add(1, Ordering::Relaxed);
                if request >= plan.requests {
                    return answers;
                }
                let person = &people[request % people.len()];
                let body = json!({ "pool_id": pool, "user_id": person });
                let answer = client
                    .attempt(Method::POST, "/sessions", Some(&body), None)
                    .await;
                answers.push(answer.map_or(0, |answer| answer.status));
            }
        });
    }
    let mut answers = BTreeMap::new();
    while let Some(of_one) = connections.join_next().await {
        for status in of_one.map_err(|source| source.to_string())? {
            *answers.entry(status).or_default() += 1;
        }
    }
    Ok(answers)
}
