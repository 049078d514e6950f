//! The frame as its container describes it: number, times, lengths, interface.

use super::buf::Buf;
use super::ctx::{Ctx, Times};
use super::dispatch;
use super::field::{Base, Kind};
use super::registry::Proto;
use super::sink::Sink;
use super::value::{Span, Value};
use super::zos;
use crate::source::frame::{Batch, Frame, Head, LinkType};

crate::protocol! { Frame, "frame", "Frame";
    NUMBER "frame.number" "Frame Number" Kind::Uint(32, Base::Dec);
    TIME "frame.time" "Arrival Time" Kind::LocalTime;
    TIME_EPOCH "frame.time_epoch" "Epoch Time" Kind::AbsTime;
    TIME_RELATIVE "frame.time_relative" "Time since first frame" Kind::RelTime;
    TIME_DELTA "frame.time_delta" "Time since previous frame" Kind::RelTime;
    LEN "frame.len" "Frame Length" Kind::Uint(32, Base::Dec);
    CAP_LEN "frame.cap_len" "Capture Length" Kind::Uint(32, Base::Dec);
    PROTOCOLS "frame.protocols" "Protocols in frame" Kind::Str;
    INTERFACE_ID "frame.interface_id" "Interface id" Kind::Uint(32, Base::Dec);
    INTERFACE_NAME "frame.interface_name" "Interface name" Kind::Str;
    INTERFACE_DESCRIPTION "frame.interface_description" "Interface description" Kind::Str;
    OFFSET ours "zscope.offset" "Offset of the record in the trace" Kind::Uint(64, Base::Dec);
    LINK ours "zscope.linktype" "Link type" Kind::Uint(16, Base::Dec);
}

/// Decodes one frame of a batch into the sink of `c`.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, batch: &Batch) {
    let f = c.frame;
    let data = batch.bytes(f.data);
    let reported = (f.orig_len as usize).max(data.len());
    let b = Buf::new(data, reported, Span::FRAME);
    c.layer(Proto::Frame, b.whole());
    if c.wants(Proto::Frame) {
        fields(c, f, data.len());
    }
    if f.head_kind != Head::None {
        if matches!(f.head_kind, Head::Wrapped(_)) {
            let (_, _, packet) = batch.with_pseudo_header(f);
            zos::utc2::dissect(c, packet);
        }
        zos::head(c, batch.bytes(f.head));
    }
    let outcome = match f.link {
        LinkType::ZOS_DATA | LinkType::ZOS_SMC | LinkType::ZOS_CTE => {
            zos::body(c, f.link, batch.bytes(f.head), b)
        }
        link => dispatch::link(c, link, b),
    };
    if let Err(why) = outcome {
        c.stopped(why);
    }
}

fn fields<S: Sink>(c: &mut Ctx<'_, S>, f: &Frame, captured: usize) {
    let no = Span::NONE;
    c.field(NUMBER, Value::Uint(f.number), no);
    if let Some(t) = f.time {
        c.field(TIME, Value::Time(t), no);
        c.field(TIME_EPOCH, Value::Time(t), no);
        let Times { first, previous } = c.times;
        let since = |o: Option<_>| {
            let o: crate::source::frame::Timestamp = o.unwrap_or(t);
            i64::try_from(t.nanos_total() - o.nanos_total()).unwrap_or(i64::MAX)
        };
        c.field(TIME_RELATIVE, Value::Duration(since(first)), no);
        c.field(TIME_DELTA, Value::Duration(since(previous)), no);
    }
    c.field(LEN, Value::Uint(f.orig_len.into()), no);
    c.field(CAP_LEN, Value::Uint(captured as u64), no);
    c.field(INTERFACE_ID, Value::Uint(f.iface.into()), no);
    if let Some(i) = c.interfaces.get(f.iface as usize) {
        if let Some(name) = &i.name {
            c.field(INTERFACE_NAME, Value::Str(name), no);
        }
        if let Some(text) = &i.description {
            c.field(INTERFACE_DESCRIPTION, Value::Str(text), no);
        }
    }
    c.field(OFFSET, Value::Uint(f.offset), no);
    c.field(LINK, Value::Uint(f.link.0.into()), no);
}
