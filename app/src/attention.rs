//! What an admin has to look at: the pools that cannot do what they should, and why.

use domain::id::{PoolId, ProviderId};
use domain::plan::{ConfigReport, Decision, Finding, Reason};
use domain::pool::Pool;
use domain::provider::Provider;
use domain::timestamp::Timestamp;

/// Something that needs an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The pool.
    pub pool_id: PoolId,
    /// Its name.
    pub pool_name: String,
    /// People who wait there.
    pub waiting: u32,
    /// Why.
    pub why: Why,
}

/// Why a pool needs an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing makes servers for it.
    NotSetUp,
    /// The last servers of a provider that it uses failed, and nothing holds the loop back yet.
    Failing {
        /// The provider.
        provider: ProviderId,
        /// Its name.
        name: String,
        /// How many failed in a row.
        failures: u32,
    },
    /// The loop is held back.
    Held {
        /// When the loop decided so: its newest decision about the pool.
        decided_at: Timestamp,
        /// What holds it back.
        finding: Finding,
        /// The report that it stands in.
        config: Box<ConfigReport>,
    },
}

/// What needs an admin, the pools in which most people wait first. `newest` holds the newest decision about each pool.
pub fn needs(pools: &[Pool], newest: &[Decision], providers: &[Provider]) -> Vec<Need> {
    let mut needs: Vec<Need> = pools
        .iter()
        .flat_map(|pool| {
            let of = |why| need(pool, why);
            reasons(pool, newest, providers).into_iter().map(of)
        })
        .collect();
    needs.sort_by_key(|need| std::cmp::Reverse(need.waiting));
    needs
}

/// What holds one pool back, by the newest decision about it.
pub fn held(pool: &Pool, newest: Option<&Decision>) -> Vec<Need> {
    let of = |why| need(pool, why);
    obstacles(pool, newest).into_iter().map(of).collect()
}

fn need(pool: &Pool, why: Why) -> Need {
    Need {
        pool_id: pool.id,
        pool_name: pool.name.clone(),
        waiting: pool.counts.waiting,
        why,
    }
}

fn reasons(pool: &Pool, newest: &[Decision], providers: &[Provider]) -> Vec<Why> {
    if pool.protocol.is_none() {
        return vec![Why::NotSetUp];
    }
    let newest = newest.iter().find(|decision| decision.pool_id == pool.id);
    let held = obstacles(pool, newest);
    if !held.is_empty() {
        return held;
    }
    let configs = newest
        .into_iter()
        .flat_map(|decision| &decision.report.configs);
    let mut used: Vec<ProviderId> = configs.map(|config| config.provider_id).collect();
    used.sort_unstable();
    used.dedup();
    let failing =
        |provider: &&Provider| provider.health.failures > 0 && used.contains(&provider.id);
    let failing = providers.iter().filter(failing);
    failing
        .map(|provider| Why::Failing {
            provider: provider.id,
            name: provider.name.clone(),
            failures: provider.health.failures,
        })
        .collect()
}

fn obstacles(pool: &Pool, newest: Option<&Decision>) -> Vec<Why> {
    newest
        .into_iter()
        .flat_map(|decision| {
            decision.report.configs.iter().flat_map(|config| {
                config
                    .findings
                    .iter()
                    .filter(|finding| needs_an_admin(finding, pool.counts.waiting))
                    .map(|finding| Why::Held {
                        decided_at: decision.at,
                        finding: finding.clone(),
                        config: Box::new(config.clone()),
                    })
            })
        })
        .collect()
}

