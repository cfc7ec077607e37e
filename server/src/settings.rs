//! What an operator can set: flags of the command line, each with a `WEIR_…` variable. A secret can also stand in a
//! file named by `WEIR_…_FILE`. `docs/operating.md` lists them for people.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::Args;
use domain::secret::Secret;
use domain::snapshot::LoopSettings;
use store::DatabaseUrl;

use crate::telemetry::LogFormat;

/// Where the data is: the same for all commands.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Folder of the SQLite database, the key, the certificate and local servers.
    #[arg(long, env = "WEIR_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// A Postgres database (`postgres://user:password@host/name`) instead of SQLite in the data folder. Better in the
    /// variable, or in a file named by `WEIR_DATABASE_URL_FILE`: other accounts of the machine can see flags.
    #[arg(
        long,
        env = "WEIR_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// File of the key that secrets are sealed with; `key` in the data folder when not set.
    #[arg(long, env = "WEIR_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
}

/// How Weir is reached.
#[derive(Debug, Clone, Args)]
pub struct Reach {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(
        long,
        env = "WEIR_LISTEN",
        default_value = "127.0.0.1:3000",
        value_name = "ADDR"
    )]
    pub listen: SocketAddr,
    /// Address at which browsers and servers reach Weir (`https://weir.example.com`), if it is not the one that it
    /// listens on.
    #[arg(long, env = "WEIR_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// TLS certificate with its chain, PEM.
    #[arg(long, env = "WEIR_TLS_CERT", requires = "tls_key", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, PEM.
    #[arg(long, env = "WEIR_TLS_KEY", requires = "tls_cert", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Makes a certificate of its own and keeps it in the data folder. Browsers warn of it.
    #[arg(long, env = "WEIR_TLS_SELF_SIGNED", conflicts_with = "tls_cert")]
    pub tls_self_signed: bool,
    /// A proxy in front ends TLS and sets X-Forwarded-For: Weir itself speaks plain http.
    #[arg(long, env = "WEIR_BEHIND_TLS_PROXY", conflicts_with_all = ["tls_cert", "tls_self_signed"])]
    pub behind_tls_proxy: bool,
    /// Offers the provider kind `local` on other listeners than loopback too. People who use it sign in to Weir's own
    /// account.
    #[arg(long, env = "WEIR_ALLOW_LOCAL_PROVIDER")]
    pub allow_local_provider: bool,
    /// What opens /metrics (`Authorization: Bearer …`); closed when not set. Better in the variable, or in a file named
    /// by `WEIR_METRICS_TOKEN_FILE`.
    #[arg(
        long,
        env = "WEIR_METRICS_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN"
    )]
    pub metrics_token: Option<String>,
    /// How the log on standard error is written; `RUST_LOG` chooses what.
    #[arg(
        long,
        env = "WEIR_LOG_FORMAT",
        value_enum,
        default_value = "text",
        value_name = "FORMAT"
    )]
    pub log_format: LogFormat,
}

/// Times and bounds, in seconds where nothing else is said.
#[derive(Debug, Clone, Args)]
pub struct Bounds {
    /// A person who waits for a seat gives up after this time.
    #[arg(long, env = "WEIR_QUEUE_SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub queue_seconds: u32,
    /// A session ends after this time without a keepalive.
    #[arg(long, env = "WEIR_SESSION_SECONDS", default_value_t = 43_200, value_parser = clap::value_parser!(u32).range(60..=2_592_000))]
    pub session_seconds: u32,
    /// Sessions a person may have at once, those that wait included.
    #[arg(long, env = "WEIR_SESSION_QUOTA", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub session_quota: u32,
    /// Requests for sessions of one person that are let in within a minute; more are refused for a while.
    #[arg(long, env = "WEIR_SESSION_REQUESTS_PER_MINUTE", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub session_requests_per_minute: u32,
    /// A sign-in ends after this time without a request; an open page makes one from time to time.
    #[arg(long, env = "WEIR_LOGIN_IDLE_SECONDS", default_value_t = 1800, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    pub login_idle_seconds: u32,
    /// A sign-in ends after this time at the latest.
    #[arg(long, env = "WEIR_LOGIN_SECONDS", default_value_t = 43_200, value_parser = clap::value_parser!(u32).range(60..=2_592_000))]
    pub login_seconds: u32,
    /// A set-up link is good for this long.
    #[arg(long, env = "WEIR_SETUP_LINK_SECONDS", default_value_t = 900, value_parser = clap::value_parser!(u32).range(60..=86_400))]
    pub setup_link_seconds: u32,
    /// A create call without an answer after this time has an unknown outcome.
    #[arg(long, env = "WEIR_CREATE_CALL_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub create_call_seconds: u32,
    /// From the provider's acceptance to a machine that is up.
    #[arg(long, env = "WEIR_LAUNCH_SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=7200))]
    pub launch_seconds: u32,
    /// Servers made within an hour through one provider config.
    #[arg(long, env = "WEIR_CREATES_PER_HOUR", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub creates_per_hour: u32,
    /// A provider is listed this often at rest.
    #[arg(long, env = "WEIR_LIST_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub list_seconds: u32,
    /// Milliseconds between the two complete lists that prove a machine gone; the provider's list lag is added.
    #[arg(long, env = "WEIR_GONE_GAP_MILLIS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=3_600_000))]
    pub gone_gap_millis: u32,
    /// A machine with our tag and without a row is left alone for this long before it is deleted.
    #[arg(long, env = "WEIR_ORPHAN_SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    pub orphan_seconds: u32,
    /// The lease of the loop: another process takes over this long after one has died.
    #[arg(long, env = "WEIR_LEASE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(2..=600))]
    pub lease_seconds: u32,
}

