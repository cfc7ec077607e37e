//! What a new autoscale config begins with.

pub const HELP: &str =
    "A template fills in fields and does nothing else: all of them can be changed in the steps.";
pub const BEGIN_WITH: &str = "Begin with";

pub const COPY: &str = "Copy an existing config";
pub const COPY_HELP: &str = "Its values are filled in, without its name and its secrets.";
pub const NONE_TO_COPY: &str = "There is no config to copy yet.";
pub const COPY_OF: &str = "Config to copy";
pub const CHOOSE: &str = "Choose";

pub const KEPT: &str = "What you have typed is kept";

// Behind the label of a field: "[Name][: Desks. Here it would be Labs.]"
pub fn kept(yours: &str, theirs: &str) -> String {
    format!(": {yours}. Here it would be {theirs}.")
}

pub const REPLACE: &str = "Replace what I typed";

pub const FILLED_IN: &str = "What it fills in";

pub fn settled(connection_type: &str) -> String {
    format!("The servers of this pool have the Connection Type {connection_type}.")
}
