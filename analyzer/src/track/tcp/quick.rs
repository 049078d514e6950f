//! A short way to the TCP header of most packets: Ethernet, IPv4 without options, no fragment;
//! or IPv6 without extension headers.
//!
//! Whatever differs takes the long way through the dissectors, which say the same.

use crate::decode::value::Span;
use crate::decode::{Buf, net::Ip};
use crate::source::frame::{Frame, LinkType};

/// What a packet holds, at first sight.
#[derive(Debug, Clone, Copy)]
pub enum Quick<'a> {
    /// One TCP segment, and nothing else that is followed.
    Tcp(Ip, Buf<'a>),
    /// Nothing that is followed.
    Nothing,
    /// The dissectors have to tell.
    Unknown,
}

/// Looks at a packet of which [`crate::decode::dispatch::may_hold_fragment`] said that it holds no
/// fragment and no tunnel. Datagrams count as nothing when `udp` is false.
#[inline]
#[must_use]
pub fn look<'a>(f: &Frame, data: &'a [u8], udp: bool) -> Quick<'a> {
    let Some((head, rest)) = data.split_first_chunk::<14>() else { return Quick::Unknown };
    if f.link != LinkType::ETHERNET {
        return Quick::Unknown;
    }
    let reported = (f.orig_len as usize).max(data.len());
    match [head[12], head[13]] {
        [8, 0] => v4(data, rest, reported, udp),
        [0x86, 0xDD] => v6(data, rest, reported, udp),
        _ => Quick::Unknown,
    }
}

/// What stands in the protocol field.
#[inline]
const fn other(proto: u8, udp: bool) -> Option<Quick<'static>> {
    match proto {
        6 => None,
        17 if !udp => Some(Quick::Nothing),
        _ => Some(Quick::Unknown),
    }
}

#[inline]
fn v4<'a>(data: &'a [u8], ip: &[u8], reported: usize, udp: bool) -> Quick<'a> {
    let Some(h) = ip.first_chunk::<20>() else { return Quick::Unknown };
    let len = usize::from(u16::from_be_bytes([h[2], h[3]]));
    if h[0] != 0x45 || h[6] & 0x3F != 0 || h[7] != 0 || len < 40 || len + 14 > reported {
        return Quick::Unknown;
    }
    if let Some(q) = other(h[9], udp) {
        return q;
    }
    let address = |at: usize| Ip::wide(u32::from_be_bytes([h[at], h[at + 1], h[at + 2], h[at + 3]]));
    let ip = Ip { src: address(12), dst: address(16), version: 4, proto: 6, fragment: false };
    Quick::Tcp(ip, Buf::new(data, reported, Span::FRAME).from(34).truncate(len - 20))
}

#[inline]
fn v6<'a>(data: &'a [u8], ip: &[u8], reported: usize, udp: bool) -> Quick<'a> {
    let Some(h) = ip.first_chunk::<40>() else { return Quick::Unknown };
    let len = usize::from(u16::from_be_bytes([h[4], h[5]]));
    if h[0] >> 4 != 6 || len < 20 || len + 54 > reported {
        return Quick::Unknown;
    }
    if let Some(q) = other(h[6], udp) {
        return q;
    }
    let (mut src, mut dst) = ([0; 16], [0; 16]);
    src.copy_from_slice(&h[8..24]);
    dst.copy_from_slice(&h[24..40]);
    let ip = Ip { src, dst, version: 6, proto: 6, fragment: false };
    Quick::Tcp(ip, Buf::new(data, reported, Span::FRAME).from(54).truncate(len))
}
