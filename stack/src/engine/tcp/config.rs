//! What an operator sets for all connections, and an application for its own.

use std::time::Duration;

use ctrace::Subject;
use formats::ctrace::Name;
use std::net::{IpAddr, Ipv4Addr};

/// Congestion control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Algorithm {
    /// RFC 5681 and 6582.
    NewReno,
    /// RFC 9438.
    #[default]
    Cubic,
}

/// Settings of the protocol. Durations are times of the virtual or real clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Bytes an application may hand over before they are acknowledged.
    pub send_buffer: u32,
    /// Bytes kept for an application that does not read.
    pub receive_buffer: u32,
    /// Congestion control.
    pub congestion: Algorithm,
    /// Initial window in segments (RFC 6928).
    pub initial_window: u32,
    /// Retransmission timeout before the first sample (RFC 6298).
    pub initial_rto: Duration,
    /// Its lower limit: z/OS's default; RFC 6298 recommends a second.
    pub min_rto: Duration,
    /// Its upper limit.
    pub max_rto: Duration,
    /// How long an acknowledgment may wait for company; zero: never.
    pub delayed_ack: Duration,
    /// Maximum segment lifetime; TIME-WAIT lasts two of them.
    pub msl: Duration,
    /// How long the peer has to close after the application is gone.
    pub fin_wait_2: Duration,
    /// Idle time before the first keepalive probe.
    pub keepalive_idle: Duration,
    /// Time between probes.
    pub keepalive_interval: Duration,
    /// Unanswered probes that end a connection.
    pub keepalive_probes: u8,
    /// Retransmissions of data that end a connection (R2 of RFC 9293 section 3.8.3).
    pub max_retransmits: u8,
    /// Retransmissions of a SYN that end a connection.
    pub max_syn_retransmits: u8,
    /// Offers timestamps (RFC 7323).
    pub timestamps: bool,
    /// Offers window scaling (RFC 7323).
    pub window_scaling: bool,
    /// Offers selective acknowledgments (RFC 2018).
    pub sack: bool,
    /// Discovers the path MTU: packets must not be fragmented.
    pub pmtu_discovery: bool,
    /// Retransmissions of a full segment after which a black hole is suspected; 0: never.
    pub black_hole_after: u8,
    /// Challenge acknowledgments of one connection in five seconds (RFC 5961 section 7).
    pub challenge_limit: u8,
    /// Connections at most, half-open ones and those in TIME-WAIT included.
    pub max_connections: usize,
    /// Connections in TIME-WAIT at most; the oldest gives way.
    pub max_time_wait: usize,
    /// Half-open connections of one listener at most.
    pub syn_queue: usize,
    /// A full queue of half-open connections is answered with SYN cookies; otherwise the oldest
    /// half-open connection gives way.
    pub syn_cookies: bool,
    /// Ports for connections that did not choose one: first and last.
    pub ephemeral_ports: (u16, u16),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            send_buffer: 256 * 1024,
            receive_buffer: 256 * 1024,
            congestion: Algorithm::Cubic,
            initial_window: 10,
            initial_rto: Duration::from_secs(1),
            min_rto: Duration::from_millis(500),
            max_rto: Duration::from_secs(120),
            delayed_ack: Duration::from_millis(200),
            msl: Duration::from_secs(30),
            fin_wait_2: Duration::from_secs(600),
            keepalive_idle: Duration::from_secs(7200),
            keepalive_interval: Duration::from_secs(75),
            keepalive_probes: 8,
            max_retransmits: 15,
            max_syn_retransmits: 7,
            timestamps: true,
            window_scaling: true,
            sack: true,
            pmtu_discovery: true,
            black_hole_after: 3,
            challenge_limit: 10,
            max_connections: 200_000,
            max_time_wait: 32_768,
            syn_queue: 1024,
            syn_cookies: true,
            ephemeral_ports: (49_152, 65_535),
        }
    }
}

