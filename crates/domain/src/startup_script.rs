//! The start-up script: a text with tags in curly brackets, filled in for each server.
//!
//! The rules are those that scripts written for Kasm Workspaces already follow:
//!
//! * `{tag}` becomes the tag's value, `{{` becomes `{`, `}}` becomes `}`;
//! * everything happens in one pass: what a value brings in is never read again, so a password may hold `{domain}`;
//! * any other bracket is an error. It is told when the script is saved, with its line and column, not when a server
//!   is being made.
//!
//! Values go in as they are, without quoting for a shell: the script decides what stands around them.

use crate::secret::Secret;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What a script can ask for. The list is closed: no tag gives a credential of the provider or of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// The account of Static Credentials.
    ConnectionUsername,
    /// The password of Static Credentials. Secret.
    ConnectionPassword,
    /// The one-time password of the computer record made for this server. Secret.
    AdJoinCredential,
    /// The directory's domain, made of the `DC=` parts of the LDAP config's search base.
    Domain,
    /// The name that Weir gave the server; also the name of its computer record.
    ServerHostname,
    /// The server's id, a UUID without prefix.
    ServerId,
    /// The zone's upstream auth address: where the server finds Weir.
    UpstreamAuthAddress,
    /// The token with which this server, and no other, checks in. Secret. `registration_token` is its older name.
    CheckinJwt,
    /// The public key of the provider config.
    SshKey,
}

impl Tag {
    /// Every tag, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::ConnectionUsername,
        Self::ConnectionPassword,
        Self::AdJoinCredential,
        Self::Domain,
        Self::ServerHostname,
        Self::ServerId,
        Self::UpstreamAuthAddress,
        Self::CheckinJwt,
        Self::SshKey,
    ];

    /// The word between the brackets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConnectionUsername => "connection_username",
            Self::ConnectionPassword => "connection_password",
            Self::AdJoinCredential => "ad_join_credential",
            Self::Domain => "domain",
            Self::ServerHostname => "server_hostname",
            Self::ServerId => "server_id",
            Self::UpstreamAuthAddress => "upstream_auth_address",
            Self::CheckinJwt => "checkin_jwt",
            Self::SshKey => "ssh_key",
        }
    }

    /// What stands in its place, for people who write a script.
    pub const fn help(self) -> &'static str {
        match self {
            Self::ConnectionUsername => "Connection Username of the AutoScale config",
            Self::ConnectionPassword => "Connection Password of the AutoScale config",
            Self::AdJoinCredential => {
                "one-time password to join the computer record made for this server"
            }
            Self::Domain => "domain of the LDAP config, from the DC parts of its search base",
            Self::ServerHostname => "name that Weir gives the server",
            Self::ServerId => "id of the server, a UUID",
            Self::UpstreamAuthAddress => "Upstream Auth Address of the deployment zone",
            Self::CheckinJwt => {
                "token with which this server checks in (older name: registration_token)"
            }
            Self::SshKey => "public SSH key of the provider config",
        }
    }

    /// When a config cannot fill the tag, what is missing.
    pub const fn missing(self) -> &'static str {
        match self {
            Self::ConnectionUsername => {
                "the config has no Connection Username; it comes with Static Credentials"
            }
            Self::ConnectionPassword => {
                "the config has no Connection Password; it comes with Static Credentials"
            }
            Self::AdJoinCredential | Self::Domain => {
                "the config creates no Active Directory computer record"
            }
            Self::SshKey => "the provider config has no public SSH key",
            Self::ServerHostname
            | Self::ServerId
            | Self::CheckinJwt
            | Self::UpstreamAuthAddress => {
                "the values of the server and of its zone are not known here"
            }
        }
    }

    /// Whether the value may not be shown in a preview.
    pub const fn is_secret(self) -> bool {
        matches!(
            self,
            Self::ConnectionPassword | Self::AdJoinCredential | Self::CheckinJwt
        )
    }

    /// The tag with this name, old names included.
    pub fn named(name: &str) -> Option<Self> {
        if name == OLD_NAME_OF_CHECKIN_JWT {
            return Some(Self::CheckinJwt);
        }
        Self::ALL.into_iter().find(|tag| tag.name() == name)
    }
}

