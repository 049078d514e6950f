//! What several filters have in common: networks, and lists in which one has to match.

use std::net::IpAddr;

/// An address with a prefix length: the addresses that agree with it in so many bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Net {
    address: u128,
    mask: u128,
}

impl Net {
    /// The network; a prefix longer than the address is the whole address.
    #[must_use]
    pub fn new(address: IpAddr, prefix: u8) -> Self {
        let (wide, prefix) = match address {
            IpAddr::V4(_) => (96, prefix.min(32)),
            IpAddr::V6(_) => (0, prefix.min(128)),
        };
        let bits = wide + u32::from(prefix);
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        Self { address: field(address), mask }
    }

    /// An IPv4 network of a mask, which need not be a prefix.
    #[must_use]
    pub fn masked(address: std::net::Ipv4Addr, mask: std::net::Ipv4Addr) -> Self {
        let mask = u128::MAX << 32 | u128::from(u32::from(mask));
        Self { address: field(IpAddr::V4(address)), mask }
    }

    /// True when the address, the number of its field in packet trace headers, is in the network.
    #[must_use]
    #[inline]
    pub const fn has_field(&self, address: u128) -> bool {
        (address ^ self.address) & self.mask == 0
    }

    /// True when the address is in the network.
    #[must_use]
    #[inline]
    pub fn has(&self, address: IpAddr) -> bool {
        self.has_field(field(address))
    }
}

impl From<IpAddr> for Net {
    fn from(a: IpAddr) -> Self {
        Self::new(a, 128)
    }
}

/// The number of an address's field in a packet trace header.
#[inline]
fn field(a: IpAddr) -> u128 {
    match a {
        IpAddr::V4(v4) => 0xFFFF << 32 | u128::from(u32::from(v4)),
        IpAddr::V6(v6) => v6.into(),
    }
}

/// True when the list is empty or has the value.
pub(crate) fn any_or<T: PartialEq>(list: &[T], value: &T) -> bool {
    list.is_empty() || list.contains(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_both_families() {
        let a = |t: &str| t.parse::<IpAddr>().unwrap();
        let n = Net::new(a("10.1.0.0"), 16);
        assert!(n.has(a("10.1.255.1")) && !n.has(a("10.2.0.1")) && !n.has(a("::1")));
        assert!(Net::from(a("10.1.0.1")).has(a("10.1.0.1")) && !Net::from(a("10.1.0.1")).has(a("10.1.0.2")));
        assert!(Net::new(a("0.0.0.0"), 0).has(a("9.9.9.9")) && !Net::new(a("0.0.0.0"), 0).has(a("fe80::1")));
        let six = Net::new(a("2001:db8::"), 32);
        assert!(six.has(a("2001:db8::1")) && !six.has(a("2001:db9::1")));
        assert!(Net::new(a("::"), 0).has(a("2001::1")));
        let odd = Net::masked("10.0.0.1".parse().unwrap(), "255.0.0.255".parse().unwrap());
        assert!(odd.has(a("10.7.7.1")) && !odd.has(a("10.7.7.2")));
    }
}
