//! What a form sends, to be copied.

pub const COPY_AS: &str = "Copy as";

// One paragraph: about secrets, then the sentence with the link.
pub const SECRETS: &str = "Secrets do not go along: one that you have just typed stands as its label, and one that is left out stays as it is. ";
pub const TAKES: &str = "The command takes ";
pub const TAKES_API_KEY: &str = "an API key";
pub const TAKES_FROM: &str = " from WEIR_API_KEY.";

pub const JSON: &str = "JSON";
pub const CURL: &str = "curl command";
