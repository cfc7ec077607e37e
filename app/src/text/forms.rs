//! The small forms: what their fields are called, and what helps to fill them in.

pub const NAME_HELP: &str = "1 to 63 characters. No two have the same name.";
pub const ROLE_HELP: &str = "What is allowed.";
pub const ROLE_USER: &str = "User";
pub const ROLE_USER_HELP: &str = "Opens sessions and sees its own things.";
pub const ROLE_ADMIN_HELP: &str = "Configures everything as well.";

pub const ZONE: &str = "Zone";
pub const ADDRESS: &str = "Upstream Auth Address";
pub const ADDRESS_HELP: &str = "Host name or address at which the servers of this zone reach Weir, with a port if it is not 443. Start-up scripts get it as {upstream_auth_address}.";

pub const DESCRIPTION: &str = "Description";
pub const DESCRIPTION_HELP: &str = "One line for the card in the portal.";

pub const PROVIDER: &str = "Provider";
pub const KIND_HELP: &str = "Where the machines come from. It cannot be changed later.";
pub const AWS: &str = "Amazon EC2";
pub const AWS_HELP: &str = "Instances in an AWS account of yours, in one region.";
pub const LOCAL: &str = "This machine";
pub const LOCAL_HELP: &str =
    "OpenSSH servers on the machine that Weir runs on. For trying Weir out and for tests.";
pub const FAKE: &str = "Fake cloud";
pub const FAKE_HELP: &str = "Machines in memory, which nobody can connect to. For demos and tests.";
pub const LXD: &str = "LXD or Incus";
pub const LXD_HELP: &str =
    "System containers or virtual machines of a daemon on this machine or another one.";
pub const MAX_INSTANCES: &str = "Max Instances";
pub const MAX_INSTANCES_HELP: &str = "There are never more machines than this, whatever the demand. All pools that use this provider share it.";
pub const MACHINES: &str = "machines";
pub const STARTUP_SCRIPT: &str = "Startup Script";
pub const STARTUP_SCRIPT_HELP: &str = "Runs on each new machine. Tags such as {server_id}, {upstream_auth_address} and {checkin_jwt} are filled in; brackets of the script itself are doubled: {{ and }}.";

pub const LOGIN_HELP: &str = "The name to sign in with: a-z, 0-9, '.', '_', '-' and '@'.";
pub const PASSWORD_HELP: &str = "12 to 256 characters. Left out, a new person cannot sign in by password, and an old one keeps theirs.";

pub const API_KEY: &str = "API key";
pub const API_KEY_HELP: &str = "What the key is for.";
pub const API_KEY_PERSON_HELP: &str =
    "The person that the key acts for. A key with the role User needs one.";

pub const SSH_KEY: &str = "SSH key";
pub const SSH_KEY_HELP: &str = "Where the key is from, such as the name of your laptop.";
pub const PUBLIC_KEY: &str = "Public Key";
pub const PUBLIC_KEY_HELP: &str = "One line that begins with ssh-ed25519, ecdsa or ssh-rsa. Leave it empty, and Weir makes a pair and shows you the private half once.";

pub fn unreadable(error: &dyn std::fmt::Display) -> String {
    format!("The form cannot be read: {error}.")
}
