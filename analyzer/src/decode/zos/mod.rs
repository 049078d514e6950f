//! What z/OS writes around and instead of packets.

pub mod cte;
pub mod pth;

use super::{Buf, Ctx, Outcome, Sink, Span, data};
use crate::source::frame::LinkType;

/// The container's header in front of a packet.
pub fn head<S: Sink>(c: &mut Ctx<'_, S>, head: &[u8], _data: Buf<'_>) {
    if c.frame.head_kind == crate::source::frame::Head::Cte {
        // A header cut short shows what is there; the packet behind it is decoded all the same.
        let b = Buf::new(head, head.len(), Span::HEAD);
        let _ = cte::dissect(c, b);
    }
}

/// Records that hold no packet.
pub fn body<S: Sink>(c: &mut Ctx<'_, S>, _t: LinkType, b: Buf<'_>) -> Outcome {
    data::dissect(c, b);
    Ok(())
}
