//! Duplicate address detection for IPv6 (RFC 4862 section 5.4).

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use formats::ctrace::events::neighbor as events;
use formats::net::{MacAddr, ndp};

use super::home::State;
use super::interface::{Link, solicited_node};
use super::{Ip, IpEvent};
use crate::engine::{Context, Instant};

/// The first solicitation waits up to so long (MAX_RTR_SOLICITATION_DELAY), so that nodes that start
/// together do not ask together.
const MAX_DELAY: Duration = Duration::from_secs(1);

impl Ip {
    /// Starts to check a tentative address.
    pub(super) fn start_dad(&mut self, cx: &mut Context<'_>, interface: u16, address: Ipv6Addr) {
        let Some(i) = self.interface(interface) else { return };
        if i.config.dad_transmits == 0 || !matches!(i.config.link, Link::Ethernet { .. }) {
            return;
        }
        let at = cx.now + Duration::from_nanos(cx.random.below(MAX_DELAY.as_nanos() as u64));
        if let Some(h) = self.home.get_mut(address.into()).filter(|h| h.state == State::Tentative) {
            h.dad = Some((0, at));
            self.arm(at);
        }
    }

    /// Sends solicitations that are due; addresses nobody has claimed are used.
    pub(super) fn dad_timeout(&mut self, cx: &mut Context<'_>) {
        let due = |h: &super::Home| h.dad.is_some_and(|(_, at): (u8, Instant)| at <= cx.now);
        let due: Vec<super::Home> = self.home.iter().filter(|h| due(h)).copied().collect();
        for h in due {
            let (Some((sent, _)), IpAddr::V6(address)) = (h.dad, h.address) else { continue };
            let Some(i) = self.interface(h.interface) else { continue };
            let (most, retrans) = (i.config.dad_transmits, i.nd.settings.retrans);
            if let Some(h) = self.home.get_mut(h.address) {
                h.dad = (sent < most).then_some((sent + 1, cx.now + retrans));
            }
            if sent < most {
                let event =
                    events::DuplicateProbe { interface: h.interface, address: h.address, number: sent + 1 };
                self.event(cx, h.address, &event);
                let repr = ndp::Repr::NeighborSolicitation { target: address, source_link: None };
                self.send_ndp(cx, h.interface, Ipv6Addr::UNSPECIFIED, solicited_node(address), &repr);
            } else {
                self.set_state(cx, h.address, State::Preferred);
            }
        }
    }

    /// Another node has, or checks, the same address.
    pub(super) fn duplicate(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        address: Ipv6Addr,
        other: MacAddr,
    ) {
        let Some(h) = self.home.get_mut(address.into()) else { return };
        // RFC 4862 section 5.4: an address in use is kept, and the operator is told.
        let lost = h.state == State::Tentative;
        if lost {
            h.dad = None;
        }
        let event = events::AddressConflict { interface, address: address.into(), mac: other.0, lost };
        self.event(cx, address.into(), &event);
        if lost {
            self.set_state(cx, address.into(), State::Duplicate);
        }
        self.notify(IpEvent::Duplicate { interface, address: address.into(), other, lost });
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, MAC, PEER, addr, addr6};
    use super::*;
    use formats::net::ndp::Repr;

    fn state(b: &Bench, a: &str) -> State {
        b.ip.home().get(addr(a)).unwrap().state
    }

    #[test]
    fn one_probe_from_nobody_then_the_address_is_used() {
        // RFC 4862 section 5.4.2: source unspecified, to the solicited-node group, hop limit 255.
        let mut b = Bench::new(|_| {}, |i| i.dad_transmits = 1);
        assert_eq!(state(&b, "2001:db8::1"), State::Tentative);
        b.run_to(1000);
        let probes = b.discovery();
        let probe = Repr::NeighborSolicitation { target: addr6("2001:db8::1"), source_link: None };
        assert!(probes.contains(&(Ipv6Addr::UNSPECIFIED, addr6("ff02::1:ff00:1"), probe)));
        b.run_to(2001);
        assert_eq!(state(&b, "2001:db8::1"), State::Preferred);
        assert_eq!(state(&b, "fe80::ff:fe00:1"), State::Preferred);
    }

    #[test]
    fn an_answer_or_another_probe_makes_it_a_duplicate() {
        let target = addr6("2001:db8::1");
        let answer = Repr::NeighborAdvertisement { flags: 0x20, target, target_link: Some(PEER) };
        let probe = Repr::NeighborSolicitation { target, source_link: None };
        for (src, dst, m) in [
            (target, super::super::nd::ALL_NODES, answer),
            (Ipv6Addr::UNSPECIFIED, addr6("ff02::1:ff00:1"), probe),
        ] {
            let mut b = Bench::new(|_| {}, |i| i.dad_transmits = 1);
            b.input_ndp(src, dst, &m);
            assert_eq!(state(&b, "2001:db8::1"), State::Duplicate);
            b.run_to(10_000);
            assert_eq!(state(&b, "2001:db8::1"), State::Duplicate);
        }
    }

    #[test]
    fn an_address_in_use_is_kept() {
        let mut b = Bench::new(|_| {}, |_| {});
        let target = addr6("2001:db8::1");
        let claim = Repr::NeighborAdvertisement { flags: 0x20, target, target_link: Some(PEER) };
        b.input_ndp(target, super::super::nd::ALL_NODES, &claim);
        assert_eq!(state(&b, "2001:db8::1"), State::Preferred);
        let told = std::iter::from_fn(|| b.ip.poll_event())
            .any(|e| matches!(e, IpEvent::Duplicate { other: PEER, lost: false, .. }));
        assert!(told);
        // Its own advertisement that comes back is no conflict.
        let own = Repr::NeighborAdvertisement { flags: 0x20, target, target_link: Some(MAC) };
        b.input_ndp(target, super::super::nd::ALL_NODES, &own);
        assert!(b.ip.poll_event().is_none());
    }
}
