//! Cutting datagrams into fragments.
//!
//! Source: RFC 791 section 3.2 (options with the copied flag go into every fragment), RFC 8200
//! section 4.5.

use formats::net::{IpProtocol, ipv4, ipv4_options, ipv6, ipv6_ext};

use crate::engine::Buffer;

/// Cuts an IPv4 packet into fragments of at most `mtu` bytes; a fragment may be cut again.
/// `None` when the packet is not sound or the MTU leaves no room.
#[must_use]
pub fn v4(packet: &[u8], mtu: usize) -> Option<Vec<Buffer>> {
    let h = ipv4::Header::new(packet).ok()?;
    let mut repr = ipv4::Repr::parse(&h).ok()?;
    let data = h.payload();
    let (offset, last_flags) = (repr.frag_offset, repr.flags);
    let mut at = 0;
    let mut out = Vec::new();
    while at < data.len() {
        if at > 0 && out.len() == 1 {
            repr.options = copied(h.options())?;
        }
        let room = mtu.checked_sub(repr.header_len())? / 8 * 8;
        if room == 0 {
            return None;
        }
        // The last fragment need not be a multiple of 8.
        let whole = mtu - repr.header_len() >= data.len() - at;
        let end = if whole { data.len() } else { at + room };
        repr.frag_offset = offset.checked_add(u16::try_from(at).ok()?)?;
        repr.flags =
            if whole { last_flags } else { ipv4::Flags(last_flags.0 | ipv4::Flags::MORE_FRAGMENTS.0) };
        repr.payload_len = (end - at) as u16;
        let mut b = Buffer::zeroed(repr.header_len());
        repr.emit(&mut b).ok()?;
        b.extend(&data[at..end]);
        out.push(b);
        at = end;
    }
    Some(out)
}

/// The options that every fragment carries.
fn copied(options: &[u8]) -> Option<ipv4::Options> {
    let mut keep = Vec::new();
    for raw in formats::net::options::RawOptions::new("IPv4", options).flatten() {
        if ipv4_options::OptionType(raw.kind).is_copied() {
            keep.extend_from_slice(raw.bytes);
        }
    }
    ipv4::Options::new(&keep).ok()
}

