//! PTH_DtStruc: the name area of a packet trace header in data traces (entry id 5).
//!
//! | offset | length | field | meaning |
//! |---|---|---|---|
//! | 0 | 8 | PTH_JobNm | job name |
//! | 8 | 1 | PTH_DtDomain | address family, 2 = AF_INET, 19 = AF_INET6 (values inferred) |
//! | 9 | 1 | PTH_DtType | socket type, 1 stream, 2 datagram, 3 raw (values inferred) |
//! | 10 | 1 | PTH_DtProto | protocol number |
//! | 11 | 1 | PTH_DtState | common, start or end record; the numbers are not known |
//! | 12 | 4 | | unknown |
//!
//! Source: as [`super::pthdr`].

use std::fmt;

use super::Name;

/// Address family of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Domain(pub u8);

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            2 => f.write_str("AF_Inet"),
            19 => f.write_str("AF_Inet6"),
            n => write!(f, "{n}"),
        }
    }
}

/// Type of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocketType(pub u8);

impl fmt::Display for SocketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("Stream"),
            2 => f.write_str("Datagram"),
            3 => f.write_str("Raw"),
            n => write!(f, "{n}"),
        }
    }
}

/// The 16 bytes as they were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DataTrace(pub [u8; 16]);

impl DataTrace {
    /// A name area; the four unknown bytes are zero.
    #[must_use]
    pub fn new(job: Name<8>, domain: Domain, kind: SocketType, protocol: u8, state: u8) -> Self {
        let mut b = [0; 16];
        b[..8].copy_from_slice(&job.0);
        b[8..12].copy_from_slice(&[domain.0, kind.0, protocol, state]);
        Self(b)
    }

    /// PTH_JobNm.
    #[must_use]
    pub fn job(&self) -> Name<8> {
        Name::from_bytes(&self.0).unwrap_or_default()
    }

    /// PTH_DtDomain.
    #[must_use]
    pub const fn domain(&self) -> Domain {
        Domain(self.0[8])
    }

    /// PTH_DtType.
    #[must_use]
    pub const fn socket_type(&self) -> SocketType {
        SocketType(self.0[9])
    }

    /// PTH_DtProto.
    #[must_use]
    pub const fn protocol(&self) -> u8 {
        self.0[10]
    }

    /// PTH_DtState.
    #[must_use]
    pub const fn state(&self) -> u8 {
        self.0[11]
    }
}

impl fmt::Display for DataTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.job(), self.domain(), self.socket_type())?;
        match self.protocol() {
            6 => f.write_str(" TCP"),
            17 => f.write_str(" UDP"),
            n => write!(f, " {n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_name_area() {
        let bytes = [0xE4, 0xE2, 0xC5, 0xD9, 0xF1, 0xF2, 0x40, 0x40, 2, 1, 6, 0, 0, 0, 0, 0];
        let d = DataTrace(bytes);
        assert_eq!(d.to_string(), "USER12 AF_Inet Stream TCP");
        assert_eq!(DataTrace::new(Name::new("USER12"), Domain(2), SocketType(1), 6, 0), d);
        assert_eq!((Domain(19).to_string(), Domain(7).to_string()), ("AF_Inet6".into(), "7".into()));
    }
}
