//! Pseudo-headers: what some link types of pcap and pcapng put before the packet.
//!
//! Wireshark shows neither these bytes nor their length in `frame.len` and `frame.cap_len`, so
//! framers step over them and [`Frame::phdr_len`](super::frame::Frame::phdr_len) says how far.

use super::frame::{LinkType, Timestamp};
use formats::erf;

/// How a link type begins its packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pseudo {
    /// With the packet itself.
    None,
    /// With so many bytes of pseudo-header.
    Fixed(u8),
    /// With an ERF record header.
    Erf,
}

/// What is left when the pseudo-header is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stripped {
    pub phdr_len: u16,
    pub cap_len: u32,
    pub orig_len: u32,
    pub link: LinkType,
    /// The pseudo-header's own time, which is finer than the container's.
    pub time: Option<Timestamp>,
}

impl Pseudo {
    pub(super) const fn of(link: LinkType) -> Self {
        match link.0 {
            // SUNATM, MTP2_WITH_PHDR, BLUETOOTH_HCI_H4_WITH_PHDR, BLUETOOTH_LINUX_MONITOR
            123 | 139 | 201 | 254 => Self::Fixed(4),
            // LINUX_IRDA, LINUX_LAPD
            144 | 177 => Self::Fixed(16),
            // SITA, I2C_LINUX
            196 | 209 => Self::Fixed(5),
            // PPP_WITH_DIR
            204 => Self::Fixed(1),
            // NFC_LLCP
            245 => Self::Fixed(2),
            197 => Self::Erf,
            _ => Self::None,
        }
    }

    /// Takes the pseudo-header off `data`; `None` when it does not fit.
    pub(super) fn strip(self, data: &[u8], orig_len: u32, link: LinkType) -> Option<Stripped> {
        match self {
            Self::None => {
                Some(Stripped { phdr_len: 0, cap_len: data.len() as u32, orig_len, link, time: None })
            }
            Self::Fixed(n) => Some(Stripped {
                phdr_len: n.into(),
                cap_len: (data.len() as u32).checked_sub(n.into())?,
                orig_len: orig_len.saturating_sub(n.into()),
                link,
                time: None,
            }),
            Self::Erf => {
                let h = erf::Header::decode(data).ok()?;
                let prefix = h.prefix_len(data).ok()?;
                let there = (data.len() - prefix) as u32;
                Some(Stripped {
                    phdr_len: u16::try_from(prefix).ok()?,
                    cap_len: there.min(h.wlen.into()),
                    orig_len: h.wlen.into(),
                    link: h.record_type().link_type().map_or(LinkType::ERF, LinkType),
                    time: Some(erf_time(&h)),
                })
            }
        }
    }
}

/// Time of an ERF record.
pub(super) fn erf_time(h: &erf::Header) -> Timestamp {
    let (secs, nanos) = h.time();
    Timestamp { secs: secs as i64, nanos }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_and_erf() {
        let s = Pseudo::of(LinkType(139)).strip(&[0; 10], 20, LinkType(139)).unwrap();
        assert_eq!((s.phdr_len, s.cap_len, s.orig_len), (4, 6, 16));
        assert_eq!(Pseudo::of(LinkType(139)).strip(&[0; 3], 20, LinkType(139)), None);
        // An InfiniBand record, type 21: 16 bytes of header, 4 of packet, 4 of padding.
        let r = [0, 0, 0, 0, 1, 0, 0, 0, 21, 4, 0, 24, 0, 0, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0];
        let s = Pseudo::of(LinkType::ERF).strip(&r, 24, LinkType::ERF).unwrap();
        assert_eq!((s.phdr_len, s.cap_len, s.orig_len, s.link), (16, 4, 4, LinkType::INFINIBAND));
        assert_eq!(s.time, Some(Timestamp { secs: 1, nanos: 0 }));
    }
}
