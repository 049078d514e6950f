//! IPv6 hop-by-hop and destination options.
//!
//! Source: RFC 8200 sections 4.2, 4.3 and 4.6, RFC 2675 (jumbo payload), RFC 2711 (router alert),
//! RFC 2473 (tunnel encapsulation limit), RFC 6275 (home address), RFC 9268 (path MTU); IANA
//! "Destination Options and Hop-by-Hop Options".
//!
//! The header:
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | next header | `ipv6.hopopts.nxt`, `ipv6.dstopts.nxt` |
//! | 1 | 1 | length in 8-byte units without the first 8 bytes | `ipv6.hopopts.len`, `ipv6.dstopts.len` |
//! | 2 | - | options | `ipv6.opt` |
//!
//! An option (type 0, Pad1, is one byte alone):
//!
//! | off | len | field | Wireshark |
//! |---|---|---|---|
//! | 0 | 1 | type: action when unknown (2 bits), may change en route (1), rest (5) | `ipv6.opt.type` |
//! | 1 | 1 | length of the data in bytes | `ipv6.opt.length` |
//! | 2 | - | data | |

use std::net::Ipv6Addr;

use super::IpProtocol;
use crate::bytes::{prefix, split};
use crate::code::open_code;
use crate::{Error, Result};

/// Field offsets.
pub mod at {
    /// Next header, 1 byte.
    pub const NEXT: usize = 0;
    /// Length, 1 byte.
    pub const HDR_LEN: usize = 1;
    /// Options.
    pub const OPTIONS: usize = 2;
}

open_code! {
    /// Type of an option, all eight bits.
    OptionType(u8, hex) {
        PAD1 = 0x00 "Pad1",
        PADN = 0x01 "PadN",
        TUNNEL_LIMIT = 0x04 "Tunnel Encapsulation Limit",
        ROUTER_ALERT = 0x05 "Router Alert",
        CALIPSO = 0x07 "CALIPSO",
        SMF_DPD = 0x08 "SMF_DPD",
        PDM = 0x0f "Performance and Diagnostic Metrics",
        QUICK_START = 0x26 "Quick-Start",
        PATH_MTU = 0x30 "Path MTU Option",
        JUMBO = 0xc2 "Jumbo Payload",
        HOME_ADDRESS = 0xc9 "Home Address",
    }
    also {
        0x11 "IOAM Option",
        0x1e "Experimental (0x1E)",
        0x23 "RPL Option",
        0x31 "IOAM Option",
        0x3e "Experimental (0x3E)",
        0x5e "Experimental (0x5E)",
        0x63 "RPL Option",
        0x6d "MPL Option",
        0x7e "Experimental (0x7E)",
        0x8a "Endpoint Identification",
        0x8b "ILNP Nonce",
        0x8c "Line-Identification Option",
        0x9e "Experimental (0x9E)",
        0xbe "Experimental (0xBE)",
        0xde "Experimental (0xDE)",
        0xee "IP_DFF",
        0xfe "Experimental (0xFE)",
    }
}

impl OptionType {
    /// What a node does that does not know the option: 0 skip it, 1 drop the packet, 2 drop and
    /// report, 3 drop and report unless it was multicast.
    #[must_use]
    pub const fn action(self) -> u8 {
        self.0 >> 6
    }

    /// True when the data may change en route.
    #[must_use]
    pub const fn may_change(self) -> bool {
        self.0 & 0x20 != 0
    }
}

/// A view over a hop-by-hop or destination options header.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    next: IpProtocol,
    options: &'a [u8],
}

impl<'a> Header<'a> {
    /// Needs the whole header.
    pub fn new(bytes: &'a [u8]) -> Result<Self> {
        let (&[next, units], rest) = split("IPv6 options", "ipv6.opt", bytes)?;
        let len = (usize::from(units) + 1) * 8 - at::OPTIONS;
        Ok(Self {
            next: IpProtocol(next),
            options: prefix("IPv6 options", "ipv6.opt", at::OPTIONS, rest, len)?,
        })
    }

    /// What follows.
    #[must_use]
    pub const fn next_header(&self) -> IpProtocol {
        self.next
    }

    /// Length of the header in bytes.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        at::OPTIONS + self.options.len()
    }

    /// Walks the options; their offsets count from the start of the header.
    #[must_use]
    pub const fn options(&self) -> Options<'a> {
        Options { rest: self.options, offset: at::OPTIONS }
    }
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6Option<'a> {
    /// Type.
    pub kind: OptionType,
    /// Offset of the type from the start of the header.
    pub offset: usize,
    /// Data, without type and length.
    pub data: &'a [u8],
}

impl Ipv6Option<'_> {
    /// Value of a router alert: 0 MLD, 1 RSVP, 2 active networks.
    #[must_use]
    pub fn router_alert(&self) -> Option<u16> {
        (self.kind == OptionType::ROUTER_ALERT).then(|| self.data.try_into().map(u16::from_be_bytes).ok())?
    }

    /// Payload length of a jumbogram.
    #[must_use]
    pub fn jumbo(&self) -> Option<u32> {
        (self.kind == OptionType::JUMBO).then(|| self.data.try_into().map(u32::from_be_bytes).ok())?
    }

    /// Home address of a mobile node.
    #[must_use]
    pub fn home_address(&self) -> Option<Ipv6Addr> {
        let octets: [u8; 16] = self.data.try_into().ok()?;
        (self.kind == OptionType::HOME_ADDRESS).then_some(octets.into())
    }
}

