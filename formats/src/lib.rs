//! Codecs: bytes to typed records and back.
//!
//! One record type or protocol header per file, every file in the same order: what the
//! record is and where its layout is documented (with the offset table), the layout, the view
//! and its getters, the encoder, `Display`, tests. No I/O, no clock, no global state.
//!
//! Three rules hold everywhere:
//! * an unknown value keeps its number: enumerations are open newtypes;
//! * bytes whose meaning is inferred or unknown are kept raw beside any decoded view and
//!   survive a round trip;
//! * nothing panics, whatever the input: a read outside the bytes is an [`Error`].
#![forbid(unsafe_code)]

pub mod awstape;
mod bytes;
pub mod checksum;
pub mod civil;
mod code;
pub mod ctrace;
pub mod cursor;
pub mod ebcdic;
pub mod endian;
pub mod erf;
pub mod error;
pub mod iptrace;
pub mod net;
pub mod netmon;
pub mod pcap;
pub mod pcapng;
pub mod peek;
pub mod rdw;
pub mod snoop;
pub mod terse;
pub mod tod;
pub mod trsniff;
pub mod utc2;
pub mod xmit;

pub use cursor::Cursor;
pub use error::{Error, Result};
