//! Why a packet is thrown away: PTH_DropRsn.
//!
//! The codes from 4096 to 4103 are IBM's. z/OS has more of them whose numbers are not known; those
//! from X'1F00' are ours, at the end of the IP layer's range so that they do not look like IBM's.

use formats::ctrace::pthdr::DropReason;

/// Not dropped.
pub const NONE: DropReason = DropReason(0);
/// The interface is gone.
pub const NO_INTERFACE: DropReason = DropReason(4096);
/// The interface is not active.
pub const NOT_ACTIVE: DropReason = DropReason(4097);
/// The version is neither 4 nor 6.
pub const VERSION: DropReason = DropReason(4098);
/// The header length is too short.
pub const HEADER_LENGTH: DropReason = DropReason(4099);
/// The header is longer than the packet.
pub const HEADER_BEYOND: DropReason = DropReason(4100);
/// The packet is incomplete.
pub const INCOMPLETE: DropReason = DropReason(4101);
/// The header checksum is wrong.
pub const CHECKSUM: DropReason = DropReason(4102);
/// Too short for the protocol's header.
pub const TOO_SHORT: DropReason = DropReason(4103);

/// Ours: the source address cannot be a sender.
pub const SOURCE: DropReason = DropReason(0x1f01);
/// Ours: the destination address is not allowed here.
pub const DESTINATION: DropReason = DropReason(0x1f02);
/// Ours: source is an address of this stack, but the packet came from outside (land).
pub const OWN_SOURCE: DropReason = DropReason(0x1f03);
/// Ours: not for this stack, which does not pass packets on.
pub const NOT_OURS: DropReason = DropReason(0x1f04);
/// Ours: no route.
pub const NO_ROUTE: DropReason = DropReason(0x1f05);
/// Ours: out of hops.
pub const TTL: DropReason = DropReason(0x1f06);
/// Ours: does not fit and must not be cut.
pub const TOO_BIG: DropReason = DropReason(0x1f07);
/// Ours: a header option or extension header is wrong or refused.
pub const OPTIONS: DropReason = DropReason(0x1f08);
/// Ours: a fragment is wrong: overlap, contradiction, tiny.
pub const FRAGMENT: DropReason = DropReason(0x1f09);
/// Ours: no room for fragments.
pub const REASSEMBLY_FULL: DropReason = DropReason(0x1f0a);
/// Ours: the next hop does not answer.
pub const UNREACHABLE: DropReason = DropReason(0x1f0b);
/// Ours: a queue is full.
pub const QUEUE_FULL: DropReason = DropReason(0x1f0c);
/// Ours: unknown protocol.
pub const PROTOCOL: DropReason = DropReason(0x1f0d);
/// Ours: an ICMP, IGMP or discovery message breaks a rule.
pub const CONTROL: DropReason = DropReason(0x1f0e);
/// Ours: the group is not one that is listened to.
pub const GROUP: DropReason = DropReason(0x1f0f);
/// Ours: refused by a route.
pub const REJECTED: DropReason = DropReason(0x1f10);
/// Ours: a broadcast frame with a packet for one host.
pub const LINK_GROUP: DropReason = DropReason(0x1f11);
/// Ours: the address is not in use yet, or is a duplicate.
pub const TENTATIVE: DropReason = DropReason(0x1f12);

/// Ours, UDP: nobody listens to the port.
pub const UDP_NO_PORT: DropReason = DropReason(0x3f01);
/// Ours, UDP: the checksum is wrong or missing.
pub const UDP_CHECKSUM: DropReason = DropReason(0x3f02);
/// Ours, UDP: the socket's queue is full.
pub const UDP_QUEUE_FULL: DropReason = DropReason(0x3f03);
/// Ours, UDP: the length is wrong.
pub const UDP_LENGTH: DropReason = DropReason(0x3f04);
/// Ours, RAW: the socket's queue is full.
pub const RAW_QUEUE_FULL: DropReason = DropReason(0x4f01);
