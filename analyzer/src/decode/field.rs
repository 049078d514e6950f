//! What a field is: identity, type, name, and the registry that every command reads.
//!
//! A field's number is its protocol's number in the high byte and its place in that protocol's
//! own list in the low byte, so each dissector file declares its fields and nobody counts.

use super::fmt;
use super::registry::{PROTOCOLS, Proto};

/// A field of a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u16);

impl FieldId {
    /// The `local`-th field of `proto`.
    #[must_use]
    pub const fn new(proto: Proto, local: u8) -> Self {
        Self((proto as u16) << 8 | local as u16)
    }

    /// The field that stands for the presence of `proto` itself.
    #[must_use]
    pub const fn layer(proto: Proto) -> Self {
        Self((proto as u16) << 8 | 0xFF)
    }

    /// The protocol it belongs to.
    #[must_use]
    pub fn proto(self) -> Proto {
        PROTOCOLS[usize::from(self.0 >> 8)].proto
    }

    /// Its definition.
    #[must_use]
    pub fn def(self) -> &'static FieldDef {
        let p = &PROTOCOLS[usize::from(self.0 >> 8)];
        p.fields.get(usize::from(self.0 & 0xFF)).unwrap_or(p.layer)
    }
}

/// How an integer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Decimal.
    Dec,
    /// `0x` and as many digits as the width has.
    Hex,
}

/// The type of a field: what its values are, and how they print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A protocol: present or not, and its bytes.
    Protocol,
    /// Present or not, no value.
    None,
    /// A flag; prints as 0 or 1.
    Bool,
    /// Unsigned integer of so many bits.
    Uint(u8, Base),
    /// Signed integer of so many bits.
    Int(u8),
    /// Number of another frame.
    FrameNum,
    /// IPv4 address.
    Ipv4,
    /// IPv6 address.
    Ipv6,
    /// MAC address.
    Ether,
    /// Byte string; prints as hexadecimal digits.
    Bytes,
    /// Text.
    Str,
    /// Point in time.
    AbsTime,
    /// Point in time; prints as a date in UTC.
    DateTime,
    /// Point in time; prints as a date in the zone of the machine that Zscope runs on.
    LocalTime,
    /// Span of time.
    RelTime,
}

impl Kind {
    /// The type's name as Wireshark lists it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Protocol => "FT_PROTOCOL",
            Self::None => "FT_NONE",
            Self::Bool => "FT_BOOLEAN",
            Self::Uint(0..=8, _) => "FT_UINT8",
            Self::Uint(9..=16, _) => "FT_UINT16",
            Self::Uint(17..=24, _) => "FT_UINT24",
            Self::Uint(25..=32, _) => "FT_UINT32",
            Self::Uint(..) => "FT_UINT64",
            Self::Int(0..=8) => "FT_INT8",
            Self::Int(9..=16) => "FT_INT16",
            Self::Int(17..=32) => "FT_INT32",
            Self::Int(_) => "FT_INT64",
            Self::FrameNum => "FT_FRAMENUM",
            Self::Ipv4 => "FT_IPv4",
            Self::Ipv6 => "FT_IPv6",
            Self::Ether => "FT_ETHER",
            Self::Bytes => "FT_BYTES",
            Self::Str => "FT_STRING",
            Self::AbsTime | Self::DateTime | Self::LocalTime => "FT_ABSOLUTE_TIME",
            Self::RelTime => "FT_RELATIVE_TIME",
        }
    }
}

/// Looks up the text of a code.
pub type Names = fn(u64) -> Option<&'static str>;

/// One field as its dissector declares it.
#[derive(Debug, Clone, Copy)]
pub struct FieldDef {
    /// Filter name, Wireshark's where it has one.
    pub name: &'static str,
    /// The name as the key of a JSON member, with the comma in front of it.
    pub key: Lead,
    /// What a person reads in the tree.
    pub label: &'static str,
    /// The label with a colon.
    pub heading: Lead,
    /// Type.
    pub kind: Kind,
    /// Text of its codes.
    pub names: Option<Names>,
    /// True when Wireshark 4.0 has a field of this name and type.
    pub wireshark: bool,
}

