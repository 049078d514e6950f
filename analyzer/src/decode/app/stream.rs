//! Applications over TCP: how they are recognised, and what they tell the layer below.
//!
//! Decoders say whether they need more bytes than there are; `transport/desegment.rs` sees to it
//! that they get them.

use super::{dns_tcp, drda, ftp, http, lpd, mq, rpc, sasp, smtp, telnet, tls};
use crate::decode::ctx::Ctx;
use crate::decode::registry::Proto;
use crate::decode::sink::Sink;
use crate::decode::transport::tcp;
use crate::decode::{Buf, FieldId, Outcome, frame};
use crate::source::frame::Timestamp;
use crate::track::streams::Expect;

/// A decoder over TCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    /// DNS.
    Dns,
    /// DRDA.
    Drda,
    /// FTP, control connection.
    Ftp,
    /// FTP, data connection.
    FtpData,
    /// HTTP/1.
    Http,
    /// LPR.
    Lpd,
    /// IBM MQ.
    Mq,
    /// RPC.
    Rpc,
    /// SASP.
    Sasp,
    /// SMTP.
    Smtp,
    /// Telnet.
    Telnet,
    /// TLS.
    Tls,
}

/// What a decoder over TCP makes of the bytes it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are another protocol's. Nothing was said about them.
    Rejected,
    /// They are dealt with.
    Done,
    /// From here on, more is needed.
    More {
        /// Offset of the first byte that was not dealt with.
        at: usize,
        /// How much.
        need: Need,
    },
}

/// How much more a decoder needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// So many bytes.
    Bytes(u32),
    /// One more segment, whatever its length.
    Segment,
    /// All there is until the connection is closed.
    End,
}

/// What decoders remember of a connection.
#[derive(Debug, Clone, Default)]
pub enum State {
    /// Nothing yet.
    #[default]
    None,
    /// FTP, both connections.
    Ftp(ftp::State),
    /// HTTP/1.
    Http(http::State),
    /// SMTP.
    Smtp(smtp::State),
    /// TLS.
    Tls(tls::State),
}

/// A connection as a decoder sees it.
#[derive(Debug)]
pub struct Talk<'a> {
    /// Source and destination address; IPv4 in the last four octets.
    pub addresses: [[u8; 16]; 2],
    /// Source and destination port.
    pub ports: [u16; 2],
    /// True in the direction whose source is the higher of the two ends.
    pub upper: bool,
    /// What is remembered.
    pub state: &'a mut State,
    /// True when more bytes can be asked for.
    pub may_wait: bool,
    /// True when the segment closes the connection.
    pub ending: bool,
    /// Number of the frame.
    pub frame: u64,
    /// Time of the frame.
    pub time: Option<Timestamp>,
    /// Set by a decoder that announces another connection.
    pub expect: Option<Expect>,
    /// Set by a decoder after which another protocol takes over the connection.
    pub becomes: Option<App>,
}

macro_rules! remembers {
    ($( $decoder:ident $variant:ident; )*) => {
        impl Talk<'_> { $(
            /// What this decoder remembers of the connection, in place of what another one did.
            pub fn $decoder(&mut self) -> &mut $decoder::State {
                // Another one's gives way at once: the second time it is this one's.
                loop {
                    match *self.state {
                        State::$variant(ref mut s) => return s,
                        _ => *self.state = State::$variant($decoder::State::default()),
                    }
                }
            }
        )* }
    };
}

remembers! {
    ftp Ftp;
    http Http;
    smtp Smtp;
    tls Tls;
}

/// The decoder of a TCP port, as IANA and Wireshark assign them.
#[must_use]
pub fn tcp_port(port: u16) -> Option<App> {
    Some(match port {
        20 => App::FtpData,
        21 => App::Ftp,
        23 => App::Telnet,
        25 | 587 => App::Smtp,
        53 | 5353 => App::Dns,
        446 | 448 | 523 => App::Drda,
        111 => App::Rpc,
        515 => App::Lpd,
        1414 => App::Mq,
        3860 => App::Sasp,
        80 | 631 | 1900 | 2710 | 2869 | 3128 | 3132 | 3689 | 5985 | 8080 | 8088 | 11371 => App::Http,
        324
        | 443
        | 465
        | 636
        | 802
        | 853
        | 993
        | 995
        | 1300
        | 2221
        | 2443
        | 3249..=3252
        | 3496
        | 5061
        | 5671
        | 5684
        | 5868
        | 8883
        | 11207
        | 19999
        | 27017 => App::Tls,
        _ => return None,
    })
}