/// Scripts of 1.14 use it; the value is the same token.
const OLD_NAME_OF_CHECKIN_JWT: &str = "registration_token";

/// Tags of Docker agent scripts. A server is never given their values.
const AGENT_ONLY: [&str; 5] = [
    "manager_token",
    "provider_name",
    "server_external_fqdn",
    "nginx_cert_in",
    "nginx_key_in",
];

/// A place in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// One thing that is wrong in a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {fault}")]
pub struct ScriptError {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub fault: ScriptFault,
}

/// What can be wrong in a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptFault {
    /// A word in brackets that is no tag.
    #[error("{{{name}}} is not a tag.{}", did_you_mean(*.nearest))]
    UnknownTag {
        /// The word.
        name: String,
        /// The tag that was probably meant.
        nearest: Option<&'static str>,
    },
    /// A tag that only Docker agents get.
    #[error("{{{name}}} is given to Docker agents only, a server script cannot use it.")]
    AgentOnlyTag {
        /// The tag.
        name: String,
    },
    /// Brackets around something that is not a word in lower case.
    #[error(
        "this bracket does not hold a tag. Brackets of the script itself are doubled: {{{{ and }}}}."
    )]
    NotATag,
    /// An opening bracket that is never closed.
    #[error("this {{ has no end. A bracket of the script itself is doubled: {{{{.")]
    LoneOpening,
    /// A closing bracket that was never opened.
    #[error("this }} has no beginning. A bracket of the script itself is doubled: }}}}.")]
    LoneClosing,
    /// A NUL character: no shell and no provider takes it.
    #[error("this is a NUL character, which no script can hold.")]
    Nul,
}

fn did_you_mean(nearest: Option<&'static str>) -> String {
    match nearest {
        Some(tag) => format!(" Did you mean {{{tag}}}?"),
        None => " Brackets of the script itself are doubled: {{ and }}.".to_owned(),
    }
}

/// A tag that the script uses and a config cannot fill: it becomes an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {{{}}} becomes an empty text: {}.", .tag.name(), .tag.missing())]
pub struct ScriptWarning {
    /// Where the tag is used first.
    pub at: Position,
    /// The tag.
    pub tag: Tag,
}

/// A filled script that is longer than the provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the start-up script takes {bytes} bytes with its tags filled in, the provider takes {limit}; shorten it by {}", .bytes - .limit)]
pub struct ScriptTooLong {
    /// Its size in bytes of UTF-8.
    pub bytes: usize,
    /// What the provider takes.
    pub limit: usize,
}

/// The values for one server. Debug prints the names only, also of the harmless ones.
#[derive(Clone, Default)]
pub struct TagValues(BTreeMap<Tag, Secret>);

impl TagValues {
    /// No values.
    pub fn new() -> Self {
        Self::default()
    }

    /// With `value` for `tag`.
    #[must_use]
    pub fn with(mut self, tag: Tag, value: impl Into<String>) -> Self {
        self.0.insert(tag, Secret::new(value.into()));
        self
    }

    /// The tags that have a value which is not empty.
    pub fn filled(&self) -> BTreeSet<Tag> {
        self.0
            .iter()
            .filter(|(_, value)| !value.expose().is_empty())
            .map(|(tag, _)| *tag)
            .collect()
    }

    fn get(&self, tag: Tag) -> &str {
        self.0.get(&tag).map_or("", Secret::expose)
    }
}

impl fmt::Debug for TagValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TagValues")?;
        f.debug_set()
            .entries(self.0.keys().map(|tag| tag.name()))
            .finish()
    }
}

