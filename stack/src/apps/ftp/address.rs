//! Addresses as FTP writes them: `h1,h2,h3,h4,p1,p2` and `|protocol|address|port|`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The argument of PORT and of the answer to PASV (RFC 959 section 4.1.2).
#[must_use]
pub fn port(at: SocketAddr) -> Option<String> {
    let IpAddr::V4(a) = at.ip() else { return None };
    let [h1, h2, h3, h4] = a.octets();
    let [p1, p2] = at.port().to_be_bytes();
    Some(format!("{h1},{h2},{h3},{h4},{p1},{p2}"))
}

/// Six numbers, somewhere in `text`.
#[must_use]
pub fn parse_port(text: &str) -> Option<SocketAddr> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())?;
    let mut n = [0_u8; 6];
    let mut parts = text.get(start..=end)?.split(',');
    for b in &mut n {
        *b = parts.next()?.trim().parse().ok()?;
    }
    parts.next().is_none().then(|| {
        let address = Ipv4Addr::new(n[0], n[1], n[2], n[3]);
        SocketAddr::new(address.into(), u16::from_be_bytes([n[4], n[5]]))
    })
}

/// The argument of EPRT (RFC 2428 section 2).
#[must_use]
pub fn eprt(at: SocketAddr) -> String {
    let family = if at.is_ipv4() { 1 } else { 2 };
    format!("|{family}|{}|{}|", at.ip(), at.port())
}

/// Reads the argument of EPRT; any character may be the delimiter.
#[must_use]
pub fn parse_eprt(text: &str) -> Option<SocketAddr> {
    let delimiter = text.chars().next()?;
    let mut parts = text[delimiter.len_utf8()..].split(delimiter);
    let (family, address, port) = (parts.next()?, parts.next()?, parts.next()?);
    let address: IpAddr = address.parse().ok()?;
    let right = matches!((family, address), ("1", IpAddr::V4(_)) | ("2", IpAddr::V6(_)));
    right.then(|| port.parse().ok().map(|p| SocketAddr::new(address, p))).flatten()
}

/// The port in the answer to EPSV: `(|||6446|)`.
#[must_use]
pub fn parse_epsv(text: &str) -> Option<u16> {
    let inner = text.split_once('(')?.1.rsplit_once(')')?.0;
    let delimiter = inner.chars().next()?;
    let mut parts = inner.split(delimiter);
    let empty = parts.next()?.is_empty() && parts.next()?.is_empty() && parts.next()?.is_empty();
    empty.then(|| parts.next()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_rfcs_write_them() {
        let at: SocketAddr = "132.235.1.2:6275".parse().unwrap();
        assert_eq!(eprt(at), "|1|132.235.1.2|6275|");
        assert_eq!(parse_eprt("|1|132.235.1.2|6275|"), Some(at));
        let six: SocketAddr = "[1080::8:800:200c:417a]:5282".parse().unwrap();
        assert_eq!(parse_eprt("|2|1080::8:800:200C:417A|5282|"), Some(six));
        assert_eq!(parse_eprt("|1|1080::1|5282|"), None);
        assert_eq!(parse_epsv("Entering Extended Passive Mode (|||6446|)"), Some(6446));
        assert_eq!(parse_epsv("Entering Extended Passive Mode"), None);
        assert_eq!(port(at).as_deref(), Some("132,235,1,2,24,131"));
        assert_eq!(parse_port("Entering Passive Mode (132,235,1,2,24,131)."), Some(at));
        assert_eq!(parse_port("1,2,3,4,5"), None);
        assert_eq!(parse_port("1,2,3,4,5,256"), None);
        assert_eq!(port(six), None);
    }
}
