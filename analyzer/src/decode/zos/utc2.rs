//! The header of the container in which converters put component trace entries that hold no IP
//! packet (`formats::utc2`): one entry in each packet of link type 147.

use formats::utc2::Header;

use crate::decode::{Ctx, Kind, Proto, Sink, Span, Value};

crate::protocol! { Utc2, ours "utc2", "2cUTC container";
    COMPONENT ours "utc2.component" "Component name" Kind::Str;
    EXTENSION ours "utc2.extension" "Extension" Kind::Str;
}

/// Dissects the header of a packet that holds an entry.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, packet: &[u8]) {
    c.layer(Proto::Utc2, Span::NONE);
    if !c.wants(Proto::Utc2) {
        return;
    }
    let Ok(h) = Header::decode(packet) else { return };
    c.field(COMPONENT, Value::Str(&h.component_name()), Span::NONE);
    if !h.extension.is_empty() {
        c.field(EXTENSION, Value::Str(&String::from_utf8_lossy(h.extension)), Span::NONE);
    }
}
