//! What z/OS says about a packet, in one line for pcapng's packet comment.

use std::fmt::Write as _;

use formats::ctrace::{FormatId, Pthdr};

use crate::source::frame::Frame;

/// Appends the facts that pcapng has no field for. Inferred ones carry a question mark.
pub fn comment(text: &mut String, id: FormatId, h: &Pthdr<'_>, f: &Frame) {
    let mut add = |s: std::fmt::Arguments<'_>| {
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = text.write_fmt(s);
    };
    if id == FormatId::DATA
        && let Some(d) = h.data_trace()
    {
        add(format_args!("job={}", d.job()));
    }
    if let Some(asid) = h.asid().filter(|&a| a != 0) {
        add(format_args!("asid?={asid:04x}"));
    }
    if let Some(word) = h.tcb_or_cid().filter(|&w| w != 0) {
        let name = if id == FormatId::DATA { "cid" } else { "tcb" };
        add(format_args!("{name}?={word:08x}"));
    }
    if let Some(n) = h.record_number().filter(|&n| n != 0) {
        add(format_args!("record?={n}"));
    }
    add(format_args!("device={}", h.device_type()));
    if let Some(v) = h.vlan().filter(|&v| v != 0) {
        add(format_args!("vlan={v}"));
    }
    if let Some(r) = h.drop_reason().filter(|r| r.0 != 0) {
        add(format_args!("dropped={r}"));
    }
    if let Some(n) = h.offload_segment_len().filter(|&n| n != 0) {
        add(format_args!("offload-segment={n}"));
    }
    if f.data.len < f.orig_len {
        add(format_args!("cut at capture: {} of {} bytes", f.data.len, f.orig_len));
    }
}
