//! How many of a thing, in words.

/// `1 server`, `2 servers`.
#[must_use]
pub fn counted(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_is_one() {
        let servers = |count| counted(count, "server", "servers");
        assert_eq!(
            [servers(0), servers(1), servers(2)],
            ["0 servers", "1 server", "2 servers"]
        );
    }
}
