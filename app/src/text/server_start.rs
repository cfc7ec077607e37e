//! How a server came up.

use domain::count::counted;

pub const ACCEPTED: &str = "The provider accepts it";
pub const UP: &str = "The machine starts";
pub const SCRIPT: &str = "The start-up script runs";

// A time stands between them.
pub const FIRST_SESSION: &str = "Its first session began at ";
pub const FIRST_SESSION_END: &str = ".";

/// Behind how long a phase took.
pub const LONGEST: &str = ", the longest";
pub const NOT_REACHED: &str = "Not reached";
pub const FEW_STARTS: &str = "Too few servers of this pool have started yet to say what is usual.";
pub const PHASES: &str = "Phases of the start";
pub const PHASE: &str = "Phase";
pub const TOOK: &str = "Took";
pub const USUALLY: &str = "Usually";
pub const TIMELINE: &str = "Timeline";

pub const STEPS: &str = "What happened";
pub const MESSAGE: &str = "Message";

pub fn usual_of(starts: u32) -> String {
    format!(
        "What is usual is the median of the last {}, drawn below in grey.",
        counted(starts, "start", "starts")
    )
}
