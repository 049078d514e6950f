//! Where decoding stopped, and why: told as fields, so that a filter can find such packets.

use std::fmt;
use std::io::Write as _;

use super::buf::Stop;
use super::ctx::Ctx;
use super::field::Kind;
use super::names;
use super::registry::Proto;
use super::sink::Sink;
use super::value::{Span, Value};

crate::protocol! { Stop, ours "zscope.stop", "Decoding stopped";
    SHORT "_ws.short" "Packet cut short at capture" Kind::None;
    MALFORMED "_ws.malformed" "Malformed packet" Kind::None;
    REASON ours "zscope.stop.reason" "Reason" Kind::Str;
    OFFSET ours "zscope.stop.offset" "Offset" Kind::Uint(32, super::field::Base::Dec);
    UNDECODED ours "zscope.undecoded" "Not decoded further" Kind::Str;
}

/// What no dissector exists for, with the number that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecoded {
    /// Link type of the pcap registry.
    Link(u16),
    /// EtherType.
    EtherType(u16),
    /// IP protocol or IPv6 next header.
    IpProtocol(u8),
    /// IP version nibble.
    IpVersion(u8),
    /// LLC destination service access point.
    Sap(u8),
    /// Organization code and protocol id of a SNAP header.
    Snap(u32, u16),
    /// IPX directly behind an 802.3 length.
    RawIpx,
    /// PPP protocol.
    Ppp(u16),
    /// Protocol behind a Cisco HDLC header.
    Chdlc(u16),
    /// Network layer protocol id.
    Nlpid(u8),
    /// Protocol family of a BSD loopback header.
    Family(u32),
    /// Protocol of a Linux cooked capture that is no EtherType, and the ARP hardware type.
    Cooked(u16, u16),
    /// GRE protocol type.
    Gre(u16),
    /// Token-Ring or FDDI frame control that holds no LLC.
    FrameControl(u8),
    /// First byte behind the label stack.
    MplsPayload(u8),
    /// IPv6 routing header type.
    Routing(u8),
    /// GTP message type.
    Gtp(u8),
    /// L2TP protocol version.
    L2tp(u8),
    /// SCTP payload protocol id.
    Sctp(u32),
}

impl fmt::Display for Undecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::Link(v) => return write!(f, "link type {v}"),
            Self::EtherType(v) => {
                write!(f, "EtherType 0x{v:04x}")?;
                names::ethertype(v.into())
            }
            Self::IpProtocol(v) => {
                write!(f, "IP protocol {v}")?;
                names::ip_protocol(v.into())
            }
            Self::IpVersion(v) => return write!(f, "IP version {v}"),
            Self::Sap(v) => {
                write!(f, "LLC SAP 0x{v:02x}")?;
                names::sap(v.into())
            }
            Self::Snap(oui, pid) => return write!(f, "SNAP organization 0x{oui:06x} protocol 0x{pid:04x}"),
            Self::RawIpx => return f.write_str("IPX in raw 802.3"),
            Self::Ppp(v) => {
                write!(f, "PPP protocol 0x{v:04x}")?;
                names::ppp_protocol(v.into())
            }
            Self::Chdlc(v) => {
                write!(f, "Cisco HDLC protocol 0x{v:04x}")?;
                names::ethertype(v.into())
            }
            Self::Nlpid(v) => {
                write!(f, "NLPID 0x{v:02x}")?;
                names::nlpid(v.into())
            }
            Self::Family(v) => return write!(f, "protocol family {v}"),
            Self::Cooked(p, hw) => return write!(f, "cooked protocol 0x{p:04x} of hardware type {hw}"),
            Self::Gre(v) => {
                write!(f, "GRE protocol 0x{v:04x}")?;
                names::ethertype(v.into())
            }
            Self::FrameControl(v) => return write!(f, "frame control 0x{v:02x}"),
            Self::MplsPayload(v) => return write!(f, "MPLS payload 0x{v:02x}"),
            Self::Routing(v) => return write!(f, "routing header type {v}"),
            Self::Gtp(v) => return write!(f, "GTP message {v}"),
            Self::L2tp(v) => return write!(f, "L2TP version {v}"),
            Self::Sctp(v) => return write!(f, "SCTP payload protocol {v}"),
        };
        match name {
            Some(n) => write!(f, " ({n})"),
            None => Ok(()),
        }
    }
}

/// A dissector ran out of bytes or met a contradiction. What a quoted packet lacks is no fault
/// of the packet that quotes it, and is not reported, unless it was there on the wire.
#[cold]
pub fn report<S: Sink>(c: &mut Ctx<'_, S>, why: Stop) {
    if c.quoted && matches!(why, Stop::Malformed { .. }) {
        return;
    }
    let (id, text, at) = match why {
        Stop::Short { at } => (SHORT, "cut short at capture", at),
        Stop::Malformed { at } => (MALFORMED, "malformed", at),
    };
    if let Some(s) = c.sink.summary() {
        s.info.extend_from_slice(b" [");
        s.info.extend_from_slice(text.as_bytes());
        s.info.push(b']');
    }
    c.layer(Proto::Stop, Span::NONE);
    if c.wants(Proto::Stop) {
        c.field(id, Value::None, Span::NONE);
        c.field(REASON, Value::Str(text), Span::NONE);
        c.field(OFFSET, Value::Uint(at.into()), Span::NONE);
    }
}

/// No dissector exists for what follows; `what` names it. Formats on the stack.
#[cold]
pub fn undecoded<S: Sink>(c: &mut Ctx<'_, S>, what: Undecoded) {
    if !c.wants(Proto::Stop) {
        return;
    }
    let mut text = [0u8; 96];
    let mut rest = &mut text[..];
    // A name that does not fit is cut; the number always fits.
    let _ = write!(rest, "{what}");
    let unused = rest.len();
    let text = &text[..text.len() - unused];
    c.field(UNDECODED, Value::Str(std::str::from_utf8(text).unwrap_or_default()), Span::NONE);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_number() {
        assert!(Undecoded::EtherType(0x88CC).to_string().starts_with("EtherType 0x88cc"));
        assert!(Undecoded::IpProtocol(89).to_string().starts_with("IP protocol 89"));
        assert_eq!(Undecoded::Link(127).to_string(), "link type 127");
    }
}