/// Options of one socket; a listener hands its own to the connections it accepts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SocketOptions {
    /// Whom trace records name.
    pub owner: Owner,
    /// Overrides [`Config::send_buffer`].
    pub send_buffer: Option<u32>,
    /// Overrides [`Config::receive_buffer`].
    pub receive_buffer: Option<u32>,
    /// Sends small segments at once (`TCP_NODELAY`): no Nagle.
    pub no_delay: bool,
    /// Acknowledges each segment at once (`NODELAYACKS`).
    pub no_delayed_ack: bool,
    /// Probes an idle peer; `Some` with the idle time, zero for [`Config::keepalive_idle`].
    pub keepalive: Option<Duration>,
    /// Ends the connection when data stay unacknowledged for so long (RFC 5482, local part).
    pub user_timeout: Option<Duration>,
    /// Overrides [`Config::congestion`].
    pub congestion: Option<Algorithm>,
    /// Type of service or traffic class.
    pub tos: u8,
    /// Time to live or hop limit.
    pub ttl: Option<u8>,
    /// Largest segment to announce, below the interface's.
    pub max_segment: Option<u16>,
    /// Closing discards what was not sent and resets (`SO_LINGER` of zero).
    pub reset_on_close: bool,
    /// Further options for the SYN, kind and length included, back to back. A listener repeats
    /// one in its SYN-ACK only when the SYN had one of the same kind (RFC 6994: and identifier).
    pub syn_options: SynOptions,
}

/// The application a socket belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// Address space.
    pub asid: u16,
    /// Job name.
    pub job: Name<8>,
}

impl Default for Owner {
    fn default() -> Self {
        Self { asid: 0, job: Name::new("") }
    }
}

impl Owner {
    /// A subject of trace records.
    #[must_use]
    pub const fn subject(&self, cid: u32, local_port: u16, remote: IpAddr) -> Subject {
        Subject { asid: self.asid, job: self.job, cid, local_port, remote }
    }

    /// A subject without a connection.
    #[must_use]
    pub const fn nobody(&self) -> Subject {
        self.subject(0, 0, IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// Raw options, at most 40 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SynOptions {
    bytes: [u8; 40],
    len: u8,
}

impl Default for SynOptions {
    fn default() -> Self {
        Self { bytes: [0; 40], len: 0 }
    }
}

impl SynOptions {
    /// The SMC-R option: kind 254 with EBCDIC `SMCR` (RFC 7609).
    pub const SMCR: [u8; 6] = [254, 6, 0xe2, 0xd4, 0xc3, 0xd9];

    /// From option bytes; what does not fit is left out.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut o = Self::default();
        o.extend(bytes);
        o
    }

    /// Adds option bytes if all of them fit, and says whether they did.
    pub fn extend(&mut self, bytes: &[u8]) -> bool {
        let (from, to) = (usize::from(self.len), usize::from(self.len) + bytes.len());
        let fits = to <= self.bytes.len();
        if fits {
            self.bytes[from..to].copy_from_slice(bytes);
            self.len = to as u8;
        }
        fits
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The options one by one; stops at one whose length is wrong.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        each(self.as_bytes())
    }

    /// Those options that `offered` (the options of a SYN) has too.
    #[must_use]
    pub fn answering(&self, offered: &[u8]) -> Self {
        let mut o = Self::default();
        for mine in self.iter() {
            // An experiment is told by its identifier, the two bytes behind the length.
            let told = if mine[0] >= 253 { mine.len().min(4) } else { 1 };
            let same = |theirs: &[u8]| {
                theirs[0] == mine[0] && theirs.get(2..told.max(2)) == mine.get(2..told.max(2))
            };
            if each(offered).any(same) {
                o.extend(mine);
            }
        }
        o
    }
}

fn each(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        while let [1, rest @ ..] = bytes {
            bytes = rest;
        }
        let len = usize::from(*bytes.get(1)?);
        if bytes[0] == 0 || len < 2 || len > bytes.len() {
            return None;
        }
        let (one, rest) = bytes.split_at(len);
        bytes = rest;
        Some(one)
    })
}

impl std::fmt::Debug for SynOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x?}", self.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_repeated_only_when_it_was_offered() {
        let mine = SynOptions::new(&SynOptions::SMCR);
        let syn = [2, 4, 5, 0xb4, 1, 1, 254, 6, 0xe2, 0xd4, 0xc3, 0xd9, 0, 0];
        assert_eq!(mine.answering(&syn).as_bytes(), SynOptions::SMCR);
        let other = [2, 4, 5, 0xb4, 1, 1, 254, 6, 0xe2, 0xd5, 0xc3, 0xd9, 0, 0];
        assert_eq!(mine.answering(&other).as_bytes(), []);
        assert_eq!(mine.answering(&[254, 200, 1]).as_bytes(), []);
    }
}
