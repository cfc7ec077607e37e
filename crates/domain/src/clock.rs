//! Time and chance as arguments. Nothing below the process reads a clock or a random source of its own.

use crate::timestamp::Timestamp;

/// Where "now" comes from: the system's clock in the process, a hand-moved one in tests and the simulation.
pub trait Clock: Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// Where random bytes come from: the operating system in the process, a seeded generator in the simulation.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random bytes fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// Random text of `len` characters from `[A-Za-z0-9]`, about 5.95 bits each. Safe unquoted in shells, PowerShell,
/// XML, YAML and JSON, so it can stand in any start-up script.
pub fn random_text(entropy: &dyn Entropy, len: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(len);
    let mut bytes = [0; 64];
    while text.len() < len {
        entropy.fill(&mut bytes);
        // 248 = 4 x 62: bytes above it are thrown away, so that each character is equally likely.
        let fair = bytes
            .iter()
            .filter(|&&byte| byte < 248)
            .map(|&byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(fair.take(len - text.len()));
    }
    text
}
