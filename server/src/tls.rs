//! The certificate: the operator's, or one of Weir's own that is made once and kept.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::settings::{Place, Reach};

/// What the listener needs for TLS; none for plain http.
///
/// # Errors
/// A file that cannot be read or used; the text says which.
pub fn config(place: &Place, reach: &Reach) -> Result<Option<Arc<ServerConfig>>, String> {
    match (&reach.tls_cert, &reach.tls_key) {
        (Some(cert), Some(key)) => load(cert, key).map(Some),
        _ if reach.tls_self_signed => {
            let (cert, key) = (
                place.data.join("tls-cert.pem"),
                place.data.join("tls-key.pem"),
            );
            if !cert.exists() || !key.exists() {
                make(&cert, &key, reach)?;
            }
            load(&cert, &key).map(Some)
        }
        _ => Ok(None),
    }
}

fn load(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, String> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        format!("cannot use {}: {error}", path.display())
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(cert, &error))?;
    if chain.is_empty() {
        return Err(format!("{} holds no certificate in PEM", cert.display()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| {
            format!(
                "{} and {} do not fit each other: {error}",
                cert.display(),
                key.display()
            )
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn make(cert: &Path, key: &Path, reach: &Reach) -> Result<(), String> {
    let failed = |error: rcgen::Error| format!("making a certificate failed: {error}");
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    if !reach.listen.ip().is_unspecified() {
        names.push(reach.listen.ip().to_string());
    }
    if let Some(host) = reach.public_url.as_deref().and_then(host_of) {
        names.push(host);
    }
    names.sort();
    names.dedup();
    let mut params = CertificateParams::new(names).map_err(failed)?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Weir, made by itself");
    let pair = KeyPair::generate().map_err(failed)?;
    let made = params.self_signed(&pair).map_err(failed)?;
    write(key, &pair.serialize_pem(), 0o600)?;
    write(cert, &made.pem(), 0o644)
}

fn host_of(url: &str) -> Option<String> {
    let authority = url.split_once("://")?.1.trim_end_matches('/');
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => authority.split(':').next()?,
    };
    Some(host.to_owned())
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), String> {
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        });
    written.map_err(|error| format!("cannot write {}: {error}", path.display()))
}
