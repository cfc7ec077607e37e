//! A day as a text tells it: what there is, what people do, what breaks, and when. Nothing else happens, and each thing takes
//! the shortest time that it can, so that its timeline shows one story.
//!
//! ```text
//! # What the story is.
//! provider NAME maximum MACHINES boots SECONDS s [repeats creates]
//! pool NAME at PROVIDER minimum SESSIONS seats SESSIONS backoff SECONDS s timeout SECONDS s
//! at TIME WHAT
//! every TIME from TIME to TIME WHAT
//! show TIME
//! end TIME
//! ```
//!
//! A time is `hours:minutes:seconds` since the start, or `hours:minutes:seconds.milliseconds`. What may happen:
//!
//! | what | |
//! | --- | --- |
//! | `PERSON asks for POOL` | a person who is not there yet is made |
//! | `PERSON leaves` | ends the session, or the wait for one, that began first |
//! | `always FAULT at PROVIDER` | whenever it can; the words are those of [`Fault::word`] |
//! | `next N FAULT at PROVIDER` | as often as that |
//! | `no more faults at PROVIDER` | |
//! | `Weir falls` | calls on their way never reach their cloud; it comes back by itself |
//!
//! After `show` the timeline tells no more lines, only figures.

use domain::timestamp::Timestamp;
use providers::fake::Fault;

use crate::Result;

/// The faults that a script may name.
const FAULTS: &[Fault] = &[
    Fault::Capacity,
    Fault::Quota,
    Fault::Auth,
    Fault::CreateLost,
    Fault::AnswerLost,
    Fault::ListIncomplete,
    Fault::ShortList,
    Fault::DeleteLost,
    Fault::SlowDelete { millis: 3_600_000 },
    Fault::NeverBoots,
    Fault::NeverChecksIn,
    Fault::ScriptFails,
    Fault::Dies { after_millis: 0 },
];

/// A script, read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Script {
    pub(crate) providers: Vec<ProviderLine>,
    pub(crate) pools: Vec<PoolLine>,
    pub(crate) people: Vec<String>,
    /// What happens how many milliseconds after the start.
    pub(crate) steps: Vec<(i64, Step)>,
    /// For how many milliseconds the timeline tells every line.
    pub(crate) shown: Option<i64>,
    /// How many milliseconds it lasts.
    pub(crate) lasts: i64,
}

/// A provider config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderLine {
    pub(crate) name: String,
    pub(crate) maximum: u32,
    pub(crate) boot_secs: u32,
    pub(crate) repeats_creates: bool,
}

/// A pool with its only autoscale config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolLine {
    pub(crate) name: String,
    /// The place of its provider config.
    pub(crate) provider: usize,
    pub(crate) minimum: u32,
    pub(crate) seats: u32,
    pub(crate) backoff_secs: u32,
    pub(crate) timeout_secs: u32,
}

