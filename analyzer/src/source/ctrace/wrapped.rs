//! Entries in packets of a capture: what converters of component traces, and our own pcapng
//! export, make of entries that hold no IP packet (2cUTC, link type 147).
//!
//! The capture's own framer finds the packets; those that hold an entry are then shown as that
//! entry, with its headers, as if they stood in a component trace. Number, time and interface stay
//! those of the packet, and every packet stays one frame: segments are not joined, so that an
//! export can carry the packets over as they are.

use std::borrow::Cow;
use std::sync::Arc;

use formats::ctrace::cte::TRAILER;
use formats::ctrace::{Component, FormatId, Name};
use formats::utc2::{self, Header};

use super::entry::{Entries, Place, be16, complete};
use crate::source::frame::{Chunk, Finds, Frame, Framer, Head, LinkType, Progress, Tally, Window};

/// A capture's framer with the entries taken out of its packets.
pub struct Wrapped {
    inner: Box<dyn Framer>,
    leap_seconds: i32,
    /// Once there was one.
    entries: Option<Box<Entries>>,
    found: Vec<Frame>,
}

impl Wrapped {
    /// Looks into the packets that `inner` finds.
    #[must_use]
    pub fn new(inner: Box<dyn Framer>, leap_seconds: i32) -> Self {
        Self { inner, leap_seconds, entries: None, found: Vec::new() }
    }

    /// The frame of the entry that packet `f` holds.
    #[cold]
    fn unwrap(&mut self, w: Window<'_>, f: &Frame, out: &mut Finds<'_>) -> Option<Frame> {
        let (at, len) = (f.data.off as usize, f.data.len as usize);
        let packet = w.bytes.get(at..at + len).filter(|_| !f.data.side)?;
        let h = Header::decode(packet).ok()?;
        let whole = complete(h.entry);
        // Cut at capture: what is there of it.
        let cut = len < f.orig_len as usize && be16(h.entry, 0) > h.entry.len();
        if whole.is_none() && !cut {
            return None;
        }
        let leap_seconds = self.leap_seconds;
        let entries = self.entries.get_or_insert_with(|| Box::new(Entries::apart(leap_seconds)));
        let id = h.entry.get(4..8)?.first_chunk().map(|b| FormatId(u32::from_be_bytes(*b)))?;
        let named = h.component_name();
        entries.set_component(match named.as_str() {
            "" => Component::of_packet_id(id),
            name => Some(Component(Name::new(name))),
        });
        // The packet is counted already, and its interface is known.
        let (mut tally, mut interfaces) = (Tally::default(), Arc::default());
        self.found.clear();
        let mut finds = Finds {
            side: &mut Vec::new(),
            frames: &mut self.found,
            blocks: &mut Vec::new(),
            anomalies: out.anomalies,
            interfaces: &mut interfaces,
            tally: &mut tally,
        };
        let place = Place { at: at + h.len(), side: false, offset: f.offset };
        match whole {
            Some(n) => entries.take(&h.entry[..n], place, &mut finds),
            None => entries.take_cut(h.entry, place, &mut finds),
        }
        let [e] = self.found[..] else { return None };
        let lead = match f.head_kind {
            Head::Pcapng { .. } => f.data.off - f.head.off,
            _ => 0,
        };
        Some(Frame {
            data: Chunk { off: e.data.off, ..e.data },
            head: e.head,
            head_kind: Head::wrapped(
                u8::try_from(lead).ok()?,
                if whole.is_some() { TRAILER as u8 } else { 0 },
            ),
            time: f.time.or(e.time),
            orig_len: e.orig_len,
            link: e.link,
            phdr_len: u16::try_from(e.data.off - f.data.off).ok()?,
            fcs_len: None,
            ..*f
        })
    }
}

impl Framer for Wrapped {
    fn name(&self) -> Cow<'static, str> {
        self.inner.name()
    }

    fn walk(&mut self, w: Window<'_>, out: &mut Finds<'_>) -> Progress {
        let from = out.frames.len();
        let progress = self.inner.walk(w, out);
        if out.interfaces.iter().all(|i| i.link != LinkType::USER0) {
            return progress;
        }
        for i in from..out.frames.len() {
            let f = out.frames[i];
            let magic =
                |f: &Frame| w.bytes.get(f.data.off as usize..).is_some_and(|b| b.starts_with(&utc2::MAGIC));
            if f.link == LinkType::USER0
                && magic(&f)
                && let Some(e) = self.unwrap(w, &f, out)
            {
                out.frames[i] = e;
            }
        }
        progress
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = self.inner.facts();
        if let Some(e) = &self.entries {
            e.facts(&mut facts);
        }
        facts
    }
}
