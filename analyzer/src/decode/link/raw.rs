//! Frames that begin with an IP header.
//!
//! Old Linux drivers left pieces of a PPP header in front; they are looked for at the three
//! places where they occur.

use crate::decode::{Buf, Ctx, Outcome, Proto, Sink, dispatch, net};

use super::ppp;

crate::protocol! { Raw, "raw", "Raw packet data"; }

/// Dissects a frame without a link-layer header.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Raw, b.whole());
    for at in [0, 6, 1] {
        if b.u16(at)? == 0xFF03 {
            let inner = b.from(at);
            return c.nest(inner, |c| ppp::hdlc(c, inner));
        }
    }
    if b.bytes().first_chunk() == Some(&[0u8; 10]) {
        return net::ipv4::dissect(c, b.from(10));
    }
    dispatch::raw_ip(c, b)
}
