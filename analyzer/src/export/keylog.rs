//! TLS key logs, as browsers and servers write them: a label, the client's random value, a secret,
//! the last two in hexadecimal digits.

/// True when a line of `text` is a key.
#[must_use]
pub fn holds_keys(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').any(is_key)
}

fn is_key(line: &[u8]) -> bool {
    const LABELS: &[&str] = &[
        "CLIENT_RANDOM",
        "RSA",
        "CLIENT_EARLY_TRAFFIC_SECRET",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EARLY_EXPORTER_SECRET",
        "EXPORTER_SECRET",
    ];
    let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let Some(label) = words.next() else { return false };
    let known = LABELS.iter().any(|l| l.as_bytes() == label);
    let hex = |w: Option<&[u8]>| w.is_some_and(|w| w.len() >= 16 && w.iter().all(u8::is_ascii_hexdigit));
    known && hex(words.next()) && hex(words.next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_keys() {
        let random = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        assert!(holds_keys(format!("# keys\r\nCLIENT_RANDOM {random} {random}{random}\r\n").as_bytes()));
        assert!(!holds_keys(b"# CLIENT_RANDOM\nCLIENT_RANDOM xyz 00\n"));
    }
}