/// A script whose brackets are all right.
#[derive(Clone, PartialEq, Eq)]
pub struct Script {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Tag(Tag, Position),
}

impl Script {
    /// What stands in a preview for a secret, whatever its length.
    pub const MASK: &str = "********";

    /// Errors told at once. A script whose brackets are not doubled at all would else bury the screen.
    const MAX_ERRORS: usize = 20;

    /// Reads a script.
    ///
    /// # Errors
    /// What is wrong, in the order of the text; the first 20 at most.
    pub fn parse(source: &str) -> Result<Self, Vec<ScriptError>> {
        let (pieces, mut errors) = Reader::new(source).read();
        if errors.is_empty() {
            let source = source.to_owned();
            return Ok(Self { source, pieces });
        }
        errors.truncate(Self::MAX_ERRORS);
        Err(errors)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The tags that it uses.
    pub fn tags(&self) -> BTreeSet<Tag> {
        self.uses().map(|(tag, _)| tag).collect()
    }

    /// The tags that it uses and that are not `fillable`, each where it is used first.
    pub fn warnings(&self, fillable: &BTreeSet<Tag>) -> Vec<ScriptWarning> {
        let mut seen = fillable.clone();
        self.uses()
            .filter(|(tag, _)| seen.insert(*tag))
            .map(|(tag, at)| ScriptWarning { at, tag })
            .collect()
    }

    /// The size in bytes with these values filled in.
    pub fn bytes(&self, values: &TagValues) -> usize {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.len(),
                Piece::Tag(tag, _) => values.get(*tag).len(),
            })
            .sum()
    }

    /// The script for one server. A tag without a value becomes an empty text.
    ///
    /// # Errors
    /// When the result is longer than `limit`, in bytes.
    pub fn render(
        &self,
        values: &TagValues,
        limit: Option<usize>,
    ) -> Result<Secret, ScriptTooLong> {
        let bytes = self.bytes(values);
        if let Some(limit) = limit.filter(|limit| bytes > *limit) {
            return Err(ScriptTooLong { bytes, limit });
        }
        Ok(Secret::new(self.filled(|tag| values.get(tag))))
    }

    /// The script as people may see it: like [`Script::render`], with a mask for each secret that has a value.
    pub fn preview(&self, values: &TagValues) -> String {
        self.filled(|tag| match values.get(tag) {
            "" => "",
            _ if tag.is_secret() => Self::MASK,
            value => value,
        })
    }

    fn filled<'a>(&'a self, value: impl Fn(Tag) -> &'a str) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Tag(tag, _) => value(*tag),
            })
            .collect()
    }

    fn uses(&self) -> impl Iterator<Item = (Tag, Position)> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Tag(tag, at) => Some((*tag, *at)),
            Piece::Text(_) => None,
        })
    }
}

/// People paste passwords into scripts, so the text is not printed.
impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({} bytes, tags ", self.source.len())?;
        f.debug_set()
            .entries(self.tags().iter().map(|tag| tag.name()))
            .finish()?;
        f.write_str(")")
    }
}

/// Reads a source once, from left to right.
struct Reader<'a> {
    rest: &'a str,
    at: Position,
    text: String,
    pieces: Vec<Piece>,
    errors: Vec<ScriptError>,
}

