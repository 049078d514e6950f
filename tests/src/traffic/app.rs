//! What the packets carry: believable TLS records, HTTP, Telnet and DNS, so that a peer's
//! dissectors do on this file about what they do on a real one.

use super::packet::Packet;
use super::rng::Rng;

/// The application of a TCP flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum App {
    Tls,
    Http,
    Telnet,
    /// Filler on a port that nothing is registered for.
    Other,
}

impl App {
    pub(crate) fn pick(rng: &mut Rng) -> Self {
        match rng.below(16) {
            0..=8 => Self::Tls,
            9..=11 => Self::Http,
            12..=13 => Self::Telnet,
            _ => Self::Other,
        }
    }

    pub(crate) fn port(self, rng: &mut Rng) -> u16 {
        match self {
            Self::Tls => 443,
            Self::Http => 80,
            Self::Telnet => 23,
            Self::Other => 40_000 + rng.below(64) as u16,
        }
    }

    /// `len` bytes of data. `message` is the length of the message that begins here, or `None`
    /// when this continues one.
    pub(crate) fn data(
        self,
        p: &mut Packet,
        rng: &mut Rng,
        len: usize,
        request: bool,
        message: Option<usize>,
    ) {
        let start = p.len();
        match (self, message) {
            // One record a segment: the cheapest case for a peer that reassembles records.
            (Self::Tls, _) if len > 5 => {
                let [a, b] = ((len - 5) as u16).to_be_bytes();
                p.push(&[0x17, 3, 3, a, b]);
            }
            (Self::Http, Some(total)) => http(p, len, request, total),
            _ => {}
        }
        let done = (p.len() - start).min(len);
        p.fill(rng.below(u32::MAX), len - done);
    }
}

const GET: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nX-Filler: ";

fn http(p: &mut Packet, len: usize, request: bool, total: usize) {
    if request {
        if len >= GET.len() + 4 {
            p.push(GET);
            for _ in 0..len - GET.len() - 4 {
                p.push(b"x");
            }
            p.push(b"\r\n\r\n");
        }
        return;
    }
    // The length is written with a fixed width so that the header's own size is known.
    let head = 43 + 24 + 4;
    if len > head && total >= head {
        p.push(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
        p.push(b"Content-Length: ");
        let mut digits = [b'0'; 8];
        let mut n = total - head;
        for d in digits.iter_mut().rev() {
            *d += (n % 10) as u8;
            n /= 10;
        }
        p.push(&digits);
        p.push(b"\r\n\r\n");
    }
}

/// A DNS question for one of some thousand names, or its answer. Returns nothing: appends.
pub(crate) fn dns(p: &mut Packet, id: u16, name: u32, v6: bool, answer: bool) {
    p.push(&id.to_be_bytes());
    p.push(if answer {
        &[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
    } else {
        &[0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
    });
    let mut label = *b"\x09host00000";
    let mut n = name % 100_000;
    for d in label[5..].iter_mut().rev() {
        *d += (n % 10) as u8;
        n /= 10;
    }
    p.push(&label);
    p.push(b"\x07example\x03com\x00");
    let kind: u8 = if v6 { 28 } else { 1 };
    p.push(&[0, kind, 0, 1]);
    if answer {
        p.push(&[0xC0, 12, 0, kind, 0, 1, 0, 0, 1, 44]);
        let [a, b, c, d] = name.to_be_bytes();
        if v6 {
            p.push(&[0, 16, 0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]);
        } else {
            p.push(&[0, 4, 10, b, c, d]);
        }
    }
}
