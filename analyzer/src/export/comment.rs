//! What z/OS says about a packet, in one line for pcapng's packet comment.

use std::io::Write as _;

use formats::ctrace::{FormatId, Pthdr};

use crate::decode::fmt::Out;
use crate::source::frame::Frame;

/// Appends the facts that pcapng has no field for. Inferred ones carry a question mark.
pub fn comment(text: &mut Vec<u8>, id: FormatId, h: &Pthdr<'_>, f: &Frame) {
    let mut item = |name: &str, print: &dyn Fn(&mut Vec<u8>)| {
        if !text.is_empty() {
            text.push(b' ');
        }
        text.text(name);
        print(text);
    };
    if id == FormatId::DATA
        && let Some(d) = h.data_trace()
    {
        item("job=", &|t| shown(t, d.job()));
    }
    if let Some(asid) = h.asid().filter(|&a| a != 0) {
        item("asid?=", &|t| t.hex(asid.into(), 4));
    }
    if let Some(word) = h.tcb_or_cid().filter(|&w| w != 0) {
        item(if id == FormatId::DATA { "cid?=" } else { "tcb?=" }, &|t| t.hex(word.into(), 8));
    }
    if let Some(n) = h.record_number().filter(|&n| n != 0) {
        item("record?=", &|t| t.dec(n.into()));
    }
    let device = h.device_type();
    item("device=", &|t| {
        t.dec(device.0.into());
        if let Some(name) = device.name() {
            t.push(b'(');
            t.text(name);
            t.push(b')');
        }
    });
    if let Some(v) = h.vlan().filter(|&v| v != 0) {
        item("vlan=", &|t| t.dec(v.into()));
    }
    if let Some(r) = h.drop_reason().filter(|r| r.0 != 0) {
        item("dropped=", &|t| shown(t, r));
    }
    if let Some(n) = h.offload_segment_len().filter(|&n| n != 0) {
        item("offload-segment=", &|t| t.dec(n.into()));
    }
    if f.data.len < f.orig_len {
        item("cut at capture: ", &|t| {
            t.dec(f.data.len.into());
            t.text(" of ");
            t.dec(f.orig_len.into());
            t.text(" bytes");
        });
    }
}

fn shown(text: &mut Vec<u8>, v: impl std::fmt::Display) {
    let _ = write!(text, "{v}");
}
