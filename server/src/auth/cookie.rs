//! The cookie of a sign-in.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::state::Web;

/// On https the prefix makes browsers refuse the cookie from any other host, and over plain http.
const SECURE_NAME: &str = "__Host-weir";
/// On a plain loopback address browsers would not take the prefix.
const PLAIN_NAME: &str = "weir";

fn name(web: &Web) -> &'static str {
    if web.https { SECURE_NAME } else { PLAIN_NAME }
}

/// The sign-in token among a request's cookies.
pub fn token(headers: &HeaderMap, web: &Web) -> Option<String> {
    let name = name(web);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The header that keeps a sign-in in the browser for `max_age_secs`.
pub fn keep(token: &str, max_age_secs: u32, web: &Web) -> HeaderValue {
    set(token, max_age_secs, web)
}

/// The header that takes it away.
pub fn forget(web: &Web) -> HeaderValue {
    set("", 0, web)
}

fn set(value: &str, max_age_secs: u32, web: &Web) -> HeaderValue {
    let secure = if web.https { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}",
        name(web)
    );
    HeaderValue::try_from(text).expect("a token is URL-safe base64 and the rest is a constant")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(https: bool) -> Web {
        Web {
            origin: "http://127.0.0.1:3000".into(),
            https,
            behind_proxy: false,
            metrics_token: None,
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_only_by_its_own_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("weir_theme=dark; weir=abc"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("__Host-weir=def"));
        assert_eq!(token(&headers, &web(false)).as_deref(), Some("abc"));
        assert_eq!(token(&headers, &web(true)).as_deref(), Some("def"));
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let header = keep("abc", 60, &web(true));
        let header = header.to_str().expect("ascii");
        assert_eq!(
            header,
            "__Host-weir=abc; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(
            forget(&web(false))
                .to_str()
                .expect("ascii")
                .starts_with("weir=; Path=/; Max-Age=0;")
        );
    }
}
