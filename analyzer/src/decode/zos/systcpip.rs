//! Entries of the stack event trace SYSTCPIP and of components whose bodies are not published:
//! the certain fields, and the printable text.

use formats::ctrace::name;

use crate::decode::fmt::Out;
use crate::decode::{Base, Buf, Ctx, Kind, Outcome, Proto, Sink, Value, data};

use super::{address, format_id, name as name_field};

crate::protocol! { Systcpip, ours "systcpip", "Stack event";
    HOME_ASID ours "systcpip.home_asid" "Home address space" Kind::Uint(16, Base::Hex);
    PRIMARY_ASID ours "systcpip.primary_asid" "Primary address space" Kind::Uint(16, Base::Hex);
    SECONDARY_ASID ours "systcpip.secondary_asid" "Secondary address space" Kind::Uint(16, Base::Hex);
    JOBNAME ours "systcpip.jobname" "User or job name" Kind::Str;
    DUCB ours "systcpip.ducb" "DUCB" Kind::Uint(32, Base::Hex);
    PORT ours "systcpip.port" "Local port" Kind::Uint(16, Base::Dec);
    CID ours "systcpip.cid" "Connection id" Kind::Uint(32, Base::Hex);
    ADDR ours "systcpip.addr" "Remote address" Kind::Ipv4;
    ADDR6 ours "systcpip.addr6" "Remote address" Kind::Ipv6;
    TEXT ours "systcpip.text" "Printable text" Kind::Str;
}

/// Shortest run of printable EBCDIC that is taken for text.
const MIN_TEXT: usize = 6;
/// Text shown at most.
const MAX_TEXT: usize = 200;

/// Dissects the body of an entry without a packet. The file does not say which component wrote
/// it, so the stack's layout is applied only where the job name in it is one.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, head: &[u8], b: Buf<'_>) -> Outcome {
    let id = format_id(head).unwrap_or_default();
    if let Some(info) = c.summary().and_then(|s| s.take("CTE")) {
        info.text("Entry id ");
        info.hex0x(id.0.into(), 8);
        info.text(", ");
        info.dec(b.captured() as u64);
        info.text(" bytes");
    }
    let stack = b.get(16, 8).is_ok_and(|n| {
        let trimmed = n.iter().rposition(|&x| x != 0x40).map_or(&n[..0], |p| &n[..=p]);
        !trimmed.is_empty() && trimmed.iter().all(|&x| name::is_name_byte(x))
    });
    if stack && b.has(0, 72) {
        c.layer(Proto::Systcpip, b.whole());
        if c.wants(Proto::Systcpip) {
            c.u16(HOME_ASID, b, 0)?;
            c.u16(PRIMARY_ASID, b, 2)?;
            c.u16(SECONDARY_ASID, b, 4)?;
            name_field(c, JOBNAME, b, 16, 8)?;
            c.u32(DUCB, b, 24)?;
            c.u16(PORT, b, 32)?;
            c.u32(CID, b, 36)?;
            address(c, ADDR, ADDR6, b, 40)?;
        }
    }
    if c.wants(Proto::Systcpip) {
        text(c, b);
    }
    data::dissect(c, b);
    Ok(())
}

/// Runs of printable EBCDIC.
fn text<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    let page = c.settings.codepage;
    let printable = |x: u8| {
        let ch = page.decode_byte(x);
        ch.is_ascii_graphic() || ch == ' '
    };
    let bytes = b.bytes();
    let mut at = 0;
    let mut line = String::new();
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|&&x| printable(x)).count();
        if run >= MIN_TEXT {
            line.clear();
            line.extend(bytes[at..at + run].iter().take(MAX_TEXT).map(|&x| page.decode_byte(x)));
            let shown = line.trim();
            if shown.len() >= MIN_TEXT {
                c.field(TEXT, Value::Str(shown), b.span(at, run));
            }
        }
        at += run.max(1);
    }
}
