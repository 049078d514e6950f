//! The path MTU cache.
//!
//! Source: RFC 1191 (IPv4; section 7.1 has the plateaus for routers that do not tell an MTU),
//! RFC 8201 (IPv6).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::engine::Instant;

/// Destinations remembered; the one that has been there longest is dropped for a new one.
pub const MAX_PATHS: usize = 1024;

/// How long an MTU is believed (RFC 1191 section 6.3, RFC 8201 section 4).
pub const AGE: Duration = Duration::from_secs(600);

/// No IPv4 path MTU below this is believed: a forged error could else have every packet cut to
/// pieces. RFC 791 asks that 68 bytes pass any link; in practice 552 do.
pub const MIN_V4: u32 = 552;

/// The least MTU of an IPv6 link (RFC 8200 section 5).
pub const MIN_V6: u32 = 1280;

/// RFC 1191 section 7.1.
const PLATEAUS: [u32; 10] = [65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296];

/// The cache.
#[derive(Debug, Default)]
pub struct PathMtu {
    paths: BTreeMap<IpAddr, (u32, Instant)>,
}

impl PathMtu {
    /// The MTU of the path to `dst`, `None` when nothing is known of it.
    #[must_use]
    pub fn get(&self, now: Instant, dst: IpAddr) -> Option<u32> {
        if self.paths.is_empty() {
            return None;
        }
        self.paths.get(&dst).filter(|(_, learned)| now.since(*learned) < AGE).map(|&(mtu, _)| mtu)
    }

    /// A router could not pass on a packet of `packet_len` bytes and told `mtu` (0 when it did not
    /// tell). Returns the MTU that holds now, or `None` when the message changes nothing.
    pub fn too_big(&mut self, now: Instant, dst: IpAddr, mtu: u32, packet_len: u32) -> Option<u32> {
        let min = if dst.is_ipv4() { MIN_V4 } else { MIN_V6 };
        let told = match mtu {
            0 if dst.is_ipv4() => PLATEAUS.into_iter().find(|&p| p < packet_len).unwrap_or(MIN_V4),
            // RFC 8201 section 4: a value below the minimum must not lower the estimate under it.
            m => m,
        }
        .max(min);
        let known = self.get(now, dst);
        if told >= packet_len.max(min + 1) || known.is_some_and(|k| told >= k) {
            return None;
        }
        if self.paths.len() >= MAX_PATHS
            && !self.paths.contains_key(&dst)
            && let Some(oldest) = self.paths.iter().min_by_key(|(_, (_, t))| *t).map(|(&a, _)| a)
        {
            self.paths.remove(&oldest);
        }
        self.paths.insert(dst, (told, now));
        Some(told)
    }

    /// Forgets what is older than [`AGE`]. Returns the destinations.
    pub fn expire(&mut self, now: Instant) -> Vec<IpAddr> {
        let old: Vec<IpAddr> =
            self.paths.iter().filter(|(_, (_, t))| now.since(*t) >= AGE).map(|(&a, _)| a).collect();
        for a in &old {
            self.paths.remove(a);
        }
        old
    }

    /// When the next entry gets too old.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.paths.values().map(|&(_, t)| t + AGE).min()
    }

    /// Destination and MTU of every entry.
    pub fn iter(&self) -> impl Iterator<Item = (IpAddr, u32)> {
        self.paths.iter().map(|(&a, &(mtu, _))| (a, mtu))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));

    #[test]
    fn the_mtu_told_holds_for_ten_minutes() {
        let mut p = PathMtu::default();
        assert_eq!(p.too_big(Instant::START, V4, 1400, 1500), Some(1400));
        assert_eq!(p.get(Instant::from_millis(599_999), V4), Some(1400));
        assert_eq!(p.get(Instant::from_millis(600_000), V4), None);
        assert_eq!(p.poll_timeout(), Some(Instant::from_millis(600_000)));
        assert_eq!(p.expire(Instant::from_millis(600_000)), [V4]);
    }

    #[test]
    fn routers_that_do_not_tell_mean_the_next_plateau() {
        // RFC 1191 section 7.1: below 1500 comes 1492, below that 1006.
        let mut p = PathMtu::default();
        assert_eq!(p.too_big(Instant::START, V4, 0, 1500), Some(1492));
        assert_eq!(p.too_big(Instant::START, V4, 0, 1492), Some(1006));
    }

    #[test]
    fn the_estimate_only_falls_and_not_below_the_minimum() {
        let mut p = PathMtu::default();
        assert_eq!(p.too_big(Instant::START, V6, 1400, 1500), Some(1400));
        assert_eq!(p.too_big(Instant::START, V6, 1450, 1500), None);
        assert_eq!(p.too_big(Instant::START, V6, 600, 1400), Some(1280));
        assert_eq!(p.too_big(Instant::START, V4, 68, 1500), Some(552));
        assert_eq!(p.too_big(Instant::START, V4, 1500, 1400), None, "the packet was shorter");
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut p = PathMtu::default();
        for n in 0..5000u32 {
            let dst = IpAddr::V4(std::net::Ipv4Addr::from_bits(n));
            p.too_big(Instant::from_millis(u64::from(n)), dst, 1400, 1500);
        }
        assert_eq!(p.iter().count(), MAX_PATHS);
        assert_eq!(p.get(Instant::START, IpAddr::V4(std::net::Ipv4Addr::from_bits(4999))), Some(1400));
    }
}
