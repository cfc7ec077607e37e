//! Weir is killed again and again while its pool grows and shrinks. Afterwards nothing is lost, nothing is double, and
//! nothing is left over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::cloud::{self, Cloud};
use crate::dice::Dice;
use crate::judge;
use crate::site::Site;
use crate::weir::Program;

/// A process lives between these, in milliseconds, unless it is stopped at the side of a call before.
const LIFE_MILLIS: std::ops::Range<u64> = 2000..5000;
/// People pause up to this long between two things that they do, in milliseconds.
const PAUSE_MILLIS: u64 = 80;
/// How often it is looked whether Weir stands at the side of a call.
const STEP: Duration = Duration::from_millis(20);
/// From where Weir stops behind a call to the moment at which the call has had its effect, at most, in milliseconds.
const EFFECT_MILLIS: u64 = 60;

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Processes that are killed.
    pub kills: u32,
    /// It settles and is looked at after so many of them.
    pub settle_every: u32,
    /// What decides who does what when, and when a process dies.
    pub seed: u64,
}

/// What a run has come to.
#[derive(Debug, Default)]
pub struct Report {
    /// Kills so far.
    pub kills: u32,
    /// Those of them at the side of a call to the provider.
    pub at_calls: u32,
    /// How often it was looked at rest.
    pub looks: u32,
    /// What was wrong, in sentences.
    pub violations: Vec<String>,
    /// Sessions that were accepted, and those that were ended.
    pub sessions: (usize, usize),
    /// What the provider tells.
    pub figures: Vec<(&'static str, usize)>,
}

/// Kills processes of this program as planned.
///
/// # Errors
/// Something that the run itself needs does not work.
pub async fn run(program: Program, cloud: &dyn Cloud, plan: Plan) -> Result<Report> {
    let mut dice = Dice::new(plan.seed);
    let mut report = Report::default();
    let site = Site::set_up(program, cloud).await?;
    let mut head = None;
    while report.kills < plan.kills {
        cloud.disturb(Some(&mut dice));
        live_and_die(&site, cloud, &mut dice, &mut report).await?;
        cloud.disturb(None);
        if report.kills % plan.settle_every == 0 || report.kills == plan.kills {
            look(&site, cloud, &mut head, &mut report).await?;
            println!(
                "{} kills, {} at calls, {:?} sessions accepted and ended, {} violations",
                report.kills,
                report.at_calls,
                site.ledger.open().totals(),
                report.violations.len()
            );
        }
        if !report.violations.is_empty() {
            break;
        }
    }
    if report.violations.is_empty() {
        end(&site, cloud, &mut report).await?;
    }
    report.sessions = site.ledger.open().totals();
    report.violations.extend(site.idleness());
    report.figures = cloud.figures();
    Ok(report)
}

/// One process from its start to its kill.
async fn live_and_die(
    site: &Site,
    cloud: &dyn Cloud,
    dice: &mut Dice,
    report: &mut Report,
) -> Result<()> {
    let weir = site.start().await?;
    let client = site.client(&weir)?;
    site.learn(&client).await?;
    let life = LIFE_MILLIS.start + dice.below(LIFE_MILLIS.end - LIFE_MILLIS.start);
    let dies_at = Instant::now() + Duration::from_millis(life);
    let is_armed = dice.below(3) > 0 && cloud.arm(dice);
    let behind = Duration::from_millis(dice.below(EFFECT_MILLIS));
    let is_over = AtomicBool::new(false);
    // The kill comes whatever people just do.
    let death = async {
        while Instant::now() < dies_at && !(is_armed && cloud.is_stopped()) {
            tokio::time::sleep(STEP).await;
        }
        let at_call = is_armed && cloud.is_stopped();
        tokio::time::sleep(behind).await;
        let killed = weir.kill().await;
        is_over.store(true, Ordering::Relaxed);
        killed.map(|()| at_call)
    };
    let (at_call, done, ()) = tokio::join!(
        death,
        site.people(&client, dice, PAUSE_MILLIS, &is_over),
        cloud::play(cloud, &is_over),
    );
    done?;
    let at_call = at_call?;
    report.kills += 1;
    report.at_calls += u32::from(at_call);
    Ok(())
}

/// Lets it settle, and compares.
async fn look(
    site: &Site,
    cloud: &dyn Cloud,
    head: &mut Option<String>,
    report: &mut Report,
) -> Result<()> {
    let weir = site.start().await?;
    let client = site.client(&weir)?;
    site.learn(&client).await?;
    let wrong = judge::settle(site, &[client], cloud).await?;
    report.violations.extend(wrong);
    report.looks += 1;
    weir.kill().await?;
    match site.verify_audit(head.as_deref()).await {
        Ok(now) => *head = now,
        Err(why) => report.violations.push(why),
    }
    Ok(())
}

/// Takes everything down: nothing may be left that costs money.
async fn end(site: &Site, cloud: &dyn Cloud, report: &mut Report) -> Result<()> {
    let weir = site.start().await?;
    let client = site.client(&weir)?;
    site.close(&client).await?;
    let left = judge::emptied(site, &client, cloud).await?;
    report.violations.extend(left);
    report.violations.extend(cloud.complaints());
    weir.kill().await
}
