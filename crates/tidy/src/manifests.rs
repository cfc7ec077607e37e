//! Who may depend on whom, and which package is used only where.

use serde_json::Value;

/// Which crates of ours a crate may use. Arrows point down only.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("fault-proxy", &[]),
    ("harness", &["fault-proxy"]),
    ("scaling", &["domain"]),
    ("providers", &["domain", "fault-proxy"]),
    ("store", &["domain"]),
    ("control", &["domain", "providers", "scaling", "store"]),
    ("app", &["control", "domain", "providers"]),
    (
        "server",
        &["app", "control", "domain", "providers", "scaling", "store"],
    ),
    ("frontend", &["app"]),
    (
        "sim",
        &["control", "domain", "providers", "scaling", "store"],
    ),
    ("tidy", &[]),
    ("xtask", &[]),
];

/// Where a package of others may be used.
pub const HOMES: &[(&str, &[&str])] = &[
    ("axum", &["fault-proxy", "server"]),
    ("axum-server", &["server"]),
    ("hyper", &["fault-proxy", "server"]),
    ("jsonwebtoken", &["control"]),
    ("ldap3", &["control"]),
    ("leptos", &["app", "frontend", "server"]),
    ("leptos_axum", &["app", "server"]),
    ("leptos_meta", &["app"]),
    ("leptos_router", &["app"]),
    ("reqwest", &["harness", "providers"]),
    ("sqlx", &["harness", "store"]),
    ("tower-http", &["server"]),
    ("utoipa", &["domain", "server"]),
    ("utoipa-axum", &["server"]),
    ("utoipa-swagger-ui", &["server"]),
    ("wasm-bindgen", &["frontend"]),
    ("wasm-bindgen-cli-support", &["xtask"]),
];

/// What the browser's half must not pull in: clients, servers, databases, runtimes.
pub const NOT_IN_BROWSER: &[&str] = &[
    "aws-lc-rs",
    "axum",
    "hyper",
    "hyper-util",
    "leptos_axum",
    "mio",
    "reqwest",
    "rustls",
    "socket2",
    "sqlx",
    "sqlx-core",
];

/// One line of a manifest.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The crate that uses it.
    pub user: String,
    /// The package used.
    pub name: String,
    /// Whether only tests and benches use it.
    pub dev: bool,
    /// Whether it is behind a feature.
    pub optional: bool,
    /// Whether its default features are on.
    pub default_features: bool,
    /// Its features.
    pub features: Vec<String>,
}

/// All lines of all manifests, from what `cargo metadata --no-deps` prints.
///
/// # Panics
/// If the text is not that.
pub fn dependencies(metadata: &str) -> Vec<Dependency> {
    let metadata: Value = serde_json::from_str(metadata).expect("cargo prints JSON");
    let list = |value: &Value| {
        value
            .as_array()
            .cloned()
            .expect("a list in cargo's metadata")
    };
    let text = |value: &Value| {
        value
            .as_str()
            .expect("a text in cargo's metadata")
            .to_owned()
    };
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for line in list(&package["dependencies"]) {
            found.push(Dependency {
                user: text(&package["name"]),
                name: text(&line["name"]),
                dev: line["kind"] == "dev",
                optional: line["optional"] == true,
                default_features: line["uses_default_features"] == true,
                features: list(&line["features"]).iter().map(text).collect(),
            });
        }
    }
    found
}

/// Arrows that do not point down.
pub fn wrong_arrows(lines: &[Dependency]) -> Vec<String> {
    let ours = |name: &str| {
        ARROWS
            .iter()
            .find(|(user, _)| *user == name)
            .map(|(_, may)| *may)
    };
    lines
        .iter()
        .filter_map(|line| match (ours(&line.user), ours(&line.name)) {
            (None, _) => Some(format!(
                "{} has no line in ARROWS of crates/tidy/src/manifests.rs",
                line.user
            )),
            (Some(may), Some(_)) if !may.contains(&line.name.as_str()) => Some(format!(
                "{} may not use {}: arrows point down only",
                line.user, line.name
            )),
            _ => None,
        })
        .collect()
}

/// Packages used outside their home.
pub fn strays(lines: &[Dependency]) -> Vec<String> {
    lines
        .iter()
        .filter_map(|line| {
            let (_, homes) = HOMES.iter().find(|(name, _)| *name == line.name)?;
            (!homes.contains(&line.user.as_str())).then(|| {
                format!(
                    "{} uses {}, whose home is {}",
                    line.user,
                    line.name,
                    homes.join(", ")
                )
            })
        })
        .collect()
}

