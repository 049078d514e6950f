//! The common pcap file, until the full framer stands.

use std::borrow::Cow;

use formats::pcap::{FileHeader, RECORD_HEADER_LEN, RecordHeader};

use super::frame::{
    AnomalyKind, Chunk, Finds, Frame, Framer, Interface, LinkType, Progress, Timestamp, Window,
};

/// Walks a pcap file.
#[derive(Debug, Default)]
pub struct Plain {
    header: Option<FileHeader>,
}

impl Framer for Plain {
    fn name(&self) -> Cow<'static, str> {
        "pcap".into()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let mut at = 0;
        if self.header.is_none() {
            let Ok(h) = FileHeader::decode(w.bytes) else {
                return Progress { consumed: w.bytes.len(), need: 0 };
            };
            at = h.encoded_len();
            out.interface(Interface { link: LinkType(h.link_type()), ..Interface::default() });
            self.header = Some(h);
        }
        let Some(h) = &self.header else { return Progress { consumed: 0, need: 0 } };
        loop {
            let rest = &w.bytes[at..];
            let Ok(r) = RecordHeader::decode(rest, h) else { break };
            let len = r.incl_len as usize;
            if len > 1 << 20 || rest.len() < RECORD_HEADER_LEN + len {
                break;
            }
            out.frames.push(Frame {
                offset: w.base + at as u64,
                time: Some(Timestamp {
                    secs: r.ts_sec.into(),
                    nanos: r.ts_frac * (1_000_000_000 / h.per_second()),
                }),
                data: Chunk::main(at + RECORD_HEADER_LEN, len),
                orig_len: r.orig_len,
                link: LinkType(h.link_type()),
                ..Frame::default()
            });
            out.tally.records += 1;
            out.tally.frames += 1;
            at += RECORD_HEADER_LEN + len;
        }
        if w.eof && at < w.bytes.len() {
            out.anomaly(
                AnomalyKind::TruncatedRecord,
                w.base + at as u64,
                (w.bytes.len() - at) as u64,
                "cut short",
                "",
            );
            at = w.bytes.len();
        }
        Progress { consumed: at, need: 0 }
    }
}