/// Walks options. One that is cut short is an error and the last item.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Options<'a> {
    fn option(&self, kind: u8) -> Result<(usize, &'a [u8])> {
        if kind == OptionType::PAD1.0 {
            return Ok((1, &[]));
        }
        let (&[_, len], data) = split("IPv6 option", "ipv6.opt.length", self.rest)?;
        let data = prefix("IPv6 option", "data", 2, data, usize::from(len))?;
        Ok((2 + data.len(), data))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<Ipv6Option<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let &kind = self.rest.first()?;
        let offset = self.offset;
        match self.option(kind) {
            Ok((len, data)) => {
                self.rest = &self.rest[len..];
                self.offset += len;
                Some(Ok(Ipv6Option { kind: OptionType(kind), offset, data }))
            }
            Err(e) => {
                self.rest = &[];
                Some(Err(e.at(offset)))
            }
        }
    }
}

/// The option that MLD puts into a hop-by-hop header (RFC 3810 section 5).
pub const ROUTER_ALERT_MLD: [u8; 4] = [OptionType::ROUTER_ALERT.0, 2, 0, 0];

/// Length of the header that [`emit`] writes for `options`.
#[must_use]
pub const fn emit_len(options: &[u8]) -> usize {
    (at::OPTIONS + options.len()).next_multiple_of(8)
}

/// Writes a hop-by-hop or destination options header, padded to a multiple of 8 bytes, at the
/// front of `out` and returns its length.
pub fn emit(next: IpProtocol, options: &[u8], out: &mut [u8]) -> Result<usize> {
    let len = emit_len(options);
    let Ok(units) = u8::try_from(len / 8 - 1) else {
        return Err(Error::value("IPv6 options", "ipv6.opt", at::HDR_LEN, len as u64));
    };
    let available = out.len();
    let out = out.get_mut(..len).ok_or(Error::short("IPv6 options", "output buffer", 0, len, available))?;
    out[at::NEXT] = next.0;
    out[at::HDR_LEN] = units;
    let (list, pad) = out[at::OPTIONS..].split_at_mut(options.len());
    list.copy_from_slice(options);
    pad.fill(0);
    if let [kind, n, zeros @ ..] = pad {
        *kind = OptionType::PADN.0;
        *n = zeros.len() as u8;
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::testing::every_prefix;
    use proptest::prelude::*;

    // The hop-by-hop header of an MLD report: ICMPv6 follows, router alert 0, PadN of length 0.
    const MLD: [u8; 8] = [58, 0, 5, 2, 0, 0, 1, 0];

    #[test]
    fn router_alert_of_mld() {
        let h = Header::new(&MLD).unwrap();
        assert_eq!((h.next_header(), h.header_len()), (IpProtocol::ICMPV6, 8));
        let options: Vec<_> = h.options().map(Result::unwrap).collect();
        assert_eq!(options[0].router_alert(), Some(0));
        assert_eq!((options[1].kind, options[1].offset, options[1].data.len()), (OptionType::PADN, 6, 0));
        assert_eq!(options.len(), 2);
        let mut out = [0xff; 8];
        assert_eq!(emit(IpProtocol::ICMPV6, &ROUTER_ALERT_MLD, &mut out), Ok(8));
        assert_eq!(out, MLD);
    }

    #[test]
    fn jumbo_and_home_address() {
        let h = Header::new(&[6, 0, 0xc2, 4, 0, 1, 0x86, 0xa0]).unwrap();
        assert_eq!(h.options().next().unwrap().unwrap().jumbo(), Some(100_000));
        let mut p = [0; 24];
        p[..4].copy_from_slice(&[59, 2, 0xc9, 16]);
        p[19] = 1;
        let first = Header::new(&p).unwrap().options().next().unwrap().unwrap();
        assert_eq!(first.home_address(), Some(Ipv6Addr::LOCALHOST));
        assert_eq!((first.kind.action(), first.kind.may_change()), (3, false));
        assert_eq!(Header::new(&p).unwrap().options().count(), 5, "four Pad1 behind it");
    }

    #[test]
    fn an_option_cut_short_is_the_last_item() {
        let h = Header::new(&[6, 0, 0, 5, 9, 0, 0, 0]).unwrap();
        let all: Vec<_> = h.options().collect();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1], Err(Error::short("IPv6 option", "data", 5, 9, 3)));
    }

    #[test]
    fn truncated() {
        every_prefix(&MLD, 8, |b| Header::new(b).is_ok());
        every_prefix(&[0; 12], 8, |b| emit(IpProtocol::TCP, &[0, 0, 0], &mut b.to_vec()).is_ok());
        assert!(emit(IpProtocol::TCP, &[0; 2047], &mut [0; 4096]).is_err());
    }

    proptest! {
        #[test]
        fn options_cover_the_header(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let Ok(h) = Header::new(&bytes) else { return Ok(()) };
            let mut at = 2;
            let mut whole = true;
            for o in h.options() {
                match o {
                    Ok(o) => {
                        prop_assert_eq!(o.offset, at);
                        at += if o.kind == OptionType::PAD1 { 1 } else { 2 + o.data.len() };
                    }
                    Err(_) => whole = false,
                }
            }
            prop_assert!(!whole || at == h.header_len());
        }

        #[test]
        fn what_is_emitted_reads_back(data in prop::collection::vec(any::<u8>(), 0..40)) {
            let options = [&[0x1e, data.len() as u8][..], &data].concat();
            let mut out = [0xff; 64];
            let n = emit(IpProtocol::UDP, &options, &mut out).unwrap();
            let h = Header::new(&out[..n]).unwrap();
            prop_assert_eq!(h.header_len(), n);
            let read: Vec<_> = h.options().collect::<Result<_>>().unwrap();
            prop_assert_eq!(read[0].data, data);
            prop_assert!(read[1..].iter().all(|o| matches!(o.kind, OptionType::PAD1 | OptionType::PADN)));
        }
    }
}
