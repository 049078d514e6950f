//! Record points beside events: packets, socket data, frames of OSA adapters, resolver text.
//!
//! Entries 4, 5, 6 and 7 begin with a packet trace header. Data longer than 14336 bytes becomes
//! several segments. What no source says and is ours: the state of a data record is 0 for data,
//! 1 for the start and 2 for the end of an API flow; a resolver entry's body is ASID (2), TCB
//! (4), job name (8), CID (4) and EBCDIC lines, each ended by X'15'.

use std::net::{IpAddr, SocketAddr};

use formats::ctrace::cte::{HEADER, TRAILER};
use formats::ctrace::data_trace::{DataTrace, Domain, SocketType};
use formats::ctrace::encode::{STACK_MAX_DATA, next_seq};
use formats::ctrace::events::{Direction, Protocol};
use formats::ctrace::{DeviceType, DropReason, Flags, FormatId, Name, name, pthdr};
use formats::tod::Tod;

use crate::flow::Flow;
use crate::osaenta::FrameFlow;
use crate::trace::{DATA, ON, PACKETS, Which};
use crate::tracer::put_header;
use crate::{Subject, Tracer};

/// A packet at the IP layer, for SYSTCPDA. Addresses, protocol and ports are read from it.
#[derive(Debug, Clone, Copy)]
pub struct PacketPoint<'a> {
    /// Sent or received.
    pub direction: Direction,
    /// Link or interface name.
    pub interface: Name<16>,
    /// Its index.
    pub if_index: u32,
    /// What it is.
    pub device: DeviceType,
    /// Both addresses are home addresses of this stack.
    pub local: bool,
    /// VLAN, 0 without one.
    pub vlan: u16,
    /// Address space of the application, 0 when it is not known.
    pub asid: u16,
    /// Its connection, 0 when it is not known.
    pub cid: u32,
    /// Why the packet is thrown away, 0 when it is not.
    pub drop: DropReason,
    /// Data of each segment that the adapter cuts this one into, 0 without offload.
    pub segment_size: u16,
    /// The packet from its IP header on.
    pub packet: &'a [u8],
}

impl<'a> PacketPoint<'a> {
    /// A packet on an OSA interface, not dropped, with nothing else known of it.
    #[must_use]
    pub fn new(direction: Direction, interface: Name<16>, if_index: u32, packet: &'a [u8]) -> Self {
        let six = packet.first().is_some_and(|b| b >> 4 == 6);
        Self {
            direction,
            interface,
            if_index,
            device: if six { DeviceType::IPAQENET6 } else { DeviceType::IPAQENET },
            local: false,
            vlan: 0,
            asid: 0,
            cid: 0,
            drop: DropReason(0),
            segment_size: 0,
            packet,
        }
    }
}

/// What a data record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FlowState {
    /// Data.
    #[default]
    Data,
    /// The first data of a socket is about to flow.
    Start,
    /// The socket is closed.
    End,
}

/// Data that passes a socket, for SYSTCPDA.
#[derive(Debug, Clone, Copy)]
pub struct DataPoint<'a> {
    /// Sent or received.
    pub direction: Direction,
    /// Job of the application.
    pub job: Name<8>,
    /// Its address space.
    pub asid: u16,
    /// Its connection.
    pub cid: u32,
    /// TCP, UDP or RAW's protocol.
    pub protocol: Protocol,
    /// Start, data or end.
    pub state: FlowState,
    /// AT-TLS data in clear text.
    pub clear_text: bool,
    /// This end.
    pub local: SocketAddr,
    /// The other end.
    pub remote: SocketAddr,
    /// The data.
    pub data: &'a [u8],
}

/// A frame at the port of an OSA adapter, for SYSTCPOT.
#[derive(Debug, Clone, Copy)]
pub struct FramePoint<'a> {
    /// From the adapter to the network, or the reverse.
    pub direction: Direction,
    /// Port name of the OSA.
    pub port: Name<8>,
    /// Device of the stack that the frame belongs to, 0 when it is not known.
    pub device_id: u32,
    /// Interface index, 0 when it is not known.
    pub if_index: u32,
    /// Why the adapter throws it away, 0 when it does not.
    pub drop: DropReason,
    /// The frame from its destination address on, without check sequence.
    pub frame: &'a [u8],
}

