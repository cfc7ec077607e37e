//! Weir's own figures: how long people wait for Weir itself, and how long a decision takes. One line a figure, `name value
//! unit`. `make bench` runs it.

#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and waits"
)]

mod decision;
mod disk;
mod waiting;

use std::time::Duration;

/// A figure of merit.
struct Figure {
    name: String,
    value: f64,
    unit: String,
}

impl Figure {
    fn new(name: impl Into<String>, value: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            value,
            unit: unit.to_owned(),
        }
    }

    /// Reads a line that [`tell`] has printed.
    fn read(line: &str) -> Self {
        let mut words = line.split(' ');
        let mut word = || words.next().expect("three words");
        Self {
            name: word().to_owned(),
            value: word().parse().expect("a figure"),
            unit: word().to_owned(),
        }
    }
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == decision::ALONE) {
        let servers = words[at + 1].parse().expect("a number");
        tell(&decision::of_size(servers));
        return;
    }
    // Beside the target folder's other files: the disk that the figures are about is the one that is built on.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut figures = runtime.block_on(waiting::measure(folder.path()));
    figures.extend(disk::measure(folder.path()));
    figures.extend(decision::measure());
    tell(&figures);
}

fn tell(figures: &[Figure]) {
    for Figure { name, value, unit } in figures {
        println!("{name} {value:.3} {unit}");
    }
}

/// The figures that are told of many times: the middle, and what one in a hundred exceeds.
fn spread(name: &str, times: &mut [Duration]) -> [Figure; 2] {
    times.sort_unstable();
    let at = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
        let millis = times[rank].as_secs_f64() * 1000.0;
        Figure::new(format!("{name}_p{percent}"), millis, "ms")
    };
    [at(50), at(99)]
}