/// Something that happens. People, pools and provider configs are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Ask {
        person: usize,
        pool: usize,
    },
    Leave {
        person: usize,
    },
    Fault {
        fault: Fault,
        provider: usize,
        /// None: always.
        times: Option<u32>,
    },
    NoFaults {
        provider: usize,
    },
    Fall,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The line that cannot be read.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let mut script = Self::default();
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() || line.starts_with('#') {
                continue;
            }
            script
                .line(&words)
                .ok_or_else(|| format!("line {}: `{line}` cannot be read", number + 1))?;
        }
        script.steps.sort_by_key(|(at, _)| *at);
        if script.lasts == 0 {
            return Err("no line says when it ends".to_owned());
        }
        Ok(script)
    }

    fn line(&mut self, words: &[&str]) -> Option<()> {
        match words {
            [
                "provider",
                name,
                "maximum",
                maximum,
                "boots",
                secs,
                "s",
                rest @ ..,
            ] => {
                self.providers.push(ProviderLine {
                    name: (*name).to_owned(),
                    maximum: maximum.parse().ok()?,
                    boot_secs: secs.parse().ok()?,
                    repeats_creates: match rest {
                        [] => false,
                        ["repeats", "creates"] => true,
                        _ => return None,
                    },
                });
            }
            #[rustfmt::skip]
            ["pool", name, "at", provider, "minimum", minimum, "seats", seats, "backoff", backoff, "s", "timeout", timeout, "s"] => {
                self.pools.push(PoolLine {
                    name: (*name).to_owned(),
                    provider: self.provider(provider)?,
                    minimum: minimum.parse().ok()?,
                    seats: seats.parse().ok()?,
                    backoff_secs: backoff.parse().ok()?,
                    timeout_secs: timeout.parse().ok()?,
                });
            }
            ["show", time] => self.shown = Some(millis(time)?),
            ["end", time] => self.lasts = millis(time)?,
            ["at", time, what @ ..] => {
                let step = self.step(what)?;
                self.steps.push((millis(time)?, step));
            }
            ["every", every, "from", from, "to", to, what @ ..] => {
                let (step, to) = (self.step(what)?, millis(to)?);
                let every = Some(millis(every)?).filter(|every| *every > 0)?;
                let mut at = millis(from)?;
                while at <= to {
                    self.steps.push((at, step));
                    at += every;
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn step(&mut self, words: &[&str]) -> Option<Step> {
        Some(match words {
            [person, "asks", "for", pool] => Step::Ask {
                pool: self.pools.iter().position(|known| known.name == *pool)?,
                person: self.person(person),
            },
            [person, "leaves"] => Step::Leave {
                person: self.people.iter().position(|known| known == person)?,
            },
            ["always", fault @ .., "at", provider] => Step::Fault {
                fault: named(fault)?,
                provider: self.provider(provider)?,
                times: None,
            },
            ["next", times, fault @ .., "at", provider] => Step::Fault {
                fault: named(fault)?,
                provider: self.provider(provider)?,
                times: Some(times.parse().ok()?),
            },
            ["no", "more", "faults", "at", provider] => Step::NoFaults {
                provider: self.provider(provider)?,
            },
            ["Weir", "falls"] => Step::Fall,
            _ => return None,
        })
    }

    fn provider(&self, name: &str) -> Option<usize> {
        self.providers.iter().position(|known| known.name == name)
    }

    fn person(&mut self, name: &str) -> usize {
        let known = self.people.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.people.push(name.to_owned());
            self.people.len() - 1
        })
    }

    /// Until when the timeline tells every line.
    pub(crate) fn shown_until(&self, start: Timestamp) -> Timestamp {
        start.plus_millis(self.shown.unwrap_or(self.lasts))
    }
}

fn named(words: &[&str]) -> Option<Fault> {
    let words = words.join(" ");
    FAULTS.iter().copied().find(|fault| fault.word() == words)
}

/// The milliseconds of a time.
fn millis(time: &str) -> Option<i64> {
    let (time, millis) = time.split_once('.').unwrap_or((time, "000"));
    let millis: i64 = millis.parse().ok().filter(|_| millis.len() == 3)?;
    let parts: Option<Vec<i64>> = time.split(':').map(|part| part.parse().ok()).collect();
    match parts?.as_slice() {
        [hours, minutes, secs] => Some(((hours * 60 + minutes) * 60 + secs) * 1000 + millis),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "provider cloud maximum 2 boots 30 s\n\
                        pool desks at cloud minimum 1 seats 1 backoff 60 s timeout 600 s\n";

    #[test]
    fn what_repeats_is_told_once() {
        let script = Script::read(&format!(
            "# A story.\n{HEAD}every 00:10:00 from 00:00:05 to 00:20:05 anna asks for desks\nend 01:00:00\n"
        ))
        .expect("can be read");
        let ask = Step::Ask { person: 0, pool: 0 };
        assert_eq!(
            script.steps,
            [(5_000, ask), (605_000, ask), (1_205_000, ask)]
        );
        assert_eq!(script.lasts, 3_600_000);
    }

    #[test]
    fn what_cannot_be_read_names_its_line() {
        for wrong in [
            "at 00:00:05 anna asks for chairs",
            "at 5 anna leaves",
            "at 00:00:05.1 anna asks for desks",
            "at 00:00:05 always bad luck at cloud",
            "every 00:00:00 from 00:00:00 to 01:00:00 anna asks for desks",
        ] {
            let error = Script::read(&format!("{HEAD}{wrong}\nend 01:00:00\n"));
            let expected = format!("line 3: `{wrong}` cannot be read");
            assert_eq!(error, Err(expected));
        }
        assert!(Script::read(HEAD).is_err(), "it never ends");
    }
}