/// Bytes of a packet record in front of its data.
const FIXED: usize = HEADER + pthdr::LEN;
/// Bytes of a resolver record in front of its text.
const RESOLVER: usize = 18;
const AF_INET: Domain = Domain(2);
const AF_INET6: Domain = Domain(19);

impl Tracer {
    /// True when packets are recorded, of some interface at least.
    #[inline(always)]
    #[must_use]
    pub fn traces_packets(&self) -> bool {
        self.mask(Which::Packets) & PACKETS != 0
    }

    /// True when socket data is recorded, of some job at least.
    #[inline(always)]
    #[must_use]
    pub fn traces_data(&self) -> bool {
        self.mask(Which::Packets) & DATA != 0
    }

    /// True when frames of OSA adapters are recorded, of some port at least.
    #[inline(always)]
    #[must_use]
    pub fn traces_frames(&self) -> bool {
        self.mask(Which::Frames) & ON != 0
    }

    /// True when resolver calls are recorded, of some job at least.
    #[inline(always)]
    #[must_use]
    pub fn traces_resolver(&self) -> bool {
        self.mask(Which::Resolver) & ON != 0
    }

    /// Records a packet, when PKTTRACE asks for it.
    #[inline(always)]
    pub fn packet(&self, p: &PacketPoint<'_>) {
        if self.traces_packets() {
            self.write_packet(p);
        }
    }

    /// Records data, when DATTRACE asks for it.
    #[inline(always)]
    pub fn data(&self, p: &DataPoint<'_>) {
        if self.traces_data() {
            self.write_data(p);
        }
    }

    /// Records a frame, when OSAENTA asks for it.
    #[inline(always)]
    pub fn frame(&self, p: &FramePoint<'_>) {
        if self.traces_frames() {
            self.write_frame(p);
        }
    }

    /// Records lines of a resolver's trace.
    #[inline(always)]
    pub fn resolver(&self, subject: &Subject, lines: &[&str]) {
        if self.traces_resolver() {
            self.write_resolver(subject, lines);
        }
    }

    fn write_packet(&self, p: &PacketPoint<'_>) {
        // First, so that what follows is done while the counter is read.
        let now = self.now();
        let f = Flow::of(p.packet);
        let len = p.packet.len();
        let Some(keep) = self.with_config(|c| c.pkttrace.length(&p.interface, &f, p.drop, len)) else {
            return;
        };
        let head = Head {
            flag: direction_flag(p.direction).0 | if p.local { Flags::LOCAL.0 } else { 0 },
            device: p.device,
            name: p.interface.0,
            src: f.src,
            dst: f.dst,
            ports: f.ports,
            protocol: f.protocol,
            vlan: p.vlan,
            cid: p.cid,
            asid: p.asid,
            plen: len,
            if_index: p.if_index,
            drop: p.drop,
            segment_size: p.segment_size,
        };
        self.write_pth(Which::Packets, f.id(), now, &head, &p.packet[..keep.min(len)]);
    }

    fn write_data(&self, p: &DataPoint<'_>) {
        let ends = [p.local, p.remote];
        let len = p.data.len();
        let Some(keep) = self.with_config(|c| c.dattrace.length(p.job, ends, len)) else { return };
        let [from, to] = if p.direction == Direction::OUT { ends } else { [p.remote, p.local] };
        let domain = if p.local.is_ipv6() { AF_INET6 } else { AF_INET };
        let kind = SocketType(match p.protocol {
            Protocol::TCP => 1,
            Protocol::UDP => 2,
            _ => 3,
        });
        let head = Head {
            flag: direction_flag(p.direction).0 | if p.clear_text { Flags::CLEAR_TEXT.0 } else { 0 },
            name: DataTrace::new(p.job, domain, kind, p.protocol.0, p.state as u8).0,
            src: address(from.ip()),
            dst: address(to.ip()),
            ports: (from.port(), to.port()),
            protocol: p.protocol.0,
            cid: p.cid,
            asid: p.asid,
            plen: len,
            ..Head::default()
        };
        self.write_pth(Which::Packets, FormatId::DATA, self.now(), &head, &p.data[..keep.min(len)]);
    }