impl Place {
    /// Which database is meant.
    ///
    /// # Errors
    /// A variable or file that cannot be used; the text says which.
    pub fn database(&self) -> Result<DatabaseUrl, String> {
        match secret("WEIR_DATABASE_URL", self.database_url.as_deref())? {
            None => Ok(DatabaseUrl::SqliteFile(self.data.join("weir.db"))),
            Some(url)
                if ["postgres://", "postgresql://"]
                    .iter()
                    .any(|scheme| url.expose().starts_with(scheme)) =>
            {
                Ok(DatabaseUrl::Postgres(url.expose().to_owned()))
            }
            Some(_) => Err(
                "the database URL has to begin with postgres://; leave it out for SQLite"
                    .to_owned(),
            ),
        }
    }

    /// The key file.
    pub fn key_path(&self) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| self.data.join("key"))
    }
}

impl Reach {
    /// Whether Weir itself ends TLS.
    pub fn tls(&self) -> bool {
        self.tls_cert.is_some() || self.tls_self_signed
    }

    /// The address for browsers, once the port is known, without a slash at its end.
    ///
    /// # Errors
    /// A combination that would send passwords over the network in clear; the text says what to do.
    pub fn origin(&self, bound: SocketAddr) -> Result<String, String> {
        let scheme = if self.tls() { "https" } else { "http" };
        let url = match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", reachable(bound)),
        };
        let Some((scheme, authority)) = url.split_once("://") else {
            return Err(format!(
                "the public URL {url} has to begin with https:// or http://"
            ));
        };
        if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
            return Err(format!(
                "the public URL {url} has to be scheme, host and port alone, such as https://weir.example.com"
            ));
        }
        match scheme {
            "https" if self.tls() || self.behind_tls_proxy || bound.ip().is_loopback() => {}
            "https" => {
                return Err("the public URL is https, but nothing here ends TLS: use --tls-cert and --tls-key, \
                            --tls-self-signed, or --behind-tls-proxy if a proxy in front does it"
                    .to_owned());
            }
            "http" if self.tls() => {
                return Err(
                    "the public URL is http, but Weir listens with TLS: begin it with https://"
                        .to_owned(),
                );
            }
            "http" if bound.ip().is_loopback() && is_loopback(authority) => {}
            "http" => {
                return Err(format!(
                    "plain http on {bound} would send passwords in clear: listen on 127.0.0.1, use --tls-cert and \
                     --tls-key or --tls-self-signed, or give --behind-tls-proxy with --public-url https://… if a proxy \
                     in front ends TLS"
                ));
            }
            _ => {
                return Err(format!(
                    "the public URL {url} has to begin with https:// or http://"
                ));
            }
        }
        // As browsers write it in Origin: lower case, without the usual port.
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let authority = authority.to_ascii_lowercase();
        Ok(format!(
            "{scheme}://{}",
            authority.strip_suffix(default_port).unwrap_or(&authority)
        ))
    }

    /// Whether the provider kind `local` is offered.
    pub fn allows_local(&self, bound: SocketAddr) -> bool {
        self.allow_local_provider || bound.ip().is_loopback() && !self.behind_tls_proxy
    }
}

