//! Bytes that no dissector claims.

use super::buf::Buf;
use super::ctx::Ctx;
use super::field::{Base, Kind};
use super::registry::Proto;
use super::sink::Sink;
use super::value::Value;

crate::protocol! { Data, "data", "Data";
    DATA "data.data" "Data" Kind::Bytes;
    LEN "data.len" "Length" Kind::Uint(32, Base::Dec);
}

/// Shows what is left as it is.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) {
    if b.captured() == 0 {
        return;
    }
    c.layer(Proto::Data, b.whole());
    if c.wants(Proto::Data) {
        c.field(DATA, Value::Bytes(b.bytes()), b.whole());
        c.field(LEN, Value::Uint(b.captured() as u64), b.whole());
    }
}
