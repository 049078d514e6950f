//! Protocol headers: the layouts that dissectors and the live stack share.
//!
//! Every protocol has the same four parts:
//! * `at`: the offset of each field from the start of the header, in bytes;
//! * `Header`: a view over captured bytes. `Header::new` checks what its getters need and no
//!   more, so that getters cannot fail and a header that breaks a rule can still be shown;
//! * `Repr`, for what a stack sends: the header's meaning, owned. `parse` is strict, `emit`
//!   writes it, and one undoes the other;
//! * open newtypes with names for the coded fields.
//!
//! No view allocates. A payload is what the header says it is, cut to the bytes there.

pub mod arp;
pub mod ethernet;
pub mod ethertype;
pub mod geneve;
pub mod gre;
pub mod icmpv4;
pub mod icmpv6;
pub mod igmp;
pub mod ip;
pub mod ipv4;
pub mod ipv4_options;
pub mod ipv6;
pub mod ipv6_ext;
pub mod ipv6_options;
pub mod ipv6_routing;
pub mod llc;
pub mod loopback;
pub mod mld;
pub mod mpls;
pub mod ndp;
pub mod options;
pub mod ppp;
pub mod pppoe;
pub mod sctp;
pub mod sll;
pub mod sll2;
pub mod tcp;
pub mod tcp_options;
pub mod token_ring;
pub mod udp;
pub mod vlan;
pub mod vxlan;

pub use ethernet::MacAddr;
pub use ethertype::EtherType;
pub use ip::IpProtocol;

#[cfg(test)]
pub(crate) mod testing {
    /// Every prefix of `bytes` shorter than `needed` must be refused, every other one taken.
    pub(crate) fn every_prefix(bytes: &[u8], needed: usize, parses: impl Fn(&[u8]) -> bool) {
        for len in 0..=bytes.len() {
            assert_eq!(parses(&bytes[..len]), len >= needed, "with {len} bytes of {}", bytes.len());
        }
    }
}
