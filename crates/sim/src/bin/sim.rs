//! `sim SEED` replays one seed and prints its timeline; `sim --seeds N --from K` runs many.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use sim::{Run, Totals};

const USAGE: &str = "usage: sim SEED                     one seed, with its timeline
       sim [--seeds N] [--from K]   many; the last line is `n seeds, v violations`
           [--until-violation]      no further than the first violation";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match wanted(&arguments) {
        Some(Wanted::One(seed)) => replay(seed),
        Some(Wanted::Many(many)) => swarm(&many),
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

enum Wanted {
    One(u64),
    Many(Many),
}

struct Many {
    seeds: u64,
    from: u64,
    until_violation: bool,
}

fn wanted(arguments: &[String]) -> Option<Wanted> {
    if let [seed] = arguments
        && let Ok(seed) = seed.parse()
    {
        return Some(Wanted::One(seed));
    }
    let mut many = Many {
        seeds: 1000,
        from: 0,
        until_violation: false,
    };
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--seeds" => many.seeds = rest.next()?.parse().ok()?,
            "--from" => many.from = rest.next()?.parse().ok()?,
            "--until-violation" => many.until_violation = true,
            _ => return None,
        }
    }
    Some(Wanted::Many(many))
}

fn replay(seed: u64) -> ExitCode {
    match sim::run(seed) {
        Ok(run) => {
            for line in run.timeline.lines() {
                println!("{line}");
            }
            print_totals(&run.totals);
            println!("1 seeds, {} violations", run.violations.len());
            code(run.violations.is_empty())
        }
        Err(error) => {
            eprintln!("sim: seed {seed}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Seeds on all cores; what is printed is in the order of the seeds.
fn swarm(many: &Many) -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let runs: Mutex<BTreeMap<u64, Result<Run, String>>> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (next, stop, runs) = (&next, &stop, &runs);
            scope.spawn(move || {
                stay_on_core(thread);
                while !stop.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= many.seeds {
                        break;
                    }
                    let seed = many.from + number;
                    let run = sim::run(seed).map(|mut run| {
                        if run.violations.is_empty() {
                            run.timeline.forget();
                        }
                        run
                    });
                    let is_bad = run.as_ref().map_or(true, |run| !run.violations.is_empty());
                    if many.until_violation && is_bad {
                        stop.store(true, Ordering::SeqCst);
                    }
                    runs.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(seed, run);
                }
            });
        }
    });
    let runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut totals = Totals::default();
    let (mut violations, mut broken) = (0, 0);
    for (seed, run) in &runs {
        match run {
            Ok(run) => {
                totals.add(&run.totals);
                violations += usize::from(!run.violations.is_empty());
                for violation in &run.violations {
                    println!("violation seed {seed} at {}: {violation}", violation.at);
                }
                if !run.violations.is_empty() {
                    println!("  replay it: target/release/sim {seed}");
                }
            }
            Err(error) => {
                broken += 1;
                println!("seed {seed} cannot be run: {error}");
            }
        }
    }
    print_totals(&totals);
    println!("{} seeds, {violations} violations", runs.len());
    code(violations == 0 && broken == 0 && !runs.is_empty())
}

/// A seed and its database are two threads that hand each statement over: on one core that costs half.
fn stay_on_core(thread: usize) {
    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    if let Some(core) = cores.nth(thread) {
        let mut only = CpuSet::new();
        only.set(core);
        // Where it is not allowed, it only takes longer.
        let _ = sched_setaffinity(None, &only);
    }
}

fn print_totals(totals: &Totals) {
    println!(
        "{} requests, {} seats, {} servers made, {} crashes, {} ticks",
        totals.requests, totals.seats, totals.machines, totals.crashes, totals.ticks
    );
    for (word, count) in &totals.faults {
        println!("fault {word}: {count}");
    }
}

fn code(is_good: bool) -> ExitCode {
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