    fn write_frame(&self, p: &FramePoint<'_>) {
        let f = FrameFlow::of(p.frame);
        let (len, now) = (p.frame.len(), self.now());
        let asked = |c: &crate::Config| c.osaenta.length(&p.port, p.device_id, &f, p.drop, len, now);
        let Some(keep) = self.with_config(asked) else { return };
        let flow = f.flow.unwrap_or_default();
        let head = Head {
            flag: direction_flag(p.direction).0,
            device: DeviceType::IPAQENET,
            name: osa_interface(p.port).0,
            src: flow.src,
            dst: flow.dst,
            ports: flow.ports,
            protocol: flow.protocol,
            vlan: f.vlan.unwrap_or_default(),
            plen: len,
            if_index: p.if_index,
            drop: p.drop,
            ..Head::default()
        };
        self.write_pth(Which::Frames, FormatId::OSA, now, &head, &p.frame[..keep.min(len)]);
    }

    /// Writes one entry, or the segments of a long one.
    #[inline(always)]
    fn write_pth(&self, which: Which, id: FormatId, time: Tod, head: &Head, data: &[u8]) {
        let number = self.records.get().wrapping_add(1);
        self.records.set(number);
        if data.len() <= STACK_MAX_DATA {
            self.write_segment(which, id, head, (time, number, 0, data.len()), data);
        } else {
            self.write_segments(which, id, head, (time, number), data);
        }
    }

    #[inline(always)]
    fn write_segment(
        &self,
        which: Which,
        id: FormatId,
        head: &Head,
        (time, number, seq, tlen): (Tod, u32, u8, usize),
        data: &[u8],
    ) {
        let len = FIXED + data.len() + TRAILER;
        let producer = self.producer(which);
        let Some(to) = producer.reserve(len, time) else { return };
        let Some((fixed, rest)) = to.split_first_chunk_mut::<FIXED>() else { return };
        put_header(fixed, len, id, time);
        head.put(time, number, seq, tlen, fixed);
        let (body, trailer) = rest.split_at_mut(data.len());
        body.copy_from_slice(data);
        trailer.copy_from_slice(&(len as u16).to_be_bytes());
        producer.commit(len);
    }

    #[cold]
    fn write_segments(
        &self,
        which: Which,
        id: FormatId,
        head: &Head,
        (time, number): (Tod, u32),
        data: &[u8],
    ) {
        let mut seq = 0;
        for piece in data.chunks(STACK_MAX_DATA) {
            self.write_segment(which, id, head, (time, number, seq, data.len()), piece);
            seq = next_seq(seq);
        }
    }

    fn write_resolver(&self, s: &Subject, lines: &[&str]) {
        if !self.with_config(|c| crate::filter::any_or(&c.resolver_jobs, &s.job)) {
            return;
        }
        let text: usize = lines.iter().map(|l| l.chars().count() + 1).sum();
        let text = text.min(STACK_MAX_DATA);
        let (len, time) = (HEADER + RESOLVER + text + TRAILER, self.now());
        let producer = self.producer(Which::Resolver);
        let Some(to) = producer.reserve(len, time) else { return };
        put_header(to, len, FormatId::RESOLVER, time);
        let (body, trailer) = to[HEADER..].split_at_mut(RESOLVER + text);
        body[..2].copy_from_slice(&s.asid.to_be_bytes());
        body[2..6].fill(0);
        body[6..14].copy_from_slice(&s.job.0);
        body[14..RESOLVER].copy_from_slice(&s.cid.to_be_bytes());
        let chars = lines.iter().flat_map(|l| l.chars().map(Some).chain([None]));
        for (b, c) in body[RESOLVER..].iter_mut().zip(chars) {
            *b = c.map_or(0x15, |c| name::from_latin1(c).unwrap_or(0x6F));
        }
        trailer.copy_from_slice(&(len as u16).to_be_bytes());
        producer.commit(len);
    }
}

