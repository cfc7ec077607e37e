//! The Windows password: EC2 gives it encrypted for a key pair.

use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use domain::secret::Secret;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;

/// The private half of a key pair.
pub(super) struct PrivateKey(Pkcs1PrivateDecryptingKey);

impl PrivateKey {
    /// Reads an RSA key in PEM, as EC2 gives it (PKCS#1) or as other tools write it (PKCS#8).
    pub(super) fn read(pem: &Secret) -> Result<Self, &'static str> {
        const NOT_RSA: &str = "it is no RSA private key of at least 2048 bits in PEM, and only those open Windows passwords";
        let pkcs8 = match PrivateKeyDer::from_pem_slice(pem.expose().as_bytes()) {
            Ok(PrivateKeyDer::Pkcs1(key)) => wrapped(key.secret_pkcs1_der()),
            Ok(PrivateKeyDer::Pkcs8(key)) => key.secret_pkcs8_der().to_vec(),
            _ => return Err(NOT_RSA),
        };
        let key = PrivateDecryptingKey::from_pkcs8(&pkcs8).map_err(|_| NOT_RSA)?;
        Pkcs1PrivateDecryptingKey::new(key)
            .map(Self)
            .map_err(|_| NOT_RSA)
    }

    /// Decrypts what `GetPasswordData` gives; none if this is not the key's password.
    pub(super) fn decrypt(&self, password_data: &str) -> Option<Secret> {
        let text: String = password_data.split_whitespace().collect();
        let encrypted = base64::engine::general_purpose::STANDARD
            .decode(text)
            .ok()?;
        let mut space = vec![0; self.0.min_output_size()];
        let password = self.0.decrypt(&encrypted, &mut space).ok()?;
        std::str::from_utf8(password).ok().map(Secret::new)
    }
}

/// A PKCS#1 key in the envelope of PKCS#8 (RFC 5208): version 0, the identifier of RSA, the key.
fn wrapped(pkcs1: &[u8]) -> Vec<u8> {
    /// The version 0, and the identifier of RSA without parameters.
    const HEAD: &[u8] = &[
        0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
        0x01, 0x05, 0x00,
    ];
    let key = element(0x04, pkcs1);
    element(0x30, &[HEAD, &key].concat())
}

/// One DER element: tag, length, content.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut bytes = vec![tag];
    if let Ok(short @ 0..=127) = u8::try_from(content.len()) {
        bytes.push(short);
    } else {
        bytes.push(0x80 | u8::try_from(significant.len()).unwrap_or(0));
        bytes.extend_from_slice(significant);
    }
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeySize, Pkcs1PublicEncryptingKey};

    use super::*;

    /// PEM of this kind.
    fn pem(kind: &str, der: &[u8]) -> Secret {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        Secret::new(format!(
            "-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n"
        ))
    }

    #[test]
    fn a_password_is_read_with_either_kind_of_key() {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).expect("a key");
        let public = Pkcs1PublicEncryptingKey::new(key.public_key()).expect("its public half");
        let mut space = vec![0; public.ciphertext_size()];
        let encrypted = public
            .encrypt(b"S3cret&word", &mut space)
            .expect("encrypted");
        let data = format!(
            "\r\n{}\r\n",
            base64::engine::general_purpose::STANDARD.encode(&*encrypted)
        );

        let pkcs8: Pkcs8V1Der<'_> = key.as_der().expect("DER");
        let pkcs8 = pkcs8.as_ref();
        // What stands in the envelope: its head is as long as that of `wrapped`, with two lengths of four bytes.
        let pkcs1 = &pkcs8[4 + 18 + 4..];
        assert_eq!(
            wrapped(pkcs1),
            pkcs8,
            "the envelope is the one that others write"
        );
        for pem in [pem("PRIVATE KEY", pkcs8), pem("RSA PRIVATE KEY", pkcs1)] {
            let key = PrivateKey::read(&pem).expect("a key");
            assert_eq!(key.decrypt(&data), Some(Secret::new("S3cret&word")));
            assert_eq!(key.decrypt("AAAA"), None);
        }
    }

    #[test]
    fn what_is_no_rsa_key_is_told() {
        for text in [
            "",
            "hunter2",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
        ] {
            assert!(PrivateKey::read(&Secret::new(text)).is_err());
        }
    }
}