impl<'a> Reader<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            rest: source,
            at: Position { line: 1, column: 1 },
            text: String::new(),
            pieces: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn read(mut self) -> (Vec<Piece>, Vec<ScriptError>) {
        while let Some(next) = self.rest.chars().next() {
            match next {
                '{' if self.rest.starts_with("{{") => self.literal('{', 2),
                '}' if self.rest.starts_with("}}") => self.literal('}', 2),
                '{' => self.bracket(),
                '}' => self.fault(ScriptFault::LoneClosing, 1),
                '\0' => self.fault(ScriptFault::Nul, 1),
                _ => self.literal(next, next.len_utf8()),
            }
        }
        self.end_text();
        (self.pieces, self.errors)
    }

    /// Reads from a single opening bracket on.
    fn bracket(&mut self) {
        let inside = &self.rest[1..];
        let end = inside.find(['{', '}', '\n']);
        let Some(end) = end.filter(|end| inside[*end..].starts_with('}')) else {
            return self.fault(ScriptFault::LoneOpening, 1);
        };
        let name = &inside[..end];
        let length = end + 2;
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if let Some(tag) = Tag::named(name) {
            self.end_text();
            self.pieces.push(Piece::Tag(tag, self.at));
            self.skip(length);
        } else if AGENT_ONLY.contains(&name) {
            let name = name.to_owned();
            self.fault(ScriptFault::AgentOnlyTag { name }, length);
        } else if let Some(nearest) = nearest(name) {
            let name = name.to_owned();
            let nearest = Some(nearest);
            self.fault(ScriptFault::UnknownTag { name, nearest }, length);
        } else if name.len() <= 40 && !name.is_empty() && name.bytes().all(word) {
            let name = name.to_owned();
            let nearest = None;
            self.fault(ScriptFault::UnknownTag { name, nearest }, length);
        } else {
            self.fault(ScriptFault::NotATag, length);
        }
    }

    fn literal(&mut self, c: char, length: usize) {
        self.text.push(c);
        self.skip(length);
    }

    fn fault(&mut self, fault: ScriptFault, length: usize) {
        let at = self.at;
        self.errors.push(ScriptError { at, fault });
        self.skip(length);
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.pieces
                .push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn skip(&mut self, length: usize) {
        let (done, rest) = self.rest.split_at(length);
        for c in done.chars() {
            if c == '\n' {
                self.at.line += 1;
                self.at.column = 1;
            } else {
                self.at.column += 1;
            }
        }
        self.rest = rest;
    }
}

/// The tag that differs from `name` by two edits at most; case and outer spaces do not count.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.trim().to_ascii_lowercase();
    // A longer text is no misspelt tag; this also bounds the work.
    if name.len() > 40 {
        return None;
    }
    Tag::ALL
        .into_iter()
        .map(Tag::name)
        .chain([OLD_NAME_OF_CHECKIN_JWT])
        .map(|tag| (edits(&name, tag), tag))
        .filter(|(edits, _)| *edits <= 2)
        .min()
        .map(|(_, tag)| tag)
}