/// The generated interface of an OSA port's trace: `EZANTA` and the port name.
#[must_use]
pub fn osa_interface(port: Name<8>) -> Name<16> {
    let mut n = [0x40; 16];
    n[..6].copy_from_slice(&[0xC5, 0xE9, 0xC1, 0xD5, 0xE3, 0xC1]);
    n[6..14].copy_from_slice(&port.0);
    Name(n)
}

/// What a packet trace header says of a record, apart from its time, number and lengths.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    flag: u8,
    device: DeviceType,
    name: [u8; 16],
    src: u128,
    dst: u128,
    ports: (u16, u16),
    protocol: u8,
    vlan: u16,
    cid: u32,
    asid: u16,
    plen: usize,
    if_index: u32,
    drop: DropReason,
    segment_size: u16,
}

impl Head {
    /// Writes the 92 bytes of [`formats::ctrace::PthFields`] behind the entry's header, eight at a
    /// time: a test holds that they are the same.
    #[inline(always)]
    fn put(&self, time: Tod, number: u32, seq: u8, tlen: usize, to: &mut [u8; FIXED]) {
        let short = |a: u16, b: u16, c: u32| u64::from(a) << 48 | u64::from(b) << 32 | u64::from(c);
        let lengths = u32::from(self.device.0) << 24 | (tlen.min(0xFF_FFFF) as u32);
        let words = [
            short(pthdr::LEN as u16, u16::from(seq) << 8 | u16::from(self.flag), lengths),
            u64::from_be_bytes(half(&self.name, 0)),
            u64::from_be_bytes(half(&self.name, 8)),
            time.0,
            (self.src >> 64) as u64,
            self.src as u64,
            (self.dst >> 64) as u64,
            self.dst as u64,
            short(self.ports.0, self.ports.1, number),
            short(self.protocol.into(), self.vlan, self.cid),
            short(self.asid, self.plen.min(0xFFFF) as u16, self.if_index),
        ];
        for (i, word) in words.into_iter().enumerate() {
            let at = HEADER + 8 * i;
            to[at..at + 8].copy_from_slice(&word.to_be_bytes());
        }
        let last = u32::from(self.drop.0) << 16 | u32::from(self.segment_size);
        to[FIXED - 4..].copy_from_slice(&last.to_be_bytes());
    }
}

#[inline(always)]
fn half(name: &[u8; 16], at: usize) -> [u8; 8] {
    name[at..].first_chunk().copied().unwrap_or_default()
}

const fn direction_flag(d: Direction) -> Flags {
    if d.0 == Direction::OUT.0 { Flags::OUT } else { Flags(0) }
}

