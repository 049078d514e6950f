//! The vocabulary of stack events: what a SYSTCPIP entry says beyond its fixed 56 bytes.
//!
//! The entry ids and data areas of z/OS are not published. Those here are **ours**: ids are
//! X'E9' (an EBCDIC Z), the number of a layer, and a number within the layer (two bytes). The
//! fields of an event stand in one keyed data area behind the fixed part:
//!
//! | offset | length | meaning |
//! |---|---|---|
//! | 0 | 2 | length of the area, these four bytes included |
//! | 2 | 2 | key, X'E9E2' |
//! | 4 | | the event's fields, big-endian, without gaps |
//!
//! Numbers of layers: 1 stack, 2 interfaces (DLC), 3 IP, 4 ICMP, 5 neighbours (ARP, ND), 6 multicast
//! groups, 7 routing, 8 UDP, 9 RAW, 10 TCP, 11 sockets, 12 applications.
//!
//! Each layer declares its events in one file with [`trace_events!`](crate::trace_events); writer
//! and reader use the same table. `docs/formats/systcpip-events.md` lists it;
//! `ZSCOPE_BLESS=1 cargo test -p tests --test trace document` writes it after a change.

pub mod codes;
pub mod field;
pub mod options;
pub mod table;

pub mod icmp;
pub mod interface;
pub mod ip;
pub mod multicast;
pub mod neighbor;
pub mod raw;
pub mod routing;
pub mod sockets;
pub mod stack;
pub mod tcp;
pub mod udp;

pub use codes::*;
pub use field::{Field, Hex8, Hex16, Hex32, Kind, Mac};
pub use options::Options;
pub use table::{Decoded, Description, Event, FieldInfo, Layer, decode, find};

/// Key of the area that holds an event's fields.
pub const FIELDS_KEY: u16 = 0xE9E2;
/// Bytes of an area in front of its data.
pub const AREA_HEADER: usize = 4;
/// The first byte of our entry ids.
pub const ID_PREFIX: u32 = 0xE900_0000;

/// Every layer, by number.
pub const LAYERS: &[&Layer] = &[
    &stack::LAYER,
    &interface::LAYER,
    &ip::LAYER,
    &icmp::LAYER,
    &neighbor::LAYER,
    &multicast::LAYER,
    &routing::LAYER,
    &udp::LAYER,
    &raw::LAYER,
    &tcp::LAYER,
    &sockets::LAYER,
];
