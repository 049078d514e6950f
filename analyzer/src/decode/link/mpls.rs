//! MPLS label stack (RFC 3032) and Ethernet pseudowires (RFC 4448).
//!
//! | bits | field |
//! |---|---|
//! | 20 | label |
//! | 3 | traffic class |
//! | 1 | bottom of stack |
//! | 8 | time to live |
//!
//! Nothing says what is behind the stack: the reserved labels do, else the first nibble decides,
//! 0 being the control word of a pseudowire that takes care not to look like IP.

use crate::decode::names;
use crate::decode::stop::Undecoded;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, dispatch, fmt::Out, net};

use super::ethernet;

crate::protocol! { Mpls, "mpls", "MultiProtocol Label Switching Header";
    LABEL "mpls.label" "MPLS Label" Kind::Uint(32, Base::Dec), names::mpls_label;
    EXP "mpls.exp" "MPLS Experimental Bits" Kind::Uint(32, Base::Dec);
    BOTTOM "mpls.bottom" "MPLS Bottom Of Label Stack" Kind::Uint(32, Base::Dec);
    TTL "mpls.ttl" "MPLS TTL" Kind::Uint(32, Base::Dec);
}

/// A pseudowire whose payload was recognised by its bytes.
pub mod pwethheuristic {
    crate::protocol! { PwEthHeuristic, "pwethheuristic", "Ethernet PW (CW heuristic)"; }
}

/// A pseudowire without control word.
pub mod pwethnocw {
    crate::protocol! { PwEthNoCw, "pwethnocw", "Ethernet PW (no CW)"; }
}

/// The control word of a pseudowire.
pub mod pwethcw {
    use crate::decode::{Base, Kind};

    crate::protocol! { PwEthCw, "pwethcw", "PW Ethernet Control Word";
    CW "pweth.cw" "PW Control Word (ethernet)" Kind::Bool;
    SEQUENCE_NUMBER "pweth.cw.sequence_number" "PW sequence number (ethernet)" Kind::Uint(16, Base::Dec);
    }
}

/// Dissects the stack and guesses what it carries.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Mpls, b.span(0, 4.min(b.captured())));
    let mut at = 0;
    let label = loop {
        let word = b.u32(at)?;
        c.parts(word, b, at, 4, &[(LABEL, 12, 20), (EXP, 9, 3), (BOTTOM, 8, 1), (TTL, 0, 8)]);
        at += 4;
        if word >> 8 & 1 == 1 {
            break word >> 12;
        }
    };
    if let Some(info) = c.summary().and_then(|s| s.take("MPLS")) {
        info.text("Label ");
        info.dec(label.into());
    }
    let rest = b.from(at);
    if rest.reported() == 0 {
        return Ok(());
    }
    match label {
        0 => return net::ipv4::any(c, rest),
        2 => return net::ipv6::dissect(c, rest),
        // Operation and maintenance of the path itself.
        14 => return dispatch::unknown(c, rest, Undecoded::MplsPayload(rest.u8(0)?)),
        _ => {}
    }
    let first = rest.u8(0)?;
    match first >> 4 {
        _ if plain_ethernet(rest) => {
            c.layer(Proto::PwEthHeuristic, rest.span(0, 0));
            c.layer(Proto::PwEthNoCw, rest.span(0, 0));
            ethernet::without_fcs(c, rest)
        }
        0 => {
            c.layer(Proto::PwEthHeuristic, rest.span(0, 0));
            control_word(c, rest)
        }
        4 => net::ipv4::any(c, rest),
        6 => net::ipv6::dissect(c, rest),
        _ => dispatch::unknown(c, rest, Undecoded::MplsPayload(first)),
    }
}

/// A pseudowire's control word and the frame behind it.
fn control_word<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::PwEthCw, b.span(0, 4.min(b.captured())));
    c.bits(pwethcw::CW, 1u8, b, 0, 4);
    c.u16(pwethcw::SEQUENCE_NUMBER, b, 2)?;
    ethernet::without_fcs(c, b.from(4))
}

/// A frame without control word. Nibble 0 is ambiguous: it may also begin the address of a
/// station; then an EtherType that is in use must be at its place, and none behind a control word.
fn plain_ethernet(b: Buf<'_>) -> bool {
    let known = |at| {
        matches!(
            b.u16(at),
            Ok(0x0800 | 0x0806 | 0x86DD | 0x8100 | 0x88A8 | 0x8847 | 0x8863 | 0x8864 | 0x88CC)
        )
    };
    matches!(b.u8(0), Ok(first) if first >> 4 == 0) && known(12) && !known(16)
}
