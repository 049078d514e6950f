//! Types of event fields: how they stand in an entry and how they print.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::{Name, pthdr};

/// How the bytes of a field are to be read.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A number of so many bytes.
    Uint(usize),
    /// A number of so many bytes that prints in hexadecimal.
    Hex(usize),
    /// One byte, 0 or 1.
    Flag,
    /// 16 bytes, IPv4 as in a packet trace header.
    Address,
    /// 6 bytes.
    Mac,
    /// An EBCDIC name of so many bytes.
    Name(usize),
    /// A number of so many bytes whose values have names.
    Code(usize, fn(u64) -> Option<&'static str>),
}

impl Kind {
    /// Bytes of the field.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Uint(n) | Self::Hex(n) | Self::Name(n) | Self::Code(n, _) => n,
            Self::Flag => 1,
            Self::Address => 16,
            Self::Mac => 6,
        }
    }

    /// Never true.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What documentation calls the type.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Uint(n) => format!("u{}", n * 8),
            Self::Hex(n) => format!("hex{}", n * 8),
            Self::Flag => "flag".into(),
            Self::Address => "address".into(),
            Self::Mac => "MAC address".into(),
            Self::Name(n) => format!("name{n}"),
            Self::Code(n, _) => format!("code{}", n * 8),
        }
    }

    /// Writes the value of a field of this kind; too few bytes print as a question mark.
    pub fn show(self, bytes: &[u8], f: &mut impl fmt::Write) -> fmt::Result {
        let Some(b) = bytes.get(..self.len()) else {
            return f.write_char('?');
        };
        let number = || b.iter().take(8).fold(0_u64, |n, x| n << 8 | u64::from(*x));
        match self {
            Self::Uint(_) => write!(f, "{}", number()),
            Self::Hex(n) => write!(f, "{:0width$X}", number(), width = n * 2),
            Self::Flag => f.write_str(if number() == 0 { "no" } else { "yes" }),
            Self::Address => match b.first_chunk() {
                Some(a) => write!(f, "{}", pthdr::address(a)),
                None => Ok(()),
            },
            Self::Mac => {
                for (i, x) in b.iter().enumerate() {
                    write!(f, "{}{x:02x}", if i > 0 { ":" } else { "" })?;
                }
                Ok(())
            }
            Self::Name(8) => write!(f, "{}", Name::<8>::from_bytes(b).unwrap_or_default()),
            Self::Name(_) => write!(f, "{}", Name::<16>::from_bytes(b).unwrap_or_default()),
            Self::Code(_, name) => match name(number()) {
                Some(text) => f.write_str(text),
                None => write!(f, "{}", number()),
            },
        }
    }
}

/// A value that an event can have.
pub trait Field: Copy {
    /// How it is read.
    const KIND: Kind;

    /// Writes it; `to` has exactly the length of the kind.
    fn put(self, to: &mut [u8]);

    /// Reads it back; `from` has exactly the length of the kind.
    fn get(from: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($t:ty)*) => {$(
        impl Field for $t {
            const KIND: Kind = Kind::Uint(size_of::<$t>());

            #[inline(always)]
            fn put(self, to: &mut [u8]) {
                to.copy_from_slice(&self.to_be_bytes());
            }

            fn get(from: &[u8]) -> Self {
                from.first_chunk().map_or(0, |b| Self::from_be_bytes(*b))
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 }

macro_rules! hex_numbers {
    ($($(#[$doc:meta])* $name:ident($t:ty))*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub $t);

        impl Field for $name {
            const KIND: Kind = Kind::Hex(size_of::<$t>());

            #[inline(always)]
            fn put(self, to: &mut [u8]) {
                self.0.put(to);
            }

            fn get(from: &[u8]) -> Self {
                Self(<$t>::get(from))
            }
        }
    )*};
}

hex_numbers! {
    /// A byte that prints in hexadecimal.
    Hex8(u8)
    /// A halfword that prints in hexadecimal.
    Hex16(u16)
    /// A word that prints in hexadecimal.
    Hex32(u32)
}

impl Field for bool {
    const KIND: Kind = Kind::Flag;

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        u8::from(self).put(to);
    }

    fn get(from: &[u8]) -> Self {
        from.first().is_some_and(|b| *b != 0)
    }
}

impl Field for IpAddr {
    const KIND: Kind = Kind::Address;

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        to.copy_from_slice(&pthdr::address_field(self));
    }

    fn get(from: &[u8]) -> Self {
        from.first_chunk().map_or(Self::V6(Ipv6Addr::UNSPECIFIED), pthdr::address)
    }
}

impl Field for Ipv4Addr {
    const KIND: Kind = Kind::Address;

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        IpAddr::V4(self).put(to);
    }

    fn get(from: &[u8]) -> Self {
        match IpAddr::get(from) {
            IpAddr::V4(a) => a,
            IpAddr::V6(_) => Self::UNSPECIFIED,
        }
    }
}

impl Field for Ipv6Addr {
    const KIND: Kind = Kind::Address;

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        to.copy_from_slice(&self.octets());
    }

    fn get(from: &[u8]) -> Self {
        from.first_chunk::<16>().map_or(Self::UNSPECIFIED, |b| Self::from(*b))
    }
}

/// A MAC address.
pub type Mac = [u8; 6];

impl Field for Mac {
    const KIND: Kind = Kind::Mac;

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        to.copy_from_slice(&self);
    }

    fn get(from: &[u8]) -> Self {
        from.first_chunk().copied().unwrap_or_default()
    }
}

impl<const N: usize> Field for Name<N> {
    const KIND: Kind = Kind::Name(N);

    #[inline(always)]
    fn put(self, to: &mut [u8]) {
        to.copy_from_slice(&self.0);
    }

    fn get(from: &[u8]) -> Self {
        Self::from_bytes(from).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<T: Field>(v: T) -> (Vec<u8>, String) {
        let mut b = vec![0; T::KIND.len()];
        v.put(&mut b);
        let mut s = String::new();
        T::KIND.show(&b, &mut s).unwrap();
        (b, s)
    }

    #[test]
    fn bytes_and_text_of_each_kind() {
        assert_eq!(shown(0x0102_u16), (vec![1, 2], "258".into()));
        assert_eq!(shown(Hex32(0xBEEF)), (vec![0, 0, 0xBE, 0xEF], "0000BEEF".into()));
        assert_eq!(shown(true), (vec![1], "yes".into()));
        assert_eq!(shown([2, 0, 0, 0, 0, 0x1F]).1, "02:00:00:00:00:1f");
        assert_eq!(shown(Name::<8>::new("TCPCS")).1, "TCPCS");
        let v4: IpAddr = "10.1.0.2".parse().unwrap();
        assert_eq!(
            shown(v4),
            (vec![0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 0, 2], "10.1.0.2".into())
        );
        assert_eq!(IpAddr::get(&shown(v4).0), v4);
        let v6: Ipv6Addr = "fe80::1".parse().unwrap();
        assert_eq!(shown(v6).1, "fe80::1");
        let mut s = String::new();
        Kind::Uint(4).show(&[1], &mut s).unwrap();
        assert_eq!(s, "?");
    }
}
