//! Events: what can be due, and who deals with it.

use control::reconciler::Finished;
use domain::checkin::CheckinReport;
use domain::id::{PoolId, ProviderId, UserId};
use domain::secret::Secret;

use super::call::Flight;
use super::{Done, MINUTE, Rows, World};
use crate::Result;
use crate::script::Step;
use crate::workload::Act;

pub(super) enum Event {
    /// An effect reaches its cloud.
    Reach(Box<Flight>),
    /// Its outcome is recorded.
    Answer {
        life: u64,
        list_of: Option<ProviderId>,
        kind: &'static str,
        finished: Box<Finished>,
    },
    /// A machine's report arrives.
    CheckIn {
        token: Secret,
        report: CheckinReport,
        tries: u32,
    },
    /// Somebody asks for a session.
    Ask(UserId, PoolId),
    /// Somebody does something.
    Do(Act),
    /// An admin does something, chosen when it is due.
    Admin,
    /// A machine dies, or somebody deletes it behind Weir's back.
    Harm,
    /// A provider's lists are empty for a while.
    EmptyLists,
    /// The clock jumps.
    Jump,
    /// Somebody else's deployment makes a machine in the same account.
    Neighbour,
    /// A cloud has the same fault again and again for a while.
    Spell,
    /// That is over.
    SpellOver(ProviderId),
    /// Weir stands still, and another one takes over.
    Depose,
    /// The one that stood still goes on.
    Resume,
    /// Weir falls.
    Fall,
    /// Weir comes back.
    Rise,
    /// From now on nothing fails.
    Calm,
    /// The last requests.
    LastRequests,
    /// What a script says.
    Step(Step),
}

impl World {
    pub(super) async fn event(&mut self, event: Event) -> Result<Done> {
        let mut done = Done::default();
        match event {
            Event::Reach(flight) => self.reach(*flight).await,
            Event::Answer {
                life,
                list_of,
                kind,
                finished,
            } => {
                done.rows = if kind == "list" {
                    Rows::Kept
                } else {
                    Rows::Changed
                };
                self.answer(life, list_of, kind, *finished).await;
            }
            Event::CheckIn {
                token,
                report,
                tries,
            } => {
                done.rows = Rows::Changed;
                self.check_in(token, report, tries).await;
            }
            Event::Ask(user, pool) => {
                if let Some(act) = self.ask(user, pool) {
                    return Ok(self.act(act).await);
                }
            }
            Event::Do(act) => return Ok(self.act(act).await),
            Event::Admin => {
                if let Some(act) = self.admin() {
                    return Ok(self.act(act).await);
                }
            }
            Event::Harm => self.harm(),
            Event::EmptyLists => {
                if let Some(provider) = self.made.providers.first().copied() {
                    let minutes = self.dice.millis(2, 20);
                    let until = self.now().plus_millis(minutes * MINUTE);
                    self.clouds.empty_lists(provider, until);
                    self.note(&format!("lists are empty for {minutes} minutes"));
                }
            }
            Event::Jump => {
                let millis = self.dice.millis(1000, 90_000);
                self.clock.set(self.now().plus_millis(millis));
                self.fault("clock jump", &format!("{millis} ms forward"));
            }
            Event::Neighbour => self.neighbour(),
            Event::Spell => self.spell(),
            Event::SpellOver(provider) => self.spell_over(provider),
            Event::Depose => self.depose().await,
            Event::Resume => self.resume().await?,
            Event::Fall => {
                done.rows = Rows::Changed;
                self.fall().await;
            }
            Event::Rise => self.rise().await,
            Event::Calm => {
                self.is_calm = true;
                self.clouds.calm();
                self.note("from now on nothing fails");
            }
            Event::LastRequests => self.ask_for_the_last_time(),
            Event::Step(step) => return self.step(step).await,
        }
        Ok(done)
    }
}
