//! Router advertisements, the router's side (RFC 4861 section 6.2).

use std::net::Ipv6Addr;
use std::time::Duration;

use formats::net::MacAddr;
use formats::net::ndp::{PrefixInformation, Repr};

use super::Ip;
use super::home::Home;
use super::nd::{ALL_NODES, ALL_ROUTERS};
use super::neighbor::Learned;
use crate::engine::Context;

/// RFC 4861 section 10: the first advertisements come quickly, and not more often than this.
const INITIAL: u8 = 3;
const INITIAL_INTERVAL: Duration = Duration::from_secs(16);
const MIN_DELAY: Duration = Duration::from_secs(3);
const MAX_DELAY: Duration = Duration::from_millis(500);

/// Reachable time and retransmission timer are not told.
const UNSPECIFIED: u32 = 0;

impl Ip {
    /// An interface starts to advertise, when it is to.
    pub(super) fn start_advertising(&mut self, cx: &mut Context<'_>, interface: u16) {
        let forwarding = self.config.forwarding;
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
        if i.config.advertise.is_none() || !forwarding {
            return;
        }
        i.advertising.sent = 0;
        // Not before the link-local address has been checked.
        i.advertising.at = Some(cx.now + Duration::from_secs(2 * u64::from(i.config.dad_transmits > 0)));
        self.join(cx, interface, ALL_ROUTERS.into());
    }

    /// An advertisement is due.
    pub(super) fn advertise(&mut self, cx: &mut Context<'_>, interface: u16) {
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
        let (Some(a), true) = (i.config.advertise, i.active) else {
            i.advertising.at = None;
            return;
        };
        let (mac, src, hop_limit) = (i.mac(), i.link_local(), i.hop_limit);
        if !self.home.get(src.into()).is_some_and(Home::is_usable) {
            i.advertising.at = Some(cx.now + Duration::from_secs(1));
            return;
        }
        i.advertising.sent = i.advertising.sent.saturating_add(1);
        i.advertising.last = Some(cx.now);
        let quick = if i.advertising.sent < INITIAL { a.interval.min(INITIAL_INTERVAL) } else { a.interval };
        // Spread over the last quarter, so that routers do not speak together.
        let spread = Duration::from_nanos(cx.random.below(quick.as_nanos() as u64 / 4 + 1));
        i.advertising.at = Some(cx.now + (quick - quick / 4 + spread));
        let repr = Repr::RouterAdvertisement {
            hop_limit,
            flags: 0,
            lifetime: a.lifetime,
            reachable: UNSPECIFIED,
            retrans: UNSPECIFIED,
            source_link: Some(mac),
            mtu: a.mtu,
            prefix: a.prefix.map(|(prefix, prefix_len)| PrefixInformation {
                prefix_len,
                flags: PrefixInformation::ON_LINK | PrefixInformation::AUTONOMOUS,
                valid: a.valid,
                preferred: a.preferred,
                prefix,
            }),
        };
        self.send_ndp(cx, interface, src, ALL_NODES, &repr);
    }

    /// A host asks for routers: the next advertisement comes soon, to all.
    pub(super) fn router_solicitation(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        src: Ipv6Addr,
        source_link: Option<MacAddr>,
    ) {
        let forwarding = self.config.forwarding;
        let Some(i) = self.interfaces.get_mut(usize::from(interface)) else { return };
        if i.config.advertise.is_none() || !forwarding {
            return;
        }
        if let Some(link) = source_link.filter(|l| !l.is_group()) {
            let what = Learned {
                mac: Some(link),
                solicited: false,
                replaces: true,
                router: Some(false),
                create: true,
            };
            i.nd.learn(cx.now, src.into(), what);
        }
        let delay = Duration::from_nanos(cx.random.below(MAX_DELAY.as_nanos() as u64));
        let soon = (cx.now + delay).max(i.advertising.last.map_or(cx.now, |t| t + MIN_DELAY));
        i.advertising.at = Some(i.advertising.at.map_or(soon, |t| t.min(soon)));
        self.pump_neighbors(cx, interface);
    }
}

#[cfg(test)]
mod tests {
    use super::super::interface::Advertise;
    use super::super::testing::{Bench, MAC, addr6};
    use super::*;

    fn bench() -> Bench {
        let a = Advertise { prefix: Some((addr6("2001:db8::"), 64)), ..Advertise::default() };
        Bench::new(|c| c.forwarding = true, |i| i.advertise = Some(a))
    }

    fn sent(b: &mut Bench) -> usize {
        let all: Vec<_> = b.discovery();
        for (src, dst, m) in &all {
            let Repr::RouterAdvertisement { lifetime, source_link, prefix, .. } = m else { continue };
            assert_eq!(
                (*src, *dst, *lifetime, *source_link),
                (addr6("fe80::ff:fe00:1"), ALL_NODES, 1800, Some(MAC))
            );
            assert_eq!(prefix.unwrap().flags, 0xc0);
        }
        all.iter().filter(|m| matches!(m.2, Repr::RouterAdvertisement { .. })).count()
    }

    #[test]
    fn the_first_ones_come_quickly() {
        // RFC 4861 section 6.2.4: MAX_INITIAL_RTR_ADVERT_INTERVAL is 16 seconds.
        let mut b = bench();
        b.run_to(33_000);
        assert_eq!(sent(&mut b), 3);
        b.run_to(400_000);
        assert_eq!(sent(&mut b), 0);
        b.run_to(700_000);
        assert_eq!(sent(&mut b), 1);
    }

    #[test]
    fn a_solicitation_is_answered_soon_but_not_too_often() {
        let mut b = bench();
        b.run_to(60_000);
        sent(&mut b);
        for ms in [60_000, 60_600, 61_200] {
            b.run_to(ms);
            b.input_ndp(addr6("fe80::5"), ALL_ROUTERS, &Repr::RouterSolicitation { source_link: None });
        }
        b.run_to(62_900);
        // MIN_DELAY_BETWEEN_RAS is 3 seconds.
        assert_eq!(sent(&mut b), 1);
        b.run_to(65_000);
        assert_eq!(sent(&mut b), 1);
    }
}
