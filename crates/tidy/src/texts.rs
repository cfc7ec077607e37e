//! What Weir says to people in the browser stands in `app/src/text`, and nowhere beside the views.

use crate::tree::TextFile;

/// Where the browser's half lies, and what of it may hold sentences: the texts themselves; the gallery, which is not part of
/// a release and shows components with made-up things in them.
const VIEWS: &str = "app/src/";
const FREE: &[&str] = &["app/src/text/", "app/src/pages/gallery/"];

/// What stands before strings that are for the browser and not for people, or for programmers.
const NOT_SAID: &[&str] = &[
    "class=",
    "class:",
    "content=",
    "aria-keyshortcuts=",
    "key() ==",
    "Reflect::has(&window(), &",
    "doc = concat!(",
    "reason =",
    "expect(",
];

/// Calls that say nothing to people, wherever in them a string stands.
const SILENT: &[&str] = &["assert!(", "panic!(", "tracing::"];

/// Classes, widths and names of keys that look like words.
const NAMES: &[&str] = &[
    "(max-width: 72rem)",
    "ArrowDown",
    "ArrowUp",
    "Enter",
    "button primary",
    "external noreferrer",
    "live-status failed",
    "live-status ready",
    "live-status starting",
    "seats ready",
    "taken in-use",
    "waits failed",
];

/// Sentences in views, with their line.
pub fn sentences_in_views(file: &TextFile) -> Vec<String> {
    if !file.is("rs")
        || !file.path.starts_with(VIEWS)
        || FREE.iter().any(|free| file.path.starts_with(free))
    {
        return Vec::new();
    }
    let code = file.text.split("#[cfg(test)]\nmod tests").next();
    literals(code.unwrap_or_default())
        .into_iter()
        .filter(|literal| !NAMES.contains(&literal.text) && !is_silent(literal.before))
        .filter(|literal| is_said(&without_values(literal.text)))
        .map(|literal| {
            format!(
                "{}:{}: \"{}\" is said to people: it stands in {}",
                file.path, literal.line, literal.text, FREE[0]
            )
        })
        .collect()
}

/// Whether what stands before a string says that it is not for people.
fn is_silent(before: &str) -> bool {
    let statement = before.rsplit([';', '{', '}']).next().unwrap_or_default();
    NOT_SAID.iter().any(|end| before.ends_with(end))
        || SILENT.iter().any(|call| statement.contains(call))
}

/// A string in a source file.
struct Literal<'a> {
    line: usize,
    /// The code before its opening quote, without the space between them.
    before: &'a str,
    text: &'a str,
}

/// All strings of a source file but those in comments.
fn literals(code: &str) -> Vec<Literal<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find(['"', '/', '\'']).map(|next| at + next) {
        let rest = &code[start..];
        at = start + 1;
        if rest.starts_with("//") {
            at = rest.find('\n').map_or(code.len(), |end| start + end);
        } else if rest.starts_with("'\"'") || rest.starts_with("'/'") {
            at = start + 3;
        } else if let Some(inside) = rest.strip_prefix('"') {
            let length = length(inside);
            found.push(Literal {
                line: 1 + code[..start].matches('\n').count(),
                before: code[..start].trim_end_matches(['\n', ' ']),
                text: &inside[..length],
            });
            at = start + length + 2;
        }
    }
    found
}

/// How long a string is whose opening quote has been read.
fn length(inside: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    inside.len()
}

/// The text without what stands in braces.
fn without_values(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|&character| {
            depth += usize::from(character == '{');
            let is_outside = depth == 0;
            depth -= usize::from(character == '}' && depth > 0);
            is_outside
        })
        .collect()
}

/// Whether people read it: it begins with a capital and goes on in small letters, or has several words.
fn is_said(text: &str) -> bool {
    let text = text.trim();
    let mut letters = text.chars();
    let is_word = letters.next().is_some_and(char::is_uppercase)
        && letters.next().is_some_and(char::is_lowercase)
        && !text.contains('-');
    let words = text
        .split_whitespace()
        // Drawings are of letters and numbers.
        .filter(|word| !word.contains(char::is_numeric))
        .filter(|word| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1)
        .count();
    is_word || (words > 1 && !text.contains(['=', '<', '/']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::text_files;

    fn found(path: &str, text: &str) -> usize {
        sentences_in_views(&TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .len()
    }

    #[test]
    fn views_hold_no_sentences() {
        let files = text_files();
        assert!(
            files
                .iter()
                .any(|file| file.path == "app/src/text/pools.rs"),
            "the tree is read"
        );
        assert_eq!(
            files
                .iter()
                .flat_map(sentences_in_views)
                .collect::<Vec<_>>(),
            [""; 0]
        );
    }

    #[test]
    fn what_a_view_says_is_found() {
        for said in [
            r#"view! { <h1>"Pools"</h1> }"#,
            r#"format!("{count} of {all} servers are ready")"#,
            r#"let quote = '"'; let text = "Not \"ready\" yet";"#,
        ] {
            assert_eq!(found("app/src/pages/x.rs", said), 1, "{said}");
            assert_eq!(found("app/src/text/x.rs", said), 0, "{said}");
        }
    }

    #[test]
    fn what_programs_say_to_each_other_is_not() {
        for silent in [
            r#"view! { <p class="help muted">{text::HELP}</p> }"#,
            r#"// "Pools" is what the page is called"#,
            r#"format!("/admin/pools/{}", pool.id)"#,
            r#"format!("{} {}", pool.name, word)"#,
            r#"event.key() == "Escape""#,
            r#"match key { "ArrowDown" => next() }"#,
            r#"debug_assert!(is_alone(), "asked for inside of another")"#,
            r#"<path d="M1 3.5L2.5 2L6 5.5L9.5 2L11 3.5L6 8.5zM1 10h10v1.5h-10z" />"#,
        ] {
            assert_eq!(found("app/src/pages/x.rs", silent), 0, "{silent}");
        }
    }
}
