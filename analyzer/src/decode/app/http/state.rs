//! What is remembered of an HTTP connection: its last exchange and the one before.

use std::sync::Arc;

use crate::decode::app::App;
use crate::source::frame::Timestamp;

/// Frames of one exchange; 0 where not seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exchange {
    /// Frame of the request.
    pub request: u64,
    /// Frame of the response.
    pub response: u64,
    /// Time of the request.
    pub time: Option<Timestamp>,
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Number of the last exchange, from 1.
    pub number: u32,
    /// The last exchange.
    pub this: Exchange,
    /// The one before.
    pub previous: Exchange,
    /// What the last request asked for, with its host.
    pub full_uri: Option<Arc<str>>,
    /// The same as it was written.
    pub uri: Option<Arc<str>>,
    /// The last request was a HEAD: its response has no body.
    pub head: bool,
    /// The last request was a CONNECT.
    pub connect: bool,
    /// Port of a CONNECT.
    pub port: u16,
    /// What is spoken behind a proxy.
    pub tunnel: Option<Box<Tunnel>>,
}

/// A connection inside one to a proxy.
#[derive(Debug, Clone)]
pub struct Tunnel {
    /// What is spoken in it.
    pub app: Option<App>,
    /// The port that was asked for.
    pub port: u16,
    /// The host that was asked for.
    pub host: Arc<str>,
    /// Which end of the connection the proxy is.
    pub upper: bool,
    /// What its decoder remembers.
    pub state: super::super::State,
}

impl State {
    fn begin(&mut self) {
        self.previous = self.this;
        self.this = Exchange::default();
        self.number += 1;
    }

    /// A request.
    pub fn request(
        &mut self,
        frame: u64,
        time: Option<Timestamp>,
        method: &[u8],
        uri: &[u8],
        host: Option<&[u8]>,
    ) {
        self.begin();
        self.this.request = frame;
        self.this.time = time;
        self.head = method == b"HEAD";
        self.connect = method == b"CONNECT";
        if self.connect {
            let port = uri.rsplit(|c| *c == b':').next().unwrap_or_default();
            self.port = super::number(port) as u16;
        }
        self.asked(uri, host);
    }

    /// What a request or notification is about.
    pub fn asked(&mut self, uri: &[u8], host: Option<&[u8]>) {
        let text = String::from_utf8_lossy(uri);
        let starts = |p: &str| text.get(..p.len()).is_some_and(|t| t.eq_ignore_ascii_case(p));
        self.full_uri = match host {
            Some(_) if starts("http://") || starts("https://") || self.connect => Some(text.as_ref().into()),
            Some(h) => Some(format!("http://{}{text}", String::from_utf8_lossy(h)).into()),
            None => None,
        };
        self.uri = Some(text.as_ref().into());
    }

    /// A response.
    pub fn response(&mut self, frame: u64) {
        if self.number == 0 || self.this.response > 0 {
            self.begin();
        }
        self.this.response = frame;
    }
}
