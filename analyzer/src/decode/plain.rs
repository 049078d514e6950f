//! Packets of the commonest shape, read at fixed offsets.
//!
//! Ethernet with two VLAN tags at most, or bare IP; IPv4 without options that is no fragment, or
//! IPv6 without extension headers; then a whole TCP or UDP header that carries no tunnel. A filter
//! that asks only for what stands in these headers, and trackers of TCP and UDP, are answered without
//! the dissectors, which would find the same. Flags of TCP analysis and numbers of streams are not in
//! the packet, but known of it. Of any other packet nothing is said here.

use super::buf::Buf;
use super::dispatch::is_tunnel_port;
use super::field::FieldId;
use super::link::{ethernet, isl, vlan};
use super::net::{Ip, ipv4, ipv6};
use super::registry::Proto;
use super::transport::{tcp, tcp_analysis, udp};
use super::value::{Span, Value};
use crate::pipeline::Known;
use crate::source::frame::LinkType;

/// A packet of this shape.
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a> {
    frame: &'a [u8],
    ethernet: bool,
    tags: Tags,
    v6: bool,
    /// From the network header on.
    ip: &'a [u8],
    udp: bool,
    /// The transport header without options.
    transport: &'a [u8],
    /// Bytes that the network header says it carries.
    carried: usize,
}

/// VLAN tags in front of the network header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tags {
    None,
    /// One, at the offset that [`Field`] knows.
    One,
    /// Two, or one of a provider.
    Two,
}

const TCP: u8 = 6;
const UDP: u8 = 17;

impl<'a> Plain<'a> {
    /// Reads the headers of a frame; `None` when it is not of this shape.
    #[inline]
    #[must_use]
    pub fn read(link: LinkType, frame: &'a [u8]) -> Option<Self> {
        let (mut ethernet, mut tags, mut ip) = (false, Tags::None, frame);
        let version = match link {
            LinkType::ETHERNET => {
                ethernet = true;
                let (head, rest) = frame.split_first_chunk::<14>()?;
                let [d0, d1, d2, d3, d4, d5, ..] = *head;
                if isl::marks([d0, d1, d2, d3, d4, d5]) {
                    return None;
                }
                let mut kind = [head[12], head[13]];
                ip = rest;
                if kind == [0x81, 0] || kind == [0x88, 0xA8] {
                    tags = if kind == [0x81, 0] { Tags::One } else { Tags::Two };
                    let (tag, rest) = ip.split_first_chunk::<4>()?;
                    (kind, ip) = ([tag[2], tag[3]], rest);
                    if kind == [0x81, 0] {
                        let (tag, rest) = ip.split_first_chunk::<4>()?;
                        (kind, ip, tags) = ([tag[2], tag[3]], rest, Tags::Two);
                    }
                }
                match kind {
                    [0x08, 0x00] => 4,
                    [0x86, 0xDD] => 6,
                    _ => return None,
                }
            }
            LinkType::RAW => frame.first()? >> 4,
            _ => return None,
        };
        let (proto, header, carried) = if version == 4 {
            let head = ip.first_chunk::<{ ipv4::MIN }>()?;
            let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
            // 45: version 4, five words. No fragment: neither an offset nor more to come.
            if head[0] != 0x45 || head[6] & 0x3F != 0 || head[7] != 0 {
                return None;
            }
            (head[9], ipv4::MIN, len.checked_sub(ipv4::MIN)?)
        } else {
            let head = ip.first_chunk::<{ ipv6::HDR }>()?;
            let len = usize::from(u16::from_be_bytes([head[4], head[5]]));
            if version != 6 || head[0] >> 4 != 6 || len == 0 {
                return None;
            }
            (head[6], ipv6::HDR, len)
        };
        let payload = ip.get(header..(header + carried).min(ip.len()))?;
        let transport = match proto {
            TCP => {
                let head = payload.get(..tcp::HDR)?;
                let len = usize::from(head[12] >> 4) * 4;
                (len >= tcp::HDR && len <= payload.len()).then_some(head)?
            }
            UDP => {
                let head = payload.first_chunk::<8>()?;
                let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
                (word(4) >= 8 && !is_tunnel_port(word(0)) && !is_tunnel_port(word(2))).then_some(&head[..])?
            }
            _ => return None,
        };
        Some(Self { frame, ethernet, tags, v6: version == 6, ip, udp: proto == UDP, transport, carried })
    }