/// What is printed in front of a value, padded: copying all of it is a few plain stores, where
/// copying a varying number of bytes is a call.
#[derive(Clone, Copy)]
pub struct Lead {
    text: [u8; Self::MAX],
    len: u8,
}

impl Lead {
    const SHORT: usize = 48;
    const MAX: usize = 127;

    /// The concatenation of `parts`, 127 bytes at most.
    #[must_use]
    pub const fn new(parts: [&str; 3]) -> Self {
        let (mut text, mut len) = ([0; Self::MAX], 0);
        let mut i = 0;
        while i < parts.len() {
            let part = parts[i].as_bytes();
            let mut k = 0;
            while k < part.len() {
                text[len] = part[k];
                len += 1;
                k += 1;
            }
            i += 1;
        }
        Self { text, len: len as u8 }
    }

    /// Its length in bytes.
    #[inline]
    #[must_use]
    pub fn width(&self) -> usize {
        self.len.into()
    }

    /// Appends it.
    #[inline]
    pub fn put(&self, out: &mut Vec<u8>) {
        let len = usize::from(self.len);
        match self.text.first_chunk::<{ Self::SHORT }>() {
            Some(short) if len <= Self::SHORT => fmt::put(out, short, len),
            _ => fmt::put(out, &self.text, len),
        }
    }
}

impl std::fmt::Debug for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.text[..usize::from(self.len)]))
    }
}

/// One protocol with its fields.
#[derive(Debug, Clone, Copy)]
pub struct ProtoDef {
    /// The protocol.
    pub proto: Proto,
    /// The field that stands for its presence.
    pub layer: &'static FieldDef,
    /// Its fields, in the order of their numbers.
    pub fields: &'static [FieldDef],
}

/// A name that stands for several fields, as `tcp.port` does for both ports.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// What a person reads.
    pub label: &'static str,
    /// The fields it stands for, all of one type.
    pub fields: &'static [FieldId],
}

/// Declares the fields of one protocol in a dissector file.
///
/// ```text
/// protocol! { Udp, "udp", "User Datagram Protocol";
///     SRCPORT "udp.srcport" "Source Port" Kind::Uint(16, Base::Dec);
/// }
/// ```
///
/// makes `const SRCPORT: FieldId` and `const DEF: ProtoDef`. A name that Wireshark does not
/// have is written `ours "pth.jobname"`.
#[macro_export]
macro_rules! protocol {
    ($proto:ident, $($layer_ours:ident)? $abbrev:literal, $title:literal;
     $( $id:ident $($ours:ident)? $name:literal $label:literal $kind:expr $(, $names:expr)? ;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Local { $( $id, )* Count }
        const _: () = assert!((Local::Count as u8) < 0xFF);
        $(
            #[doc = concat!("`", $name, "`, `", $label, "`")]
            pub const $id: $crate::decode::FieldId =
                $crate::decode::FieldId::new($crate::decode::Proto::$proto, Local::$id as u8);
        )*
        /// This protocol and its fields, for the registry.
        pub const DEF: $crate::decode::ProtoDef = $crate::decode::ProtoDef {
            proto: $crate::decode::Proto::$proto,
            layer: &$crate::decode::FieldDef {
                name: $abbrev, key: $crate::decode::field::Lead::new([",\"", $abbrev, "\":"]),
                label: $title, heading: $crate::decode::field::Lead::new([$title, "", ""]),
                kind: $crate::decode::Kind::Protocol,
                names: None, wireshark: $crate::protocol!(@wireshark $($layer_ours)?),
            },
            fields: &[ $( $crate::decode::FieldDef {
                name: $name, key: $crate::decode::field::Lead::new([",\"", $name, "\":"]),
                label: $label, heading: $crate::decode::field::Lead::new([$label, ": ", ""]),
                kind: $kind,
                names: $crate::protocol!(@names $($names)?),
                wireshark: $crate::protocol!(@wireshark $($ours)?),
            }, )* ],
        };
    };
    (@names) => { None };
    (@names $n:expr) => { Some($n) };
    (@wireshark) => { true };
    (@wireshark ours) => { false };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_stand_at_their_own_number() {
        for (i, p) in PROTOCOLS.iter().enumerate() {
            assert_eq!(p.proto as usize, i, "{} is out of order in the registry", p.layer.name);
        }
    }
}