impl Bounds {
    /// As the use cases take them.
    pub fn settings(&self, public_url: String, allow_local_provider: bool) -> control::Settings {
        control::Settings {
            reconciler: LoopSettings {
                list_interval_secs: self.list_seconds,
                gone_gap_millis: self.gone_gap_millis,
                launch_timeout_secs: self.launch_seconds,
                creates_per_hour: self.creates_per_hour,
                orphan_grace_secs: self.orphan_seconds,
                ..LoopSettings::default()
            },
            create_call_secs: self.create_call_seconds,
            queue_secs: self.queue_seconds,
            session_secs: self.session_seconds,
            person: store::PersonLimits {
                sessions: self.session_quota,
                requests_per_minute: self.session_requests_per_minute,
            },
            login_idle_secs: self.login_idle_seconds,
            login_secs: self.login_seconds,
            setup_link_secs: self.setup_link_seconds,
            lease_millis: i64::from(self.lease_seconds) * 1000,
            allow_local_provider,
            public_url,
        }
    }
}

/// A secret: what was given, or the content of the file that `<variable>_FILE` names.
///
/// # Errors
/// Both are given, or the file cannot be read.
pub fn secret(variable: &str, given: Option<&str>) -> Result<Option<Secret>, String> {
    let file_variable = format!("{variable}_FILE");
    match (given, std::env::var_os(&file_variable)) {
        (Some(_), Some(_)) => Err(format!(
            "{variable} and {file_variable} are both set: keep one"
        )),
        (Some(text), None) => Ok(Some(Secret::new(text))),
        (None, Some(path)) => read_secret(Path::new(&path))
            .map(Some)
            .map_err(|error| format!("{file_variable}: {error}")),
        (None, None) => Ok(None),
    }
}

/// The secret in a file, without the line break at its end.
///
/// # Errors
/// The file cannot be read or is empty.
pub fn read_secret(path: &Path) -> Result<Secret, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(format!("{} is empty", path.display()))
    } else {
        Ok(Secret::new(text))
    }
}

/// A wildcard address is no place to go to: on this machine it is reached by loopback.
fn reachable(bound: SocketAddr) -> SocketAddr {
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::from([127, 0, 0, 1]), bound.port())
        }
        IpAddr::V6(ip) if ip.is_unspecified() => {
            SocketAddr::new(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), bound.port())
        }
        _ => bound,
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        reach: Reach,
    }

    fn origin(flags: &str) -> Result<String, String> {
        let flags = Flags::try_parse_from(std::iter::once("weir").chain(flags.split_whitespace()))
            .expect("flags");
        flags.reach.origin(flags.reach.listen)
    }

    #[test]
    fn passwords_never_cross_the_network_in_clear() {
        for (flags, expected) in [
            ("", "http://127.0.0.1:3000"),
            ("--listen [::1]:80", "http://[::1]"),
            (
                "--public-url http://localhost:3000/",
                "http://localhost:3000",
            ),
            (
                "--listen 0.0.0.0:443 --tls-self-signed",
                "https://127.0.0.1",
            ),
            (
                "--listen 0.0.0.0:8443 --tls-self-signed --public-url https://Weir.Example:443",
                "https://weir.example",
            ),
            (
                "--listen 10.0.0.1:80 --behind-tls-proxy --public-url https://weir.example",
                "https://weir.example",
            ),
            ("--public-url https://weir.example", "https://weir.example"),
        ] {
            assert_eq!(origin(flags).as_deref(), Ok(expected), "{flags}");
        }
        for (flags, part) in [
            ("--listen 0.0.0.0:3000", "in clear"),
            ("--listen 10.0.0.1:80 --behind-tls-proxy", "in clear"),
            (
                "--listen 10.0.0.1:80 --public-url http://127.0.0.1",
                "in clear",
            ),
            ("--public-url http://weir.example", "in clear"),
            (
                "--listen 10.0.0.1:80 --public-url https://weir.example",
                "nothing here ends TLS",
            ),
            (
                "--tls-self-signed --public-url http://127.0.0.1:3000",
                "begin it with https",
            ),
            ("--public-url weir.example", "has to begin with"),
            ("--public-url https://weir.example/path", "alone"),
            ("--public-url ftp://weir.example", "has to begin with"),
        ] {
            let error = origin(flags).expect_err(flags);
            assert!(error.contains(part), "{flags}: {error}");
        }
    }
}