fn address(a: IpAddr) -> u128 {
    u128::from_be_bytes(pthdr::address_field(a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::dattrace::DatTrace;
    use crate::pkttrace::{FilterSet, PktTrace};
    use crate::{Settings, Trace};
    use formats::ctrace::cte::Entries;
    use formats::ctrace::resolver::ResolverEntry;
    use formats::ctrace::{Cte, Pthdr};

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits.chunks(2).map(|p| u8::from_str_radix(std::str::from_utf8(p).unwrap(), 16).unwrap()).collect()
    }

    fn trace() -> (Trace, Tracer) {
        let t = Trace::new(Settings::new("MVS1", "TCPCS").virtual_time());
        t.configure(|c| *c = Config::everything());
        t.set_time(Tod(0xB72E_372B_BDA0_3000));
        let tracer = t.tracer();
        (t, tracer)
    }

    fn entries(trace: &Trace, which: Which) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        trace.look(which, |b| all.extend(Entries::new(b).map(|e| e.unwrap().bytes().to_vec())));
        all
    }

    /// The DNS query of the worked packet record.
    const QUERY: &str = "
        45000038 000E0000 4011A6FB 09437141 09255003 04010035 0024AD0B 9D4A0100
        00010000 00000000 02773303 69626D03 636F6D00 001C0001";

    #[test]
    fn the_worked_packet() {
        let (trace, t) = trace();
        let packet = hex(QUERY);
        t.records.set(2);
        t.packet(&PacketPoint {
            asid: 0x1E,
            cid: 0x007F_62C0,
            ..PacketPoint::new(Direction::OUT, Name::new("TR1"), 3, &packet)
        });
        // As the sheet has it, but for CTETIME, which is the time of the packet here.
        let want = "
            00A60010 00000004 B72E372B BDA03000 005C0001 27000038 E3D9F140 40404040
            40404040 40404040 B72E372B BDA03000 00000000 00000000 0000FFFF 09437141
            00000000 00000000 0000FFFF 09255003 04010035 00000003 00110000 007F62C0
            001E0038 00000003 00000000 45000038 000E0000 4011A6FB 09437141 09255003
            04010035 0024AD0B 9D4A0100 00010000 00000000 02773303 69626D03 636F6D00
            001C0001 00A6";
        assert_eq!(entries(&trace, Which::Packets), [hex(want)]);
    }

    #[test]
    fn headers_are_those_of_the_codec() {
        use formats::ctrace::PthFields;
        use zerocopy::IntoBytes;
        let head = Head {
            flag: 0x81,
            device: DeviceType(39),
            name: Name::<16>::new("EZANTAQDIO4101").0,
            src: address("10.1.0.2".parse().unwrap()),
            dst: address("2001:db8::3".parse().unwrap()),
            ports: (0x1112, 0x2122),
            protocol: 17,
            vlan: 0x123,
            cid: 0x3132_3334,
            asid: 0x4142,
            plen: 0x5152,
            if_index: 0x6162_6364,
            drop: DropReason(0x1001),
            segment_size: 0x7172,
        };
        let mut want = PthFields {
            seq_num: 9,
            flag: 0x81,
            dev_ty: 39,
            name: head.name,
            time: 0x8182_8384_8586_8788.into(),
            src: pthdr::address_field("10.1.0.2".parse().unwrap()),
            dst: pthdr::address_field("2001:db8::3".parse().unwrap()),
            sport: 0x1112.into(),
            dport: 0x2122.into(),
            record_number: 0x9192_9394.into(),
            protocol: 17,
            vlan: 0x123.into(),
            word_76: 0x3132_3334.into(),
            half_80: 0x4142.into(),
            plen: 0x5152.into(),
            if_index: 0x6162_6364.into(),
            drop_rsn: 0x1001.into(),
            off_seg_len: 0x7172.into(),
            ..PthFields::default()
        };
        want.set_tlen(0x01_0203);
        let mut got = [0; FIXED];
        head.put(Tod(0x8182_8384_8586_8788), 0x9192_9394, 9, 0x01_0203, &mut got);
        assert_eq!(got[HEADER..], *want.as_bytes());
    }

    #[test]
    fn the_worked_data_record() {
        let (trace, t) = trace();
        trace.set_time(Tod(0xC45F_FFFE_509E_0000));
        t.records.set(3);
        t.data(&DataPoint {
            direction: Direction::OUT,
            job: Name::new("USER12"),
            asid: 0x45,
            cid: 0x58,
            protocol: Protocol::TCP,
            state: FlowState::Data,
            clear_text: true,
            local: "10.1.0.2:41416".parse().unwrap(),
            remote: "10.1.1.2:8803".parse().unwrap(),
            data: b"GET / HTTP/1.0\r\n\r\n",
        });
        let want = "
            00800010 00000005 C45FFFFE 509E0000 005C0021 00000012 E4E2C5D9 F1F24040
            02010600 00000000 C45FFFFE 509E0000 00000000 00000000 0000FFFF 0A010002
            00000000 00000000 0000FFFF 0A010102 A1C82263 00000004 00060000 00000058
            00450012 00000000 00000000 47455420 2F204854 54502F31 2E300D0A 0D0A0080";
        assert_eq!(entries(&trace, Which::Packets), [hex(want)]);
    }

    #[test]
    fn long_packets_become_segments() {
        let (trace, t) = trace();
        let mut packet = vec![0x45; 30_000];
        packet[..20].copy_from_slice(&hex("45007530 00000000 4011 0000 0A000001 0A000002"));
        t.packet(&PacketPoint::new(Direction::IN, Name::new("HIPER1"), 1, &packet));
        let all = entries(&trace, Which::Packets);
        let seen: Vec<_> = all
            .iter()
            .map(|e| {
                let c = Cte::parse(e).unwrap();
                let p = Pthdr::parse(c.data()).unwrap();
                (p.seq_num(), p.tlen(), c.data().len() - p.len(), p.record_number())
            })
            .collect();
        let one = Some(1);
        assert_eq!(seen, [(0, 30_000, 14_336, one), (1, 30_000, 14_336, one), (2, 30_000, 1_328, one)]);
    }

    #[test]
    fn abbreviated_packets_and_filtered_data() {
        let (trace, t) = trace();
        let packet = hex(QUERY);
        trace.configure(|c| {
            c.pkttrace = PktTrace::default();
            let set = FilterSet { abbrev: Some(0), port: Some(53), ..FilterSet::default() };
            c.pkttrace.turn_on(None, set).unwrap();
            c.dattrace = DatTrace { on: true, job: Some(Name::new("FTPD1")), ..DatTrace::default() };
        });
        t.packet(&PacketPoint::new(Direction::IN, Name::new("ETH1"), 1, &packet));
        t.packet(&PacketPoint::new(Direction::IN, Name::new("ETH1"), 1, &crate::flow::tests::TCP4));
        t.packet(&PacketPoint::new(Direction::IN, Name::new("ETH1"), 1, &crate::flow::tests::UDP6));
        let all = entries(&trace, Which::Packets);
        assert_eq!(all.len(), 1);
        let c = Cte::parse(&all[0]).unwrap();
        let p = Pthdr::parse(c.data()).unwrap();
        assert_eq!((p.tlen(), p.plen(), p.is_out()), (28, Some(56), false));
    }

    #[test]
    fn enterprise_extender_has_its_own_id() {
        let (trace, t) = trace();
        t.packet(&PacketPoint::new(Direction::IN, Name::new("ETH1"), 1, &crate::flow::tests::UDP6));
        let all = entries(&trace, Which::Packets);
        let c = Cte::parse(&all[0]).unwrap();
        assert_eq!(c.id(), FormatId::EE);
        let p = Pthdr::parse(c.data()).unwrap();
        assert_eq!(
            (p.device_type(), p.src().unwrap().to_string()),
            (DeviceType::IPAQENET6, "fe80::1".into())
        );
    }

    #[test]
    fn frames_carry_the_generated_interface() {
        let (trace, t) = trace();
        let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x81, 0, 0x60, 100, 8, 0];
        frame.extend(hex(QUERY));
        t.frame(&FramePoint {
            direction: Direction::OUT,
            port: Name::new("QDIO4101"),
            device_id: 0,
            if_index: 7,
            drop: DropReason(0),
            frame: &frame,
        });
        let all = entries(&trace, Which::Frames);
        let c = Cte::parse(&all[0]).unwrap();
        let p = Pthdr::parse(c.data()).unwrap();
        assert_eq!(c.id(), FormatId::OSA);
        assert_eq!(p.interface().unwrap().to_string(), "EZANTAQDIO4101");
        assert_eq!((p.vlan(), p.dst_port(), p.tlen()), (Some(100), Some(53), 74));
        assert_eq!(c.data()[92..], frame);
    }

    #[test]
    fn resolver_lines_are_ebcdic() {
        let (trace, t) = trace();
        let s = Subject { cid: 0x2A, ..Subject::stack(0x41, Name::new("FTPD1")) };
        t.resolver(&s, &["GetHostByName", "Started"]);
        trace.configure(|c| c.resolver_jobs = vec![Name::new("FTPD2")]);
        t.resolver(&s, &["not this"]);
        let all = entries(&trace, Which::Resolver);
        let want = "
            003A0010 000A0002 B72E372B BDA03000 0041 00000000 C6E3D7C4 F1404040 0000002A
            C785A3C8 96A2A3C2 A8D58194 8515 E2A38199 A3858415 003A";
        assert_eq!(all, [hex(want)]);
        let c = Cte::parse(&all[0]).unwrap();
        assert_eq!(ResolverEntry::new(c.data()).to_string(), "FTPD1: GetHostByName | Started");
    }
}
