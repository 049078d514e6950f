//! What a field is: identity, type, name, and the registry that every command reads.
//!
//! A field's number is its protocol's number in the high byte and its place in that protocol's
//! own list in the low byte, so each dissector file declares its fields and nobody counts.

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

    /// All fields of the same protocol.
    pub fn siblings(self) -> impl Iterator<Item = Self> {
        let count = PROTOCOLS[usize::from(self.0 >> 8)].fields.len() as u16;
        (0..count).map(move |local| Self(self.0 & 0xFF00 | local))
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
    /// What a person reads in the tree.
    pub label: &'static str,
    /// Type.
    pub kind: Kind,
    /// Text of its codes.
    pub names: Option<Names>,
    /// True when Wireshark 4.0 has a field of this name and type.
    pub wireshark: bool,
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
                name: $abbrev, label: $title, kind: $crate::decode::Kind::Protocol,
                names: None, wireshark: $crate::protocol!(@wireshark $($layer_ours)?),
            },
            fields: &[ $( $crate::decode::FieldDef {
                name: $name, label: $label, kind: $kind,
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
