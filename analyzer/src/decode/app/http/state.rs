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
    /// What the last request asked for.
    pub full_uri: Option<Arc<str>>,
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
        let text = String::from_utf8_lossy(uri);
        if self.connect {
            self.port = text.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or(0);
        }
        let starts = |p: &str| text.get(..p.len()).is_some_and(|t| t.eq_ignore_ascii_case(p));
        self.full_uri = match host {
            _ if starts("http://") || starts("https://") || self.connect => Some(text.as_ref().into()),
            Some(h) => Some(format!("http://{}{text}", String::from_utf8_lossy(h)).into()),
            None => None,
        };
    }

    /// A response.
    pub fn response(&mut self, frame: u64) {
        if self.number == 0 || self.this.response > 0 {
            self.begin();
            self.full_uri = None;
        }
        self.this.response = frame;
    }
}
