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
    unit: &'static str,
}

fn main() {
    // Beside the target folder's other files: the disk that the figures are about is the one that is built on.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut figures = runtime.block_on(waiting::measure(folder.path()));
    figures.extend(disk::measure(folder.path()));
    figures.extend(decision::measure());
    for Figure { name, value, unit } in figures {
        println!("{name} {value:.3} {unit}");
    }
}

/// The figures that are told of many times: the middle, and what one in a hundred exceeds.
fn spread(name: &str, times: &mut [Duration]) -> [Figure; 2] {
    times.sort_unstable();
    let at = |percent: usize| {
        let rank = (times.len() * percent).div_ceil(100).max(1) - 1;
        Figure {
            name: format!("{name}_p{percent}"),
            value: times[rank].as_secs_f64() * 1000.0,
            unit: "ms",
        }
    };
    [at(50), at(99)]
}
