//! The files of the web bundle, held in the binary.
//!
//! The program brings them (`server/src/main.rs`): all else is built without waiting for the bundle, and not again when it
//! changes.

pub use app::shell::Bundle;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::state::AppState;

/// Where the files are served.
pub const ROUTE: &str = "/assets/{name}";

/// Names change with content, so an answer never grows stale.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// One file, as it is and in the two encodings that browsers ask for.
pub struct Asset {
    /// Name with the hash of the content, such as `weir-0123456789abcdef.css`.
    pub name: &'static str,
    /// Media type.
    pub mime: &'static str,
    /// The content.
    pub plain: &'static [u8],
    /// The content in brotli; empty where it was not made.
    pub brotli: &'static [u8],
    /// The content in gzip; empty where it was not made.
    pub gzip: &'static [u8],
}

/// The files, and what a page has to load.
pub struct Site {
    /// The addresses a page loads; without them it is plain HTML.
    pub bundle: Option<Bundle>,
    /// The files.
    pub assets: &'static [Asset],
}

impl Site {
    /// No files at all.
    pub const NONE: Self = Self {
        bundle: None,
        assets: &[],
    };
}

/// Marks an answer that a page loads, that is no page itself and the same for everybody: headers that guard pages and what they
/// show are left out. A page loads some thirty files, and those headers would weigh 17 kB.
#[derive(Clone, Copy)]
pub struct Loaded;

/// Answers with a file in the best encoding that the browser takes.
pub async fn serve(
    State(state): State<AppState>,
    Path(name): Path<String>,
    request: HeaderMap,
) -> Response {
    let Some(asset) = state.site.assets.iter().find(|asset| asset.name == name) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let accepted = request
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (encoding, body) = choose(asset, accepted);
    let mut response = body.into_response();
    response.extensions_mut().insert(Loaded);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static(asset.mime),
    );
    headers.insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static(FOREVER),
    );
    headers.insert(
        header::VARY,
        header::HeaderValue::from_static("accept-encoding"),
    );
    if let Some(encoding) = encoding {
        headers.insert(
            header::CONTENT_ENCODING,
            header::HeaderValue::from_static(encoding),
        );
    }
    response
}

/// The encoding to answer with, and the bytes in it.
fn choose(asset: &Asset, accepted: &str) -> (Option<&'static str>, &'static [u8]) {
    if !asset.brotli.is_empty() && accepts(accepted, "br") {
        (Some("br"), asset.brotli)
    } else if !asset.gzip.is_empty() && accepts(accepted, "gzip") {
        (Some("gzip"), asset.gzip)
    } else {
        (None, asset.plain)
    }
}

/// Whether an `Accept-Encoding` header names this encoding without refusing it (`;q=0`).
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let refused = |weight: &str| {
            weight
                .strip_prefix("q=")
                .is_some_and(|q| q.trim_matches(['0', '.']).is_empty())
        };
        parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding))
            && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSET: Asset = Asset {
        name: "a",
        mime: "text/css",
        plain: b"plain",
        brotli: b"br",
        gzip: b"gz",
    };

    #[test]
    fn the_smallest_accepted_encoding_wins() {
        assert_eq!(
            choose(&ASSET, "gzip, deflate, br, zstd"),
            (Some("br"), &b"br"[..])
        );
        assert_eq!(choose(&ASSET, "gzip;q=0.5"), (Some("gzip"), &b"gz"[..]));
        assert_eq!(choose(&ASSET, ""), (None, &b"plain"[..]));
    }

    #[test]
    fn a_refused_encoding_is_not_sent() {
        assert_eq!(choose(&ASSET, "br;q=0, gzip;q=0.0"), (None, &b"plain"[..]));
        assert_eq!(choose(&ASSET, "brotli, xgzip"), (None, &b"plain"[..]));
    }

    #[test]
    fn an_encoding_that_was_not_made_is_not_sent() {
        let asset = Asset {
            brotli: b"",
            ..ASSET
        };
        assert_eq!(choose(&asset, "br, gzip"), (Some("gzip"), &b"gz"[..]));
    }
}
