//! What happened, in lines for a person: the time since the start, and short names for long ids.

use std::collections::BTreeMap;

use domain::timestamp::Timestamp;
use uuid::Uuid;

/// The lines of one run.
pub struct Timeline {
    start: Timestamp,
    lines: Vec<String>,
    names: BTreeMap<Uuid, String>,
    counts: BTreeMap<&'static str, u32>,
}

impl Timeline {
    /// Nothing has happened yet.
    pub const fn new(start: Timestamp) -> Self {
        Self {
            start,
            lines: Vec::new(),
            names: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// Something happened.
    pub fn note(&mut self, now: Timestamp, what: &str) {
        let time = clock(now.since(self.start));
        self.lines.push(format!("{time}  {what}"));
    }

    /// The short name of a thing: its noun and a number, in the order in which things are first named.
    pub fn name(&mut self, noun: &'static str, id: Uuid) -> String {
        if let Some(name) = self.names.get(&id) {
            return name.clone();
        }
        let count = self.counts.entry(noun).or_default();
        *count += 1;
        let name = format!("{noun} {count}");
        self.names.insert(id, name.clone());
        name
    }

    /// Calls a thing by a name of its own.
    pub fn call(&mut self, id: Uuid, name: &str) {
        self.names.insert(id, name.to_owned());
    }

    /// Drops the lines: nobody will read them.
    pub fn forget(&mut self) {
        self.lines = Vec::new();
    }

    /// The lines up to this moment, and how many come after it.
    pub fn told_until(&self, last: Timestamp) -> String {
        let last = clock(last.since(self.start));
        let told = self.lines.iter().map(|line| line.trim_end());
        let mut told: Vec<&str> = told.take_while(|line| *line < last.as_str()).collect();
        let left = self.lines.len() - told.len();
        let rest = format!("... and {left} lines more");
        if left > 0 {
            told.push(&rest);
        }
        told.join("\n") + "\n"
    }

    /// All lines so far.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// Milliseconds as hours, minutes and seconds.
fn clock(millis: i64) -> String {
    let (secs, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
    format!("{hours:02}:{minutes:02}:{secs:02}.{millis:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_show_the_time_since_the_start_and_short_names() {
        let start = Timestamp::from_millis(5);
        let mut timeline = Timeline::new(start);
        let name = timeline.name("server", Uuid::max());
        assert_eq!(timeline.name("server", Uuid::max()), name);
        assert_eq!(timeline.name("server", Uuid::nil()), "server 2");
        timeline.note(start.plus_millis(93_784_005), &format!("{name} is made"));
        assert_eq!(timeline.lines(), ["26:03:04.005  server 1 is made"]);
    }
}