/// Cuts an IPv6 packet. The first `unfragmentable` bytes behind the IPv6 header (hop-by-hop options
/// and what else routers look at) go into every fragment, `next` is what follows them.
#[must_use]
pub fn v6(
    packet: &[u8],
    unfragmentable: usize,
    next: IpProtocol,
    id: u32,
    mtu: usize,
) -> Option<Vec<Buffer>> {
    let start = ipv6::at::LEN + unfragmentable;
    let (head, data) = packet.split_at_checked(start)?;
    let room = mtu.checked_sub(start + ipv6_ext::at::LEN)? / 8 * 8;
    if room == 0 {
        return None;
    }
    let mut head = head.to_vec();
    // The last header before the data now announces a fragment header.
    let mut slot = ipv6::at::NEXT;
    let mut at = ipv6::at::LEN;
    while at < start {
        let kind = IpProtocol(head[slot]);
        slot = at;
        at += ipv6_ext::header_len(kind, [head[at], *head.get(at + 1)?])?;
    }
    head[slot] = IpProtocol::FRAGMENT.0;
    let mut out = Vec::new();
    for (n, part) in data.chunks(room).enumerate() {
        let offset = u16::try_from(n * room).ok()?;
        let more = n * room + part.len() < data.len();
        let mut f = [0; ipv6_ext::at::LEN];
        ipv6_ext::FragmentRepr { next_header: next, offset, more, id }.emit(&mut f).ok()?;
        let mut b = Buffer::with_capacity(start + f.len() + part.len());
        b.extend(&head);
        b.extend(&f);
        b.extend(part);
        let len = (unfragmentable + f.len() + part.len()) as u16;
        b[ipv6::at::PAYLOAD_LEN..ipv6::at::NEXT].copy_from_slice(&len.to_be_bytes());
        out.push(b);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn packet(len: u16, options: &[u8]) -> Vec<u8> {
        let mut repr =
            ipv4::Repr::new(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2), IpProtocol::UDP, len);
        repr.options = ipv4::Options::new(options).unwrap();
        repr.id = 0x1234;
        let mut p = vec![0; repr.header_len() + usize::from(len)];
        repr.emit(&mut p).unwrap();
        let from = repr.header_len();
        p[from..].iter_mut().enumerate().for_each(|(n, b)| *b = n as u8);
        p
    }

    #[test]
    fn the_example_of_rfc_791() {
        // Section 3.2 appendix A example 3: 452 bytes of data through an MTU of 280: 256 and 196.
        let parts = v4(&packet(452, &[]), 280).unwrap();
        let seen: Vec<_> = parts
            .iter()
            .map(|p| {
                let h = ipv4::Header::new(p).unwrap();
                assert!(h.checksum_ok() && h.id() == 0x1234);
                (h.total_len(), h.frag_offset() / 8, h.flags().contains(ipv4::Flags::MORE_FRAGMENTS))
            })
            .collect();
        assert_eq!(seen, [(276, 0, true), (216, 32, false)]);
    }

    #[test]
    fn fragments_are_cut_again_and_keep_their_place() {
        let parts = v4(&packet(100, &[]), 68).unwrap();
        let again = v4(&parts[0], 44).unwrap();
        let h = ipv4::Header::new(&again[1]).unwrap();
        assert!(h.flags().contains(ipv4::Flags::MORE_FRAGMENTS), "the first part was not the last");
        assert_eq!(h.frag_offset(), 24);
        assert_eq!(ipv4::Header::new(&v4(&parts[1], 44).unwrap()[0]).unwrap().frag_offset(), 48);
    }

    #[test]
    fn only_copied_options_are_in_later_fragments() {
        // Record route (7) is not copied, the router alert (148) is.
        let parts = v4(&packet(100, &[7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0]), 68).unwrap();
        assert_eq!(ipv4::Header::new(&parts[0]).unwrap().options().len(), 12);
        assert_eq!(ipv4::Header::new(&parts[1]).unwrap().options(), [148, 4, 0, 0]);
        assert_eq!(v4(&packet(100, &[]), 27), None, "no room for 8 bytes");
    }

    #[test]
    fn ipv6_with_a_hop_by_hop_header() {
        let (src, dst) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let mut p = vec![0; 40 + 8 + 100];
        ipv6::Repr::new(src, dst, IpProtocol::HOPOPTS, 108).emit(&mut p).unwrap();
        p[40] = IpProtocol::UDP.0;
        let parts = v6(&p, 8, IpProtocol::UDP, 9, 40 + 8 + 8 + 50).unwrap();
        assert_eq!(parts.len(), 3);
        for (n, part) in parts.iter().enumerate() {
            let h = ipv6::Header::new(part).unwrap();
            assert_eq!(h.payload().len(), part.len() - 40);
            let mut chain = ipv6_ext::Chain::new(h.next_header(), h.payload());
            assert!(chain.by_ref().all(|e| e.is_ok()));
            let f = chain.fragment().unwrap();
            assert_eq!((f.offset(), f.more(), f.id()), (n as u16 * 48, n < 2, 9));
            assert_eq!(f.next_header(), IpProtocol::UDP);
        }
        // Another header behind it: that one announces the fragment header.
        p[40] = IpProtocol::DSTOPTS.0;
        p[48] = IpProtocol::UDP.0;
        let parts = v6(&p, 16, IpProtocol::UDP, 9, 200).unwrap();
        assert_eq!((parts[0][40], parts[0][48]), (IpProtocol::DSTOPTS.0, IpProtocol::FRAGMENT.0));
    }
}