fn needs_an_admin(finding: &Finding, waiting: u32) -> bool {
    match finding.reason {
        reason if reason.is_obstacle() => true,
        // Somebody has switched it off on purpose; that people wait for it they may not know.
        Reason::HeldDisabled | Reason::HeldDryRun => waiting > 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::connection::Protocol;
    use domain::id::{ConfigId, DecisionId, ZoneId};
    use domain::plan::{Downscale, PoolReport, Upscale};
    use domain::pool::PoolCounts;
    use domain::provider::ProviderHealth;

    use super::*;

    const ONE: &str = "01980000-0000-7000-8000-000000000001";
    const TWO: &str = "01980000-0000-7000-8000-000000000002";

    fn pool(bare: &str, waiting: u32) -> Pool {
        Pool {
            id: PoolId::from_bare(bare).expect("an id"),
            name: bare.to_owned(),
            description: String::new(),
            apps: Vec::new(),
            protocol: Some(Protocol::Ssh),
            paused: false,
            counts: PoolCounts {
                waiting,
                ..PoolCounts::default()
            },
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            version: 1,
        }
    }

    fn decision(bare: &str, reason: Reason) -> Decision {
        let pool_id = PoolId::from_bare(bare).expect("an id");
        let config = ConfigReport {
            config_id: ConfigId::from_bare(bare).expect("an id"),
            config_version: 1,
            zone_id: ZoneId::from_bare(bare).expect("an id"),
            provider_id: ProviderId::from_bare(bare).expect("an id"),
            up: Upscale::default(),
            down: Downscale::default(),
            findings: vec![Finding::new(reason, 1)],
            problem: None,
        };
        Decision {
            id: DecisionId::from_bare(bare).expect("an id"),
            pool_id,
            at: Timestamp::from_millis(5),
            report: PoolReport {
                pool_id,
                configs: vec![config],
                findings: Vec::new(),
            },
        }
    }

    #[test]
    fn where_most_people_wait_comes_first() {
        let needs = needs(
            &[pool(ONE, 0), pool(TWO, 3)],
            &[
                decision(ONE, Reason::HeldBreakerOpen),
                decision(TWO, Reason::HeldAtLimit),
            ],
            &[],
        );
        let waiting: Vec<u32> = needs.iter().map(|need| need.waiting).collect();
        assert_eq!(waiting, [3, 0]);
    }

    #[test]
    fn what_is_as_it_should_be_needs_nobody() {
        let is_quiet = |waiting, reason| {
            needs(&[pool(ONE, waiting)], &[decision(ONE, reason)], &[]).is_empty()
        };
        assert!(is_quiet(0, Reason::HeldEnough));
        assert!(is_quiet(0, Reason::HeldDisabled));
        assert!(!is_quiet(1, Reason::HeldDisabled));
        assert!(!is_quiet(0, Reason::HeldUnprepared));
    }

    fn provider(bare: &str, failures: u32) -> Provider {
        serde_json::from_value(serde_json::json!({
            "id": ProviderId::from_bare(bare).expect("an id"),
            "name": bare,
            "kind": "fake",
            "max_instances": 1,
            "startup_script": "",
            "settings": {},
            "health": ProviderHealth { failures, ..ProviderHealth::default() },
            "created_at": Timestamp::default(),
            "updated_at": Timestamp::default(),
            "version": 1,
        }))
        .expect("a provider")
    }

    #[test]
    fn servers_that_fail_are_told_of_before_they_hold_anything_back() {
        let failing = |provider: Provider| {
            let decided = decision(ONE, Reason::HeldEnoughStarting);
            needs(&[pool(ONE, 0)], &[decided], &[provider])
        };
        assert_eq!(failing(provider(ONE, 0)), []);
        // It is of no pool.
        assert_eq!(failing(provider(TWO, 2)), []);
        let [need] = &failing(provider(ONE, 2))[..] else {
            panic!("one need");
        };
        assert!(matches!(&need.why, Why::Failing { failures: 2, .. }));
        // What holds it back says more.
        let held = decision(ONE, Reason::HeldBreakerOpen);
        let needs = needs(&[pool(ONE, 0)], &[held], &[provider(ONE, 2)]);
        assert!(matches!(
            &needs[..],
            [Need {
                why: Why::Held { .. },
                ..
            }]
        ));
    }

    #[test]
    fn a_pool_that_nothing_makes_servers_for_is_named() {
        let bare = Pool {
            protocol: None,
            ..pool(ONE, 0)
        };
        assert_eq!(needs(&[bare], &[], &[])[0].why, Why::NotSetUp);
    }
}
