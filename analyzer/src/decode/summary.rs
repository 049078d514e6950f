//! The protocol and info columns of the one-line list: the last protocol to speak decides.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fmt::Out;
use super::registry::{PROTOCOLS, Proto};

/// An endpoint of a packet as a list shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Endpoint {
    /// Not known.
    #[default]
    None,
    /// MAC address.
    Ether([u8; 6]),
    /// IPv4 address.
    V4(u32),
    /// IPv6 address.
    V6([u8; 16]),
}

impl Endpoint {
    /// Appends the address as text.
    pub fn print(self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Ether(m) => out.ether(m),
            Self::V4(a) => out.ipv4(a),
            Self::V6(a) => out.ipv6(a),
        }
    }
}

impl From<Ipv4Addr> for Endpoint {
    fn from(a: Ipv4Addr) -> Self {
        Self::V4(a.into())
    }
}

impl From<Ipv6Addr> for Endpoint {
    fn from(a: Ipv6Addr) -> Self {
        Self::V6(a.octets())
    }
}

/// Appends the names of a packet's protocols as `frame.protocols` has them.
pub fn protocols(out: &mut Vec<u8>, layers: &[Proto]) {
    let at = out.len();
    for p in layers {
        if matches!(p, Proto::Frame | Proto::Stop | Proto::Cte | Proto::Pth | Proto::Utc2 | Proto::Isl) {
            continue;
        }
        if out.len() > at {
            out.push(b':');
        }
        out.text(PROTOCOLS[*p as usize].layer.name);
    }
}

/// One line about a packet.
#[derive(Debug, Default)]
pub struct Summary {
    /// Source column.
    pub src: Endpoint,
    /// Destination column.
    pub dst: Endpoint,
    /// Protocol column.
    pub protocol: &'static str,
    /// Info column.
    pub info: Vec<u8>,
    /// True while a quoted packet is read, whose addresses are not the packet's.
    pub frozen: bool,
    /// Info up to here stays, and so does the protocol, when another message of the same segment
    /// takes over the line.
    fence: usize,
    /// Length of what the line begins with whatever follows, see [`Summary::lead`].
    lead: usize,
}

impl Summary {
    /// Forgets the last packet.
    pub fn clear(&mut self) {
        self.src = Endpoint::None;
        self.dst = Endpoint::None;
        self.protocol = "";
        self.info.clear();
        self.frozen = false;
        self.fence = 0;
        self.lead = 0;
    }

    /// A protocol takes over the line; its info is appended to what is returned.
    pub fn take(&mut self, protocol: &'static str) -> Option<&mut Vec<u8>> {
        if self.frozen {
            return None;
        }
        self.name(protocol);
        self.info.truncate(self.fence);
        Some(&mut self.info)
    }

    /// Names the protocol and leaves the info as it is.
    pub fn name(&mut self, protocol: &'static str) {
        if self.fence == self.lead {
            self.protocol = protocol;
        }
    }

    /// What is in the line so far stays there.
    pub fn fence(&mut self) {
        self.fence = self.info.len();
    }

    /// What is in the line so far stays in front of whatever a protocol above says; that one gives
    /// the line its name all the same.
    pub fn lead(&mut self) {
        if self.fence == 0 {
            self.lead = self.info.len();
        }
        self.fence = self.info.len();
    }

    /// Appends behind what other messages of the segment said, with `separator` between.
    pub fn also(&mut self, protocol: &'static str, separator: &str) -> Option<&mut Vec<u8>> {
        if self.frozen {
            return None;
        }
        if self.protocol == protocol || self.fence > self.lead {
            if self.info.len() > self.lead {
                self.info.text(separator);
            }
        } else {
            self.info.truncate(self.fence);
        }
        self.name(protocol);
        Some(&mut self.info)
    }

    /// Sets both address columns.
    pub fn addresses(&mut self, src: Endpoint, dst: Endpoint) {
        if !self.frozen {
            self.src = src;
            self.dst = dst;
        }
    }
}
