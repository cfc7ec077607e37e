//! The list of providers, the form of one, and its test.

/// What there is none of at an address.
pub const NOUN: &str = "provider";
/// What the list is of, for its filter.
pub const FILTERED: &str = "providers";

pub const NONE: &str = "There is no provider yet. Providers make the servers.";
pub const MACHINES: &str = "Machines";

pub fn machines(existing: u32, most: u32) -> String {
    format!("{existing} of {most}")
}

pub fn health(failures: u32) -> String {
    match failures {
        0 => "Works".to_owned(),
        1 => "The last server failed".to_owned(),
        count => format!("The last {count} servers failed"),
    }
}

pub fn the_provider(name: &str) -> String {
    format!("the provider {name}")
}

pub const DELETE: &str = "Delete provider";
pub const DELETE_HELP: &str = "A provider that a config or a server uses stays.";

pub const CHANGE: &str = "Change provider";
pub const FINDINGS: &str = "What the loop sees";
pub const WARNINGS: &str = "Look at how it is used";
pub const SAVE: &str = "Save provider";
pub const CREATE: &str = "Create provider";

pub const TEST: &str = "Test";
pub const TESTING: &str = "Testing";

// "[Passed: ][name of the check]. [what was found]"
pub const PASSED: &str = "Passed: ";
pub const FAILED: &str = "Failed: ";
pub const END: &str = ". ";

pub const PAUSE: &str = "Pause everything";