/// The decoder whose messages look like these bytes.
#[must_use]
pub fn guess(b: Buf<'_>) -> Option<App> {
    if http::looks_like(b.bytes()) {
        return Some(App::Http);
    }
    if tls::looks_like(b.bytes()) {
        return Some(App::Tls);
    }
    if drda::looks_like(b.bytes()) {
        return Some(App::Drda);
    }
    if mq::looks_like(b.bytes()) {
        return Some(App::Mq);
    }
    if sasp::looks_like(b.bytes()) {
        return Some(App::Sasp);
    }
    None
}

/// Calls a decoder.
pub fn call<S: Sink>(c: &mut Ctx<'_, S>, app: App, b: Buf<'_>, t: &mut Talk<'_>) -> Outcome<Verdict> {
    match app {
        App::Dns => dns_tcp::dissect(c, b, t),
        App::Drda => drda::dissect(c, b, t),
        App::Ftp => ftp::control(c, b, t),
        App::FtpData => ftp::transfer(c, b, t),
        App::Lpd => lpd::dissect(c, b, t),
        App::Mq => mq::dissect(c, b, t),
        App::Rpc => rpc::stream(c, b, t),
        App::Sasp => sasp::dissect(c, b, t),
        App::Smtp => smtp::dissect(c, b, t),
        App::Telnet => telnet::dissect(c, b, t),
        App::Http => http::dissect(c, b, t),
        App::Tls => tls::dissect(c, b, t),
    }
}

/// Messages of a protocol whose header tells their length: `length` reads it from the first
/// `head` bytes, `message` decodes one and is told whether it is the first.
pub fn pdus<S: Sink>(
    c: &mut Ctx<'_, S>,
    b: Buf<'_>,
    t: &mut Talk<'_>,
    head: usize,
    length: impl Fn(Buf<'_>) -> Outcome<usize>,
    mut message: impl FnMut(&mut Ctx<'_, S>, Buf<'_>, bool) -> Outcome,
) -> Outcome<Verdict> {
    let mut at = 0;
    while at < b.reported() {
        let rest = b.from(at);
        if t.may_wait && rest.captured() < head {
            return Ok(Verdict::More { at, need: Need::Segment });
        }
        let len = length(rest)?;
        if len < head {
            return Err(rest.malformed(0));
        }
        if t.may_wait && rest.captured() < len {
            return Ok(Verdict::More { at, need: Need::Bytes((len - rest.captured()) as u32) });
        }
        let r = message(c, rest.truncate(len), at == 0);
        c.settle(r);
        at += len;
    }
    Ok(Verdict::Done)
}

/// True for fields that need the segments of TCP connections joined: those of protocols above,
/// and what lists all protocols.
#[must_use]
pub fn depends_on_streams(id: FieldId) -> bool {
    id == frame::PROTOCOLS || tcp::depends_on_streams(id) || ABOVE.contains(&id.proto())
}

/// Protocols that are found above TCP, and what stands for their absence.
const ABOVE: &[Proto] = &[
    Proto::Bootparams,
    Proto::Data,
    Proto::DataTextLines,
    Proto::Dns,
    Proto::Drda,
    Proto::Ftp,
    Proto::FtpData,
    Proto::Http,
    Proto::ImageGif,
    Proto::ImageJfif,
    Proto::Imf,
    Proto::Json,
    Proto::Klm,
    Proto::Lpd,
    Proto::Media,
    Proto::MimeMultipart,
    Proto::Mount,
    Proto::Mq,
    Proto::Nfs,
    Proto::Nfsacl,
    Proto::Nlm,
    Proto::Pcnfsd,
    Proto::Png,
    Proto::Portmap,
    Proto::Rpc,
    Proto::Rquota,
    Proto::Rstat,
    Proto::Rwall,
    Proto::Sasp,
    Proto::Smtp,
    Proto::Spray,
    Proto::Stat,
    Proto::Statnotify,
    Proto::Telnet,
    Proto::Tls,
    Proto::UrlencodedForm,
    Proto::Vxi11Async,
    Proto::Vxi11Core,
    Proto::Vxi11Intr,
    Proto::Xml,
    Proto::Ypbind,
    Proto::Yppasswd,
    Proto::Ypserv,
    Proto::Ypxfr,
];
