//! Guessing of passwords: refused sign-ins of one name, or from one address, make the next one wait.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use domain::error::{Problem, ProblemCode};
use domain::timestamp::Timestamp;

/// Refusals of one name before it has to wait.
const FREE_BY_NAME: u32 = 5;
/// Refusals of one address before it has to wait: an office may share one.
const FREE_BY_ADDRESS: u32 = 20;
/// The longest wait, in seconds. Short enough that nobody can shut a person out for long.
const LONGEST_WAIT_SECS: u32 = 60;
/// A name or address is forgiven after this time without a refusal, in milliseconds.
const FORGIVEN_AFTER_MILLIS: i64 = 15 * 60 * 1000;
/// Names and addresses that are remembered.
const REMEMBERED: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Refusals {
    count: u32,
    last: Timestamp,
    wait_until: Timestamp,
}

/// Refused sign-ins of late, in memory: a restart forgives.
#[derive(Default)]
pub struct Guessing(Mutex<BTreeMap<Who, Refusals>>);

impl Guessing {
    /// Whether this name may be tried from this address now.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub fn admit(
        &self,
        name: &str,
        address: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = keys(name, address)
            .filter_map(|(who, _)| table.get(&who))
            .map(|refusals| refusals.wait_until)
            .max()
            .filter(|until| *until > now);
        let Some(until) = until else { return Ok(()) };
        let secs = until.secs_since(now);
        let mut problem = Problem::new(
            ProblemCode::TooManyRequests,
            format!("Too many wrong passwords. Try again in {secs} s."),
        );
        problem.retry_after = Some(secs);
        Err(problem)
    }

    /// A sign-in was refused.
    pub fn refused(&self, name: &str, address: Option<IpAddr>, now: Timestamp) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() >= REMEMBERED {
            table.retain(|_, refusals| now.since(refusals.last) < FORGIVEN_AFTER_MILLIS);
        }
        for (who, free) in keys(name, address) {
            // Full of fresh entries: those that are known still count, new ones are let in by the other key.
            if table.len() >= REMEMBERED && !table.contains_key(&who) {
                continue;
            }
            let entry = table.entry(who).or_insert(Refusals {
                count: 0,
                last: now,
                wait_until: now,
            });
            if now.since(entry.last) >= FORGIVEN_AFTER_MILLIS {
                entry.count = 0;
            }
            entry.count = entry.count.saturating_add(1);
            entry.last = now;
            if entry.count >= free {
                let doubled = 1_u32
                    .checked_shl(entry.count - free)
                    .unwrap_or(LONGEST_WAIT_SECS);
                entry.wait_until = now.plus_secs(doubled.min(LONGEST_WAIT_SECS));
            }
        }
    }

    /// The right password was given: the name is forgiven, the address is not (it may have one account of its own).
    pub fn forgive(&self, name: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&Who::Name(fold(name)));
    }
}

fn keys(name: &str, address: Option<IpAddr>) -> impl Iterator<Item = (Who, u32)> {
    let by_name = (Who::Name(fold(name)), FREE_BY_NAME);
    std::iter::once(by_name)
        .chain(address.map(|address| (Who::Address(network(address)), FREE_BY_ADDRESS)))
}

/// As the sign-in reads it, cut to the longest name there can be.
fn fold(name: &str) -> String {
    name.trim()
        .chars()
        .take(64)
        .collect::<String>()
        .to_ascii_lowercase()
}

/// A provider gives one customer a /64 of IPv6: all of it is one guesser.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u32) -> Timestamp {
        Timestamp::from_millis(0).plus_secs(secs)
    }

    #[test]
    fn a_name_waits_longer_each_time_and_others_do_not() {
        let guessing = Guessing::default();
        for _ in 0..4 {
            guessing.refused("Ann ", None, at(0));
        }
        assert!(guessing.admit("ann", None, at(0)).is_ok());
        guessing.refused("ann", None, at(0));
        assert_eq!(
            guessing
                .admit("ann", None, at(0))
                .expect_err("waits")
                .retry_after,
            Some(1)
        );
        assert!(guessing.admit("ben", None, at(0)).is_ok());
        assert!(guessing.admit("ann", None, at(1)).is_ok());
        for _ in 0..40 {
            guessing.refused("ann", None, at(1));
        }
        let wait = guessing
            .admit("ann", None, at(1))
            .expect_err("waits")
            .retry_after
            .expect("a time");
        assert_eq!(wait, LONGEST_WAIT_SECS);
        guessing.forgive("ANN");
        assert!(guessing.admit("ann", None, at(1)).is_ok());
    }

    #[test]
    fn an_address_that_tries_many_names_waits() {
        let guessing = Guessing::default();
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        for number in 0..20 {
            guessing.refused(&format!("user{number}"), address, at(0));
        }
        assert!(guessing.admit("somebody", address, at(0)).is_err());
        assert!(
            guessing
                .admit("somebody", Some(IpAddr::from([192, 0, 2, 2])), at(0))
                .is_ok()
        );
    }

    #[test]
    fn one_ipv6_network_is_one_guesser_and_time_forgives() {
        let guessing = Guessing::default();
        let host = |last: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]));
        for number in 0..21 {
            guessing.refused(&format!("user{number}"), host(number), at(0));
        }
        assert!(guessing.admit("x", host(99), at(0)).is_err());
        guessing.refused("x", host(1), at(3600));
        assert!(guessing.admit("x", host(1), at(3600)).is_ok());
    }

    #[test]
    fn memory_is_bounded() {
        let guessing = Guessing::default();
        for number in 0..REMEMBERED + 100 {
            guessing.refused(&format!("user{number}"), None, at(0));
        }
        assert!(guessing.0.lock().expect("no panic").len() <= REMEMBERED);
    }
}
