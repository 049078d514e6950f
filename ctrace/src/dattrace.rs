//! VARY TCPIP,,DATTRACE: which socket data is recorded, and how much of it.
//!
//! There is one set of conditions; ON replaces it. Source: IP System Administrator's Commands,
//! "VARY TCPIP,,DATTRACE".

use std::net::SocketAddr;

use formats::ctrace::Name;

use crate::filter::Net;

/// The conditions; what is `None` matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DatTrace {
    /// Recording.
    pub on: bool,
    /// Bytes of data that are kept; `None` is FULL.
    pub abbrev: Option<u16>,
    /// JOBNAME.
    pub job: Option<Name<8>>,
    /// IP: the local or the remote address.
    pub address: Option<Net>,
    /// PORTNUM: the local or the remote port.
    pub port: Option<u16>,
}

impl DatTrace {
    /// All data, in full.
    #[must_use]
    pub fn everything() -> Self {
        Self { on: true, ..Self::default() }
    }

    /// How many bytes of so many are recorded, `None` when the data is not.
    #[must_use]
    pub fn length(&self, job: Name<8>, ends: [SocketAddr; 2], len: usize) -> Option<usize> {
        let matches = self.on
            && self.job.is_none_or(|j| j == job)
            && self.address.is_none_or(|n| ends.iter().any(|e| n.has(e.ip())))
            && self.port.is_none_or(|p| ends.iter().any(|e| e.port() == p));
        matches.then(|| self.abbrev.map_or(len, |n| len.min(n.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_condition_has_to_match() {
        let ends = ["10.1.0.1:1236".parse().unwrap(), "[2001:db8::1]:21".parse().unwrap()];
        let ftp = Name::new("FTPD1");
        assert_eq!(DatTrace::default().length(ftp, ends, 9), None);
        let mut t = DatTrace::everything();
        assert_eq!(t.length(ftp, ends, 9), Some(9));
        t.job = Some(ftp);
        t.port = Some(21);
        t.address = Some(Net::new("2001:db8::".parse().unwrap(), 32));
        t.abbrev = Some(4);
        assert_eq!(t.length(ftp, ends, 9), Some(4));
        assert_eq!(t.length(Name::new("FTPD2"), ends, 9), None);
        t.port = Some(22);
        assert_eq!(t.length(ftp, ends, 9), None);
    }
}
