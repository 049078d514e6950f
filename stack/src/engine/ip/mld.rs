//! MLD: queries read, reports written.
//!
//! Source: RFC 2710 sections 3 and 4, RFC 3810 sections 5 and 6.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use formats::checksum::Pseudo;
use formats::net::icmpv6::{Header, Repr, Type};
use formats::net::mld::{Message, RecordRepr, emit_records};
use formats::net::{IpProtocol, ipv6, ipv6_options};

use super::home::Home;
use super::membership::{Query, Record};
use super::nd::ALL_ROUTERS;
use super::{Ip, LOOPBACK};
use crate::engine::{Buffer, Context, Incoming};

/// Version 2 reports go there.
const ALL_MLDV2_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16);

impl Ip {
    /// A query or a version 1 report came in.
    pub(super) fn mld_input(&mut self, cx: &mut Context<'_>, incoming: &Incoming, h: &Header<'_>) {
        let IpAddr::V6(src) = incoming.src else { return };
        // RFC 3810 section 5.1.14: link-local source, hop limit 1.
        if !src.is_unicast_link_local() || incoming.ttl != 1 {
            return;
        }
        let Ok(m) = Message::new(h) else { return };
        if h.kind() == Type::MLD_REPORT {
            return self.overheard(incoming.interface, m.address().into());
        }
        let v2 = m.v2();
        let newest = v2.is_some();
        let ms = if newest { m.max_response_ms() } else { u32::from(m.max_response_code()) };
        let query = Query {
            version: if newest { 2 } else { 1 },
            newest,
            group: m.address().into(),
            sources: v2.map(|q| q.sources().map(IpAddr::V6).collect()).unwrap_or_default(),
            max_response: Duration::from_millis(ms.into()),
        };
        self.query(cx, incoming.interface, &query);
    }

    pub(super) fn send_mld_records(&mut self, cx: &mut Context<'_>, interface: u16, records: &[Record]) {
        let v6 = |a: &IpAddr| match a {
            IpAddr::V6(a) => *a,
            IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
        };
        let sources: Vec<Vec<Ipv6Addr>> =
            records.iter().map(|r| r.sources.iter().map(v6).collect()).collect();
        let all: Vec<RecordRepr<'_>> = records
            .iter()
            .zip(&sources)
            .map(|(r, s)| RecordRepr { kind: r.kind, address: v6(&r.group), sources: s })
            .collect();
        for part in all.chunks(16) {
            let mut body = vec![0; part.iter().map(|r| 20 + 16 * r.sources.len()).sum()];
            if emit_records(part, &mut body).is_err() {
                continue;
            }
            self.report_sent(cx, interface, records[0].group, 2, Type::MLDV2_REPORT.0, part.len());
            let repr = Repr::new(Type::MLDV2_REPORT, 0, part.len() as u32, &body);
            self.send_mld(cx, interface, ALL_MLDV2_ROUTERS, &repr);
        }
    }

    pub(super) fn send_mld_v1(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        group: Ipv6Addr,
        report: bool,
    ) {
        let (kind, dst) = if report { (Type::MLD_REPORT, group) } else { (Type::MLD_DONE, ALL_ROUTERS) };
        self.report_sent(cx, interface, group.into(), 1, kind.0, 1);
        let body = group.octets();
        self.send_mld(cx, interface, dst, &Repr::new(kind, 0, 0, &body));
    }

    /// RFC 3810 section 5: from a link-local address, or none while that is tentative, with a
    /// router alert.
    fn send_mld(&mut self, cx: &mut Context<'_>, interface: u16, dst: Ipv6Addr, repr: &Repr<'_>) {
        let Some(i) = self.interface(interface).filter(|i| i.active && i.config.v6) else { return };
        if interface == LOOPBACK {
            return;
        }
        let own = i.link_local();
        let usable = self.home.get(own.into()).is_some_and(Home::is_usable);
        let src = if usable { own } else { Ipv6Addr::UNSPECIFIED };
        let mut hbh = [0; 8];
        let Ok(skip) = ipv6_options::emit(IpProtocol::ICMPV6, &ipv6_options::ROUTER_ALERT_MLD, &mut hbh)
        else {
            return;
        };
        let mut message = vec![0; repr.len()];
        if repr.emit(&mut message, &Pseudo::V6 { src, dst }).is_err() {
            return;
        }
        let mut header = ipv6::Repr::new(src, dst, IpProtocol::HOPOPTS, (skip + message.len()) as u16);
        header.hop_limit = 1;
        let mut packet = Buffer::zeroed(ipv6::at::LEN);
        if header.emit(&mut packet).is_err() {
            return;
        }
        packet.extend(&hbh[..skip]);
        packet.extend(&message);
        if let Some(next) = self.next_hop(dst.into(), Some(interface), 0)
            && self.send_packet(cx, next, packet, None).is_ok()
        {
            self.icmp_sent(cx, dst.into(), &message);
        }
    }
}
