//! The reports: one file each.

pub mod dump;
pub mod event;
pub mod format;
pub mod heading;
pub mod option;
pub mod session;
pub mod sniffer;
pub mod statistics;
pub mod streams;
pub mod summary;

use formats::ebcdic::CodePage;

use super::options::{Code, Named, Options};
use super::record::Record;
use super::zone::{Clock, Zone};

/// What every report needs to know besides the record.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The component.
    pub component: &'a str,
    /// OPTIONS.
    pub options: &'a Options,
    /// Time zone.
    pub zone: Zone,
    /// System name, blank when the trace does not say it.
    pub sysname: &'a str,
    /// Code page of EBCDIC text.
    pub page: CodePage,
}

impl Look<'_> {
    /// The time that a report shows: when the record was put into the buffer, with TOD when it
    /// was captured.
    #[must_use]
    pub fn clock(&self, r: &Record<'_>) -> Clock {
        self.zone.clock(if self.options.tod { r.time } else { r.entry_time })
    }

    /// The text columns for a record: TELNET data is shown as EBCDIC unless a code was named.
    #[must_use]
    pub fn code(&self, r: &Record<'_>) -> Code {
        let telnet = self.options.ports_of(Named::Telnet);
        let in_telnet = |p: u16| telnet.iter().any(|(a, b)| (*a..=*b).contains(&p.into()));
        match r.packet.ports {
            Some((a, b)) if !self.options.code_named && (in_telnet(a) || in_telnet(b)) => Code::Ebcdic,
            _ => self.options.code,
        }
    }
}

/// A byte as a dump shows it in ASCII.
#[must_use]
pub fn ascii(b: u8) -> char {
    if b.is_ascii_graphic() || b == b' ' { char::from(b) } else { '.' }
}

/// A byte as a dump shows it in EBCDIC.
#[must_use]
pub fn ebcdic(page: CodePage, b: u8) -> char {
    let c = page.decode_byte(b);
    if c.is_ascii_graphic() || c == ' ' { c } else { '.' }
}