/// The Levenshtein distance in bytes.
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> TagValues {
        Tag::ALL.into_iter().fold(TagValues::new(), |values, tag| {
            values.with(tag, format!("<{}>", tag.name()))
        })
    }

    fn render(source: &str) -> String {
        let script = Script::parse(source).unwrap();
        script.render(&values(), None).unwrap().expose().to_owned()
    }

    fn faults(source: &str) -> Vec<(usize, usize, ScriptFault)> {
        Script::parse(source)
            .unwrap_err()
            .into_iter()
            .map(|error| (error.at.line, error.at.column, error.fault))
            .collect()
    }

    /// The table of the escaping rule.
    #[test]
    fn brackets() {
        for (source, wanted) in [
            ("", ""),
            ("{server_id}", "<server_id>"),
            ("{{ }}", "{ }"),
            ("${{VAR}}", "${VAR}"),
            ("{{server_id}}", "{server_id}"),
            ("{{{server_id}}}", "{<server_id>}"),
            ("{{{{", "{{"),
            ("{domain}{domain}", "<domain><domain>"),
            ("ü{domain}→", "ü<domain>→"),
            ("{registration_token}", "<checkin_jwt>"),
        ] {
            assert_eq!(render(source), wanted, "{source}");
        }
    }

    #[test]
    fn every_tag_is_found_by_its_name_and_filled() {
        for tag in Tag::ALL {
            assert_eq!(Tag::named(tag.name()), Some(tag));
            assert_eq!(
                render(&format!("{{{}}}", tag.name())),
                format!("<{}>", tag.name())
            );
        }
        let secret: Vec<_> = Tag::ALL.into_iter().filter(|tag| tag.is_secret()).collect();
        assert_eq!(
            secret,
            [
                Tag::ConnectionPassword,
                Tag::AdJoinCredential,
                Tag::CheckinJwt
            ]
        );
    }

    #[test]
    fn the_curl_line_of_the_documentation() {
        let line = r#"curl -k -X POST -H "Content-Type: application/json" -d '{{"status": "running", "status_message": "Initialization Complete", "status_progress": "100"}}' https://{upstream_auth_address}/api/set_server_status?token={checkin_jwt}"#;
        assert_eq!(
            render(line),
            r#"curl -k -X POST -H "Content-Type: application/json" -d '{"status": "running", "status_message": "Initialization Complete", "status_progress": "100"}' https://<upstream_auth_address>/api/set_server_status?token=<checkin_jwt>"#
        );
    }

    #[test]
    fn the_join_script_of_the_documentation() {
        let script = "$joinCred = New-Object pscredential -ArgumentList ([pscustomobject]@{{ UserName = $null; Password = (ConvertTo-SecureString -String '{ad_join_credential}' -AsPlainText -Force)[0] }})\nAdd-Computer -Domain \"{domain}\" -Options UnsecuredJoin,PasswordPass -Credential $joinCred -Force -Restart\n";
        assert_eq!(
            render(script),
            "$joinCred = New-Object pscredential -ArgumentList ([pscustomobject]@{ UserName = $null; Password = (ConvertTo-SecureString -String '<ad_join_credential>' -AsPlainText -Force)[0] })\nAdd-Computer -Domain \"<domain>\" -Options UnsecuredJoin,PasswordPass -Credential $joinCred -Force -Restart\n"
        );
    }

    #[test]
    fn errors_name_the_place_and_the_nearest_tag() {
        let unknown = |name: &str, nearest| ScriptFault::UnknownTag {
            name: name.to_owned(),
            nearest,
        };
        assert_eq!(
            faults("echo\nüü {servr_id} {Checkin_JWT}\n{hunter}"),
            [
                (2, 4, unknown("servr_id", Some("server_id"))),
                (2, 15, unknown("Checkin_JWT", Some("checkin_jwt"))),
                (3, 1, unknown("hunter", None)),
            ]
        );
        let text = Script::parse("x {servr_id}").unwrap_err()[0].to_string();
        assert_eq!(
            text,
            "line 1, column 3: {servr_id} is not a tag. Did you mean {server_id}?"
        );
    }

    #[test]
    fn lone_brackets() {
        use ScriptFault::{LoneClosing, LoneOpening, Nul};
        assert_eq!(faults("{"), [(1, 1, LoneOpening)]);
        assert_eq!(faults("a }"), [(1, 3, LoneClosing)]);
        assert_eq!(faults("{domain}}"), [(1, 9, LoneClosing)]);
        assert_eq!(
            faults("run() {\n  ls\n}\n"),
            [(1, 7, LoneOpening), (3, 1, LoneClosing)]
        );
        assert_eq!(faults("{a{domain}"), [(1, 1, LoneOpening)]);
        assert_eq!(faults("a\0"), [(1, 2, Nul)]);
        assert_eq!(Script::parse(&"}\n".repeat(500)).unwrap_err().len(), 20);
    }

    #[test]
    fn tags_of_docker_agents_are_refused() {
        for name in AGENT_ONLY {
            let fault = ScriptFault::AgentOnlyTag {
                name: name.to_owned(),
            };
            assert_eq!(faults(&format!("{{{name}}}")), [(1, 1, fault)]);
        }
    }

    /// Format engines of other languages reach into objects and widths; this one knows words only.
    #[test]
    fn tricks_of_format_engines_are_refused() {
        for source in [
            "{}",
            "{0}",
            "{0.__class__}",
            "{x:99999999}",
            "{server_id!r}",
            "{server_id:>99}",
            "{server_id.__init__.__globals__}",
            "{server_id[0]}",
            "{%raw%}",
            "{ 7*7 }",
            "{server_id|sh}",
        ] {
            assert_eq!(faults(source).len(), 1, "{source}");
        }
        assert_eq!(render("{{7*7}}"), "{7*7}");
    }

    #[test]
    fn a_tag_without_a_value_warns_once_and_becomes_empty() {
        let script = Script::parse("a\n  {domain}{ad_join_credential}{domain}{server_id}").unwrap();
        let warnings = script.warnings(&BTreeSet::from([Tag::ServerId]));
        assert_eq!(
            warnings
                .iter()
                .map(|w| (w.tag, w.at.line, w.at.column))
                .collect::<Vec<_>>(),
            [(Tag::Domain, 2, 3), (Tag::AdJoinCredential, 2, 11)]
        );
        assert_eq!(
            warnings[0].to_string(),
            "line 2, column 3: {domain} becomes an empty text: the config creates no Active Directory computer record."
        );
        let values = TagValues::new().with(Tag::ServerId, "7");
        assert_eq!(script.render(&values, None).unwrap().expose(), "a\n  7");
        assert!(script.warnings(&Tag::ALL.into()).is_empty());
    }

    #[test]
    fn the_size_is_counted_in_bytes_after_filling() {
        let script = Script::parse("{{{server_id}}}").unwrap();
        let fits = TagValues::new().with(Tag::ServerId, "ü".repeat(8191));
        assert!(script.render(&fits, Some(16_384)).is_ok());
        let long = TagValues::new().with(Tag::ServerId, format!("{}x", "ü".repeat(8191)));
        assert_eq!(
            script.render(&long, Some(16_384)).unwrap_err(),
            ScriptTooLong {
                bytes: 16_385,
                limit: 16_384
            }
        );
    }

    #[test]
    fn previews_and_debug_hide_secrets() {
        let values = TagValues::new()
            .with(Tag::ConnectionPassword, "hunter2")
            .with(Tag::ConnectionUsername, "hunter");
        let script =
            Script::parse("{connection_username}:{connection_password}:{checkin_jwt}").unwrap();
        assert_eq!(script.preview(&values), "hunter:********:");
        let printed = format!("{values:?} {:?}", script.render(&values, None));
        assert!(!printed.contains("hunter"), "{printed}");
    }

    proptest! {
        #[test]
        fn values_arrive_verbatim(value in any::<String>(), other in "\\{[a-z_]{0,8}\\}|\\{\\{|\\}\\}|\\{ad_join_credential\\}") {
            let value = format!("{value}{other}");
            let script = Script::parse("[{connection_password}]").unwrap();
            let values = TagValues::new()
                .with(Tag::ConnectionPassword, value.clone())
                .with(Tag::AdJoinCredential, "spent");
            let rendered = script.render(&values, None).unwrap();
            prop_assert_eq!(rendered.expose(), format!("[{value}]"));
            prop_assert_eq!(rendered.expose().len(), script.bytes(&values));
        }

        #[test]
        fn doubled_text_is_itself(text in "[^\\x00]*") {
            let source = text.replace('{', "{{").replace('}', "}}");
            let script = Script::parse(&source).unwrap();
            let rendered = script.render(&TagValues::new(), None).unwrap();
            prop_assert_eq!(rendered.expose(), text);
            prop_assert!(script.tags().is_empty());
        }

        #[test]
        fn no_text_panics(text in "[{}a-z_\n ü\\x00]{0,60}") {
            if let Err(errors) = Script::parse(&text) {
                prop_assert!(!errors.is_empty());
                prop_assert!(errors.windows(2).all(|pair| pair[0].at < pair[1].at));
            }
        }
    }
}