    /// True when [`Plain::value`] knows the packet: where there are two tags, their fields occur twice.
    #[inline]
    #[must_use]
    pub fn has_values(&self) -> bool {
        self.tags != Tags::Two
    }

    /// Its TCP segment, of a frame that had `reported` bytes on the wire, with what its network
    /// header says; `None` for a datagram.
    #[inline]
    #[must_use]
    pub fn segment(&self, reported: usize) -> Option<(Ip, Buf<'a>)> {
        if self.udp { None } else { self.carries(reported) }
    }

    /// The same of its UDP datagram.
    #[inline]
    #[must_use]
    pub fn datagram(&self, reported: usize) -> Option<(Ip, Buf<'a>)> {
        let said = u16::from_be_bytes([self.transport[4], self.transport[5]]);
        let (ip, b) = if self.udp { self.carries(reported)? } else { return None };
        Some((ip, b.truncate(said.into())))
    }

    /// Source and destination port.
    #[inline]
    #[must_use]
    pub fn ports(&self) -> [u16; 2] {
        [0, 2].map(|at| u16::from_be_bytes([self.transport[at], self.transport[at + 1]]))
    }

    #[inline]
    fn carries(&self, reported: usize) -> Option<(Ip, Buf<'a>)> {
        let (header, src, dst) = if self.v6 {
            (ipv6::HDR, *self.ip[8..].first_chunk()?, *self.ip[24..].first_chunk()?)
        } else {
            let wide = |at: usize| Some(Ip::wide(u32::from_be_bytes(*self.ip[at..].first_chunk()?)));
            (ipv4::MIN, wide(12)?, wide(16)?)
        };
        let ip = Ip {
            src,
            dst,
            version: if self.v6 { 6 } else { 4 },
            proto: if self.udp { UDP } else { TCP },
            fragment: false,
        };
        let frame = Buf::new(self.frame, reported.max(self.frame.len()), Span::FRAME);
        let at = self.frame.len() - self.ip.len() + header;
        Some((ip, frame.from(at).truncate(self.carried)))
    }

