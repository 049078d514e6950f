//! TMI messages: what the real-time network management servers send around trace buffers.
//!
//! Header of every message (macro EZBYTMIA):
//!
//! | offset | length | field |
//! |---|---|---|
//! | 0 | 4 | TmiHr_len, length of the message, this header included |
//! | 4 | 4 | TmiHr_Id, four EBCDIC characters |
//! | 8 | 4 | TmiHr_Ver, 1 |
//! | 12 | 4 | reserved |
//!
//! | id | length | fields behind the header |
//! |---|---|---|
//! | INIT | 64 | 16 system name 8, 24 component 8, 32 TCP/IP job 8, 40 start TOD 8, 48 largest buffer 4, 52 reserved 12 |
//! | TPLT or TPKT | 48 | 16 token 32 (SYSTCPDA, SYSTCPOT; the manual prints both spellings) |
//! | SMTK | 48 | 16 token 32 (the other servers) |
//! | TERM | 40 | 16 termination code 4, 20 TOD 8, 28 reserved 12 |
//!
//! The buffers that the tokens stand for are gap-free sequences of entries. Source: IP
//! Programmer's Guide and Reference, "Real-time NMI".

use std::fmt;

use super::{Component, Name};
use crate::tod::Tod;
use crate::{Cursor, Error, Result};

/// Length of a message's header.
pub const HEADER: usize = 16;
/// Length of an INIT message.
pub const INIT_LEN: usize = 64;
/// Length of a token message.
pub const TOKEN_LEN: usize = 48;
/// Length of a TERM message.
pub const TERM_LEN: usize = 40;

/// TmiHr_Id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TmiId(pub u32);

#[allow(missing_docs)]
impl TmiId {
    pub const INIT: Self = Self(0xC9D5_C9E3);
    pub const PACKET_TOKEN: Self = Self(0xE3D7_D3E3);
    pub const PACKET_TOKEN_2: Self = Self(0xE3D7_D2E3);
    pub const SMF_TOKEN: Self = Self(0xE2D4_E3D2);
    pub const TERM: Self = Self(0xE3C5_D9D4);

    /// Length of the messages with this id, `None` for ids that are not known.
    #[must_use]
    pub const fn message_len(self) -> Option<usize> {
        Some(match self {
            Self::INIT => INIT_LEN,
            Self::PACKET_TOKEN | Self::PACKET_TOKEN_2 | Self::SMF_TOKEN => TOKEN_LEN,
            Self::TERM => TERM_LEN,
            _ => return None,
        })
    }
}

impl fmt::Display for TmiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Name(self.0.to_be_bytes()).fmt(f)
    }
}

/// Why a server ended the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TermCode(pub u32);

impl fmt::Display for TermCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        f.write_str(match self.0 {
            0 => " planned",
            111 => " EACCES",
            121 => " EINVAL",
            132 => " ENOMEM",
            140 => " EPIPE",
            _ => "",
        })
    }
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// The first message of a connection.
    Init {
        /// System name.
        system: Name<8>,
        /// Component, e.g. SYSTCPDA.
        component: Component,
        /// Job name of the stack.
        job: Name<8>,
        /// When the stack started.
        start: Tod,
        /// Largest buffer, 0 for up to 64 KB.
        max_buffer: u32,
    },
    /// A buffer is ready.
    Token {
        /// Which of the token messages.
        id: TmiId,
        /// What to hand to the copy service.
        token: [u8; 32],
    },
    /// The connection ends.
    Term {
        /// Why.
        code: TermCode,
        /// When.
        time: Tod,
    },
}

