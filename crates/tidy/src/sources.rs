//! What must not stand in a source file, or only in one place.

use crate::tree::TextFile;

/// A text that has a home: it may stand only in files whose path begins with one of these.
struct Home {
    text: &'static str,
    paths: &'static [&'static str],
    why: &'static str,
}

/// Looked for in Rust sources. Texts are cut in two, so that this file does not break its own rules.
const HOMES: &[Home] = &[
    Home {
        text: concat!("time::", "sleep"),
        paths: &[
            "server/src/",
            "crates/fault-proxy/src/",
            "crates/harness/src/",
        ],
        why: "nothing below the process sleeps; a test double plays a slow cloud, the harness real people and machines",
    },
    Home {
        text: concat!("thread::", "sleep"),
        paths: &["crates/xtask/"],
        why: "nothing but the build tool blocks a thread",
    },
    Home {
        text: concat!("tower_", "http::"),
        paths: &["server/src/router.rs"],
        why: "layers stand beside the routes",
    },
    Home {
        text: concat!("ldap", "3::"),
        paths: &["crates/control/src/directory/"],
        why: "one home for the directory",
    },
    Home {
        text: concat!("json", "webtoken::"),
        paths: &["crates/control/src/checkin_token.rs"],
        why: "one home for signed tokens",
    },
];

/// Never, in no file: what is left to be done, and what is written elsewhere.
const NEVER: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("kasm", "web"),
];

/// Texts outside their home.
pub fn away_from_home(file: &TextFile) -> Vec<String> {
    // Tests outside src/ stand above all crates and may wait for what they have started.
    if !file.is("rs") || !file.path.contains("src/") {
        return Vec::new();
    }
    let strange = |home: &&Home| {
        file.text.contains(home.text) && !home.paths.iter().any(|path| file.path.starts_with(path))
    };
    HOMES
        .iter()
        .filter(strange)
        .map(|home| {
            format!(
                "{}: `{}` may stand only in {}: {}",
                file.path,
                home.text,
                home.paths.join(", "),
                home.why
            )
        })
        .collect()
}

/// Words that stand nowhere, with their line.
pub fn unwanted_words(file: &TextFile) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for word in NEVER {
            let there = if word.chars().all(|c| c.is_ascii_uppercase()) {
                line.split(|c: char| !c.is_ascii_alphanumeric())
                    .any(|part| part == *word)
            } else {
                line.to_ascii_lowercase().contains(word)
            };
            if there {
                found.push(format!(
                    "{}:{number}: `{word}` stands nowhere in this repository",
                    file.path
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text_files;

    fn planted(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn everything_is_at_home() {
        let files = text_files();
        assert!(
            files.iter().any(|file| file.path == "server/src/router.rs"),
            "the tree is read"
        );
        assert_eq!(
            files.iter().flat_map(away_from_home).collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn what_left_its_home_is_found() {
        for home in HOMES {
            assert_eq!(
                away_from_home(&planted("crates/store/src/pool.rs", home.text)).len(),
                1,
                "{}",
                home.text
            );
            let inside = if home.paths[0].ends_with('/') {
                format!("{}src/x.rs", home.paths[0])
            } else {
                home.paths[0].to_owned()
            };
            assert_eq!(
                away_from_home(&planted(&inside, home.text)),
                [""; 0],
                "{}",
                home.text
            );
        }
    }

    #[test]
    fn nothing_is_left_for_later() {
        assert_eq!(
            text_files()
                .iter()
                .flat_map(unwanted_words)
                .collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn what_is_left_for_later_is_found() {
        for word in NEVER {
            assert_eq!(
                unwanted_words(&planted("a.rs", &format!("x\n// {word} later"))).len(),
                1,
                "{word}"
            );
        }
        assert_eq!(unwanted_words(&planted("a.rs", "UNTODOED")), [""; 0]);
    }
}