    /// The value of a field, if the packet has it; `known` is what the packets before say of it.
    #[inline]
    #[must_use]
    pub fn value(&self, field: Field, known: Known<'_>) -> Option<Value<'a>> {
        let (header, there) = match field.header {
            Header::Flow => return self.followed(field.form, known),
            Header::Eth => (self.frame, self.ethernet),
            Header::Vlan => (self.frame, self.tags == Tags::One),
            Header::Ipv4 => (self.ip, !self.v6),
            Header::Ipv6 => (self.ip, self.v6),
            Header::Tcp => (self.transport, !self.udp),
            Header::Udp => (self.transport, self.udp),
        };
        if !there {
            return None;
        }
        let b = header.get(usize::from(field.at)..)?;
        Some(match field.form {
            Form::Presence => Value::None,
            Form::Octet => Value::Uint((*b.first()?).into()),
            Form::Bit(bit) => Value::Uint((b.first()? >> bit & 1).into()),
            Form::Word(mask) => Value::Uint((u16::from_be_bytes(*b.first_chunk()?) & mask).into()),
            Form::Ether => Value::Ether(*b.first_chunk()?),
            Form::Ipv4 => Value::Ipv4(u32::from_be_bytes(*b.first_chunk()?)),
            Form::Ipv6 => Value::Ipv6(*b.first_chunk()?),
            Form::TcpStream | Form::UdpStream | Form::Analysis(_) => return None,
        })
    }

    fn followed(&self, form: Form, known: Known<'_>) -> Option<Value<'a>> {
        match form {
            Form::TcpStream => Some(Value::Uint(known.answers().first()?.stream.into())),
            Form::UdpStream => Some(Value::Uint(known.places().first()?.stream.into())),
            Form::Analysis(flags) => known.answers().first()?.analysis.has(flags).then_some(Value::None),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Header {
    Eth,
    Vlan,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    /// None: what following a connection tells.
    Flow,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Presence,
    Octet,
    Bit(u8),
    /// Two octets, and which of their bits.
    Word(u16),
    Ether,
    Ipv4,
    Ipv6,
    TcpStream,
    UdpStream,
    /// Any of these flags.
    Analysis(u16),
}

/// Where a field stands in a packet of this shape.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    header: Header,
    at: u8,
    form: Form,
}

const ALL: u16 = 0xFFFF;

/// Fields with their header, their offset in it (of a tag: in the frame) and what they are.
const FIELDS: [(FieldId, Header, u8, Form); 29] = [
    (FieldId::layer(Proto::Eth), Header::Eth, 0, Form::Presence),
    (ethernet::DST, Header::Eth, 0, Form::Ether),
    (ethernet::SRC, Header::Eth, 6, Form::Ether),
    (ethernet::TYPE, Header::Eth, 12, Form::Word(ALL)),
    (FieldId::layer(Proto::Vlan), Header::Vlan, 14, Form::Presence),
    (vlan::ID, Header::Vlan, 14, Form::Word(0x0FFF)),
    (FieldId::layer(Proto::Ip), Header::Ipv4, 0, Form::Presence),
    (ipv4::TTL, Header::Ipv4, 8, Form::Octet),
    (ipv4::PROTO, Header::Ipv4, 9, Form::Octet),
    (ipv4::SRC, Header::Ipv4, 12, Form::Ipv4),
    (ipv4::DST, Header::Ipv4, 16, Form::Ipv4),
    (FieldId::layer(Proto::Ipv6), Header::Ipv6, 0, Form::Presence),
    (ipv6::NXT, Header::Ipv6, 6, Form::Octet),
    (ipv6::HLIM, Header::Ipv6, 7, Form::Octet),
    (ipv6::SRC, Header::Ipv6, 8, Form::Ipv6),
    (ipv6::DST, Header::Ipv6, 24, Form::Ipv6),
    (FieldId::layer(Proto::Tcp), Header::Tcp, 0, Form::Presence),
    (tcp::SRCPORT, Header::Tcp, 0, Form::Word(ALL)),
    (tcp::DSTPORT, Header::Tcp, 2, Form::Word(ALL)),
    (tcp::FLAGS, Header::Tcp, 12, Form::Word(0x0FFF)),
    (tcp::FLAGS_ACK, Header::Tcp, 13, Form::Bit(4)),
    (tcp::FLAGS_RESET, Header::Tcp, 13, Form::Bit(2)),
    (tcp::FLAGS_SYN, Header::Tcp, 13, Form::Bit(1)),
    (tcp::FLAGS_FIN, Header::Tcp, 13, Form::Bit(0)),
    (FieldId::layer(Proto::Udp), Header::Udp, 0, Form::Presence),
    (udp::SRCPORT, Header::Udp, 0, Form::Word(ALL)),
    (udp::DSTPORT, Header::Udp, 2, Form::Word(ALL)),
    (tcp::STREAM, Header::Flow, 0, Form::TcpStream),
    (udp::STREAM, Header::Flow, 0, Form::UdpStream),
];

impl Field {
    /// Where `id` stands, if it is one of those.
    #[must_use]
    pub fn of(id: FieldId) -> Option<Self> {
        let field = |&(_, header, at, form): &_| Self { header, at, form };
        let flags = || tcp_analysis::flags_of(id);
        let flag = || flags().map(|f| Self { header: Header::Flow, at: 0, form: Form::Analysis(f) });
        FIELDS.iter().find(|(known, ..)| *known == id).map(field).or_else(flag)
    }
}