impl Message {
    /// The message at the start of `bytes` and its length. Fails when it is short, when its id
    /// is not one of those above, or when its length or version is not what the id wants.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize)> {
        let mut c = Cursor::new("TMI", bytes);
        let len = c.u32("TmiHr_len")?;
        let id = TmiId(c.u32("TmiHr_Id")?);
        let Some(want) = id.message_len() else {
            return Err(Error::value("TMI", "TmiHr_Id", 4, id.0.into()));
        };
        if len as usize != want {
            return Err(Error::value("TMI", "TmiHr_len", 0, len.into()));
        }
        match c.u32("TmiHr_Ver")? {
            1 => {}
            v => return Err(Error::value("TMI", "TmiHr_Ver", 8, v.into())),
        }
        c.skip("reserved", 4)?;
        let message = match id {
            TmiId::INIT => {
                let m = Self::Init {
                    system: Name(c.array("system name")?),
                    component: Component(Name(c.array("component name")?)),
                    job: Name(c.array("TCPIP job name")?),
                    start: Tod(c.u64("start time")?),
                    max_buffer: c.u32("max buffer size")?,
                };
                c.skip("reserved", 12)?;
                m
            }
            TmiId::TERM => {
                let m = Self::Term { code: TermCode(c.u32("termcode")?), time: Tod(c.u64("STCK")?) };
                c.skip("reserved", 12)?;
                m
            }
            _ => Self::Token { id, token: c.array("token")? },
        };
        Ok((message, want))
    }

    /// Appends the message, reserved fields zero.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut header = |id: TmiId, len: usize| {
            out.extend_from_slice(&(len as u32).to_be_bytes());
            out.extend_from_slice(&id.0.to_be_bytes());
            out.extend_from_slice(&[0, 0, 0, 1, 0, 0, 0, 0]);
        };
        match self {
            Self::Init { system, component, job, start, max_buffer } => {
                header(TmiId::INIT, INIT_LEN);
                out.extend_from_slice(&system.0);
                out.extend_from_slice(&component.0.0);
                out.extend_from_slice(&job.0);
                out.extend_from_slice(&start.0.to_be_bytes());
                out.extend_from_slice(&max_buffer.to_be_bytes());
                out.extend_from_slice(&[0; 12]);
            }
            Self::Token { id, token } => {
                header(*id, TOKEN_LEN);
                out.extend_from_slice(token);
            }
            Self::Term { code, time } => {
                header(TmiId::TERM, TERM_LEN);
                out.extend_from_slice(&code.0.to_be_bytes());
                out.extend_from_slice(&time.0.to_be_bytes());
                out.extend_from_slice(&[0; 12]);
            }
        }
    }

    /// What the message is called in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Init { .. } => "TMI INIT",
            Self::Token { .. } => "TMI token",
            Self::Term { .. } => "TMI TERM",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Init { system, component, job, start, max_buffer } => {
                write!(f, "INIT {system} {component} {job} started {start} buffer {max_buffer}")
            }
            Self::Token { id, .. } => write!(f, "token {id}"),
            Self::Term { code, time } => write!(f, "TERM {code} {time}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::cte::tests::hex;
    use proptest::prelude::*;

    const INIT: &str = "
        00000040 C9D5C9E3 00000001 00000000 D4E5E2F1 F1F84040 E2E8E2E3 C3D7C4C1
        E3C3D7C3 E2404040 DE6E758D DC000000 00010000 00000000 00000000 00000000";

    #[test]
    fn the_worked_init_message_both_ways() {
        let bytes = hex(INIT);
        let (m, len) = Message::parse(&bytes).unwrap();
        assert_eq!(len, 64);
        assert_eq!(
            m.to_string(),
            "INIT MVS118 SYSTCPDA TCPCS started 2024/01/01 00:00:00.000000 buffer 65536"
        );
        assert!(matches!(m, Message::Init { component: Component::SYSTCPDA, .. }));
        let mut out = Vec::new();
        m.encode(&mut out);
        assert_eq!(out, bytes);
        for n in 0..bytes.len() {
            assert!(Message::parse(&bytes[..n]).unwrap_err().is_short());
        }
    }

    #[test]
    fn both_spellings_of_the_token() {
        for id in ["E3D7D3E3", "E3D7D2E3", "E2D4E3D2"] {
            let mut bytes = hex(&format!("00000030 {id} 00000001 00000000"));
            bytes.extend(1..=32);
            let (m, len) = Message::parse(&bytes).unwrap();
            assert_eq!((m.name(), len), ("TMI token", 48));
            let mut out = Vec::new();
            m.encode(&mut out);
            assert_eq!(out, bytes);
        }
    }

    #[test]
    fn term_and_what_is_none() {
        let mut bytes = hex("00000028 E3C5D9D4 00000001 00000000 0000008C DE6E758D DC000000");
        bytes.extend([0; 12]);
        let (m, len) = Message::parse(&bytes).unwrap();
        assert_eq!(len, 40);
        assert_eq!(m.to_string(), "TERM 140 EPIPE 2024/01/01 00:00:00.000000");
        bytes[3] = 0x29;
        assert_eq!(Message::parse(&bytes).unwrap_err(), Error::value("TMI", "TmiHr_len", 0, 0x29));
        bytes[3] = 0x28;
        bytes[11] = 2;
        assert!(Message::parse(&bytes).is_err());
        bytes[4] = 0;
        assert!(Message::parse(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes(bytes: Vec<u8>) {
            let _ = Message::parse(&bytes);
        }
    }
}
