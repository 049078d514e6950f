//! IGMP: queries read, reports written.
//!
//! Source: RFC 2236 sections 2 and 3, RFC 3376 section 4.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use formats::net::IpProtocol;
use formats::net::igmp::{Header, RecordRepr, Repr, Type, emit_report, float_code};

use super::Ip;
use super::membership::{Query, Record};
use crate::engine::{Context, Incoming, Outgoing};

/// All routers of a link: leave messages go there.
const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// Version 3 reports go there.
const ALL_IGMPV3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

impl Ip {
    /// An IGMP message came in.
    pub(super) fn igmp_input(&mut self, cx: &mut Context<'_>, incoming: &Incoming, message: &[u8]) {
        let Ok(h) = Header::new(message) else { return };
        if !h.checksum_ok() {
            return;
        }
        match h.kind() {
            Type::MEMBERSHIP_QUERY => {
                let version = h.version().unwrap_or(2);
                let v3 = h.query_v3();
                let tenths = match version {
                    3 => float_code(h.max_resp()),
                    // RFC 2236 section 4: version 1 routers mean ten seconds.
                    1 => 100,
                    _ => u32::from(h.max_resp()),
                };
                let query = Query {
                    version,
                    newest: version == 3,
                    group: IpAddr::V4(h.group()),
                    sources: v3.map(|q| q.sources().map(IpAddr::V4).collect()).unwrap_or_default(),
                    max_response: Duration::from_millis(u64::from(tenths) * 100),
                };
                self.query(cx, incoming.interface, &query);
            }
            Type::V1_REPORT | Type::V2_REPORT => self.overheard(incoming.interface, h.group().into()),
            _ => {}
        }
    }

    pub(super) fn send_igmp_records(&mut self, cx: &mut Context<'_>, interface: u16, records: &[Record]) {
        let v4 = |a: &IpAddr| match a {
            IpAddr::V4(a) => *a,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        let sources: Vec<Vec<Ipv4Addr>> =
            records.iter().map(|r| r.sources.iter().map(v4).collect()).collect();
        let all: Vec<RecordRepr<'_>> = records
            .iter()
            .zip(&sources)
            .map(|(r, s)| RecordRepr { kind: r.kind, group: v4(&r.group), sources: s })
            .collect();
        // A packet whose records have many sources is cut by the IP layer.
        for part in all.chunks(32) {
            let len = 8 + part.iter().map(|r| 8 + 4 * r.sources.len()).sum::<usize>();
            let mut message = vec![0; len];
            if emit_report(part, &mut message).is_err() {
                continue;
            }
            self.report_sent(cx, interface, records[0].group, 3, Type::V3_REPORT.0, part.len());
            self.send_igmp(cx, interface, ALL_IGMPV3_ROUTERS, &message);
        }
    }

    pub(super) fn send_igmp_v2(
        &mut self,
        cx: &mut Context<'_>,
        interface: u16,
        group: Ipv4Addr,
        report: bool,
    ) {
        let (kind, dst) = if report { (Type::V2_REPORT, group) } else { (Type::LEAVE_GROUP, ALL_ROUTERS) };
        let mut message = [0; 8];
        if (Repr { kind, max_resp: 0, group }).emit(&mut message).is_ok() {
            self.report_sent(cx, interface, group.into(), 2, kind.0, 1);
            self.send_igmp(cx, interface, dst, &message);
        }
    }

    fn send_igmp(&mut self, cx: &mut Context<'_>, interface: u16, dst: Ipv4Addr, message: &[u8]) {
        let src = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let out = Outgoing {
            ttl: Some(1),
            tos: 0xc0,
            interface: Some(interface),
            ..Outgoing::new(src, dst.into(), IpProtocol::IGMP.0)
        };
        // Without an address yet, nobody is told; the next query will ask.
        let _ = self.send(cx, &out, message);
    }
}
