//! 2cUTC: the container in which converters of z/OS component traces put entries that hold no IP
//! packet, one per pcap or pcapng packet of link type 147.
//!
//! From the published dissectors of that converter:
//!
//! | off | len | field |
//! |---|---|---|
//! | 0 | 5 | "2cUTC" in ASCII |
//! | 5 | 1 | reserved; readers take it as the high byte of the length that follows, so write 0 |
//! | 6 | 2 | length X of the extension, big-endian |
//! | 8 | 8 | component name in ASCII, blank-padded |
//! | 16 | X | extension in ASCII; its content depends on the component |
//! | 16+X | rest | the component trace entry from CTELENP to CTELENE |
//!
//! Extension of SYSTCPDA: the record type as text, e.g. "SMC". Of SYSTCPIP: byte 0 a flag ('!' =
//! error), bytes 2-9 the trace option, from byte 11 on a description.

use crate::{Error, Result};
use std::fmt;

const HEADER: &str = "2cUTC header";

/// First bytes of a packet.
pub const MAGIC: [u8; 5] = *b"2cUTC";
/// Length of the header without its extension.
pub const HEADER_LEN: usize = 16;
/// The link type of such packets: LINKTYPE_USER0.
pub const LINK_TYPE: u16 = 147;

/// The header and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Byte 5.
    pub reserved: u8,
    /// Component name as in the file.
    pub component: [u8; 8],
    /// Extension.
    pub extension: &'a [u8],
    /// The component trace entry.
    pub entry: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads a packet. The length is taken as 24 bits when that fits, as existing readers do, else
    /// as 16 bits.
    pub fn decode(b: &'a [u8]) -> Result<Self> {
        let Some(h) = b.first_chunk::<HEADER_LEN>() else {
            return Err(Error::short(HEADER, "header", 0, HEADER_LEN, b.len()));
        };
        if h[..5] != MAGIC {
            return Err(Error::contradiction(HEADER, "magic", 0, "it is not 2cUTC"));
        }
        let rest = &b[HEADER_LEN..];
        let wide = u32::from_be_bytes([0, h[5], h[6], h[7]]) as usize;
        let narrow = wide & 0xffff;
        let len = if wide <= rest.len() { wide } else { narrow };
        let Some((extension, entry)) = rest.split_at_checked(len) else {
            return Err(Error::short(HEADER, "extension", HEADER_LEN, len, rest.len()));
        };
        let mut component = [0; 8];
        component.copy_from_slice(&h[8..16]);
        Ok(Self { reserved: h[5], component, extension, entry })
    }

    /// Component name without trailing blanks and NULs.
    #[must_use]
    pub fn component_name(&self) -> String {
        String::from_utf8_lossy(&self.component).trim_end_matches([' ', '\0']).to_owned()
    }

    /// Length of header and extension.
    #[must_use]
    pub const fn len(&self) -> usize {
        HEADER_LEN + self.extension.len()
    }

    /// Never true: the fixed part is always there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// A header for `component`, blank-padded or cut to 8 characters.
    #[must_use]
    pub fn new(component: &str, extension: &'a [u8], entry: &'a [u8]) -> Self {
        let mut name = [b' '; 8];
        for (to, from) in name.iter_mut().zip(component.bytes()) {
            *to = from;
        }
        Self { reserved: 0, component: name, extension, entry }
    }

    /// Appends header, extension and entry. An extension above 65535 bytes is an error.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<()> {
        let len = u16::try_from(self.extension.len())
            .map_err(|_| Error::value(HEADER, "extension length", 6, self.extension.len() as u64))?;
        out.extend_from_slice(&MAGIC);
        out.push(self.reserved);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&self.component);
        out.extend_from_slice(self.extension);
        out.extend_from_slice(self.entry);
        Ok(())
    }
}

impl fmt::Display for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2cUTC {}, entry {} bytes", self.component_name(), self.entry.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const B: &[u8] = b"2cUTC\0\0\x03SYSTCPDASMC\x00\x14\x00\x10";

    #[test]
    fn fields() {
        let h = Header::decode(B).unwrap();
        assert_eq!((h.component_name().as_str(), h.extension, h.len()), ("SYSTCPDA", &b"SMC"[..], 19));
        assert_eq!(h.entry, [0, 20, 0, 16]);
        assert_eq!(h.to_string(), "2cUTC SYSTCPDA, entry 4 bytes");
        let mut out = Vec::new();
        Header::new("SYSTCPDA", b"SMC", &[0, 20, 0, 16]).encode(&mut out).unwrap();
        assert_eq!(out, B);
        assert_eq!(Header::new("OMVS", b"", b"").component_name(), "OMVS");
    }

    #[test]
    fn the_reserved_byte_counts_only_when_it_can() {
        let mut b = B.to_vec();
        b[5] = 1;
        assert_eq!(Header::decode(&b).unwrap().extension, b"SMC");
        b.resize(16 + 65_539, 0);
        assert_eq!(Header::decode(&b).unwrap().extension.len(), 65_539);
    }

    #[test]
    fn truncated_at_every_byte() {
        for n in 0..19 {
            assert!(Header::decode(&B[..n]).unwrap_err().is_short());
        }
        assert!(!Header::decode(&[0; 20]).unwrap_err().is_short());
    }

    proptest! {
        #[test]
        fn any_bytes(mut b in prop::collection::vec(any::<u8>(), 0..64), magic: bool) {
            if magic && b.len() > 7 {
                b[..5].copy_from_slice(&MAGIC);
                b[5] = 0;
                b[6] = 0;
            }
            if let Ok(h) = Header::decode(&b) {
                let mut out = Vec::new();
                h.encode(&mut out).unwrap();
                prop_assert_eq!(out, b);
            }
        }
    }
}