/// Lines that would give a crate a power that it must not have.
pub fn wrong_powers(lines: &[Dependency]) -> Vec<String> {
    lines
        .iter()
        .filter(|line| !line.dev)
        .filter_map(|line| {
            let has = |feature: &str| line.features.iter().any(|name| name == feature);
            let why = match (line.user.as_str(), line.name.as_str()) {
                ("app", "control" | "leptos_axum") if !line.optional => {
                    "only the server's half of the app may, so it is optional"
                }
                ("control", "tokio") if line.features.iter().any(|name| name != "sync") => {
                    "control neither spawns nor sleeps, so only `sync`"
                }
                ("domain" | "scaling" | "control", "chrono")
                    if line.default_features || has("clock") || has("now") =>
                {
                    "time is an argument, so no clock"
                }
                ("domain" | "scaling" | "control", "uuid") if has("v4") || has("v7") => {
                    "ids are arguments, so no `v4` and no `v7`"
                }
                ("harness", "fault-proxy") => return None,
                (_, "fault-proxy") => "it injects faults, so only tests may",
                ("scaling", name) if name != "domain" => "the decision needs the words alone",
                ("domain", "tokio" | "getrandom" | "rand") => "the words have no effects",
                _ => return None,
            };
            Some(format!("{} uses {}: {why}", line.user, line.name))
        })
        .collect()
}

/// Packages of a `cargo tree --prefix none` that must not reach the browser.
pub fn not_for_browsers(tree: &str) -> Vec<String> {
    let mut found: Vec<String> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| NOT_IN_BROWSER.contains(name))
        .map(|name| format!("the browser's half pulls in {name}; ask `cargo tree --package frontend --target wasm32-unknown-unknown --invert {name}`"))
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::tree::root;

    fn cargo(arguments: &[&str]) -> String {
        let cargo = std::env::var_os("CARGO").expect("cargo names itself");
        let output = Command::new(cargo)
            .args(arguments)
            .current_dir(root())
            .output()
            .expect("cargo starts");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text")
    }

    fn manifests() -> Vec<Dependency> {
        let lines = dependencies(&cargo(&["metadata", "--no-deps", "--format-version", "1"]));
        assert!(lines.len() > 20, "all manifests are read");
        lines
    }

    fn planted(user: &str, name: &str) -> Dependency {
        Dependency {
            user: user.to_owned(),
            name: name.to_owned(),
            dev: false,
            optional: false,
            default_features: false,
            features: Vec::new(),
        }
    }

    fn with(line: Dependency, feature: &str) -> Dependency {
        Dependency {
            features: vec![feature.to_owned()],
            ..line
        }
    }

    #[test]
    fn arrows_point_down() {
        assert_eq!(wrong_arrows(&manifests()), [""; 0]);
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        for (user, name) in [
            ("domain", "scaling"),
            ("store", "providers"),
            ("control", "app"),
            ("app", "store"),
            ("new", "domain"),
        ] {
            assert_eq!(
                wrong_arrows(&[planted(user, name)]).len(),
                1,
                "{user} -> {name}"
            );
        }
        assert_eq!(wrong_arrows(&[planted("control", "store")]), [""; 0]);
    }

    #[test]
    fn packages_stay_in_their_home() {
        assert_eq!(strays(&manifests()), [""; 0]);
    }

    #[test]
    fn a_stray_package_is_found() {
        for (user, name) in [
            ("control", "sqlx"),
            ("store", "ldap3"),
            ("server", "jsonwebtoken"),
            ("control", "axum"),
            ("domain", "leptos"),
        ] {
            assert_eq!(strays(&[planted(user, name)]).len(), 1, "{user} -> {name}");
        }
        assert_eq!(strays(&[planted("store", "sqlx")]), [""; 0]);
    }

    #[test]
    fn no_crate_has_a_power_it_must_not_have() {
        assert_eq!(wrong_powers(&manifests()), [""; 0]);
    }

    #[test]
    fn a_wrong_power_is_found() {
        let bad = [
            planted("app", "control"),
            with(planted("control", "tokio"), "time"),
            with(planted("domain", "chrono"), "clock"),
            Dependency {
                default_features: true,
                ..planted("domain", "chrono")
            },
            with(planted("domain", "uuid"), "v7"),
            planted("scaling", "serde"),
            planted("domain", "tokio"),
            planted("providers", "fault-proxy"),
        ];
        assert_eq!(wrong_powers(&bad).len(), bad.len());
        let good = [
            with(planted("control", "tokio"), "sync"),
            Dependency {
                dev: true,
                ..planted("scaling", "proptest")
            },
        ];
        assert_eq!(wrong_powers(&good), [""; 0]);
    }

    #[test]
    fn the_browser_gets_no_client_and_no_database() {
        let tree = cargo(&[
            "tree",
            "--package",
            "frontend",
            "--target",
            "wasm32-unknown-unknown",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--locked",
        ]);
        assert!(
            tree.lines().any(|line| line.starts_with("leptos ")),
            "the tree is the app's"
        );
        assert_eq!(not_for_browsers(&tree), [""; 0]);
    }

    #[test]
    fn a_client_in_the_browser_is_found() {
        assert_eq!(
            not_for_browsers("app v0.1.0\nreqwest v0.13.1\nreqwest v0.13.1 (*)\n").len(),
            1
        );
        assert_eq!(not_for_browsers("app v0.1.0\nleptos v0.8.23\n"), [""; 0]);
    }
}
