//! What a new autoscale config does from its first moment on.

pub const CREATE_AS: &str = "Create it as";

pub const ENABLED: &str = "Enabled";
pub const ENABLED_HELP: &str = "Servers are made and removed by these rules at once.";
pub const DRY_RUN: &str = "Dry run";
pub const DRY_RUN_HELP: &str =
    "The loop decides and records what it would do. It makes and removes no server.";
pub const PAUSED: &str = "Paused";
pub const PAUSED_HELP: &str =
    "The loop makes and removes no server until you choose Resume on the pool's page.";
pub const PAUSED_DRY_RUN_HELP: &str = "The loop makes and removes no server until you choose Resume on the pool's page. Then it is a dry run.";
