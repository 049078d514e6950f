//! What the decoders say about the data of a packet: `DNS: 28` and the fields below it.

use std::fmt::Write as _;

use crate::decode::registry::PROTOCOLS;
use crate::decode::tree::Tree;
use crate::decode::{FieldId, Proto, Sink, Span, Value};

/// Keeps the fields of the protocols above TCP and UDP, as text.
#[derive(Debug, Default)]
pub struct Application {
    tree: Tree,
    /// A transport header was seen, and no other packet inside.
    armed: bool,
    on: bool,
}

impl Application {
    /// Forgets the last packet.
    pub fn clear(&mut self) {
        self.tree.out.clear();
        (self.armed, self.on) = (false, false);
    }

    /// The text of the packet, empty when no decoder knows its data.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.tree.out).into_owned()
    }
}

impl Sink for Application {
    fn wants(&self, _: Proto) -> bool {
        true
    }

    fn layer(&mut self, proto: Proto, span: Span) {
        match proto {
            Proto::Tcp | Proto::Udp | Proto::Udplite | Proto::Sctp => (self.armed, self.on) = (true, false),
            // What an SMC record says beside its data.
            Proto::SmcRecord => self.on = true,
            Proto::Data | Proto::Stop => self.on = false,
            Proto::Ip | Proto::Ipv6 | Proto::Icmp | Proto::Icmpv6 | Proto::Eth => {
                (self.armed, self.on) = (false, false);
            }
            _ => self.on = self.armed,
        }
        if self.on {
            let mut title = String::new();
            let name = PROTOCOLS[proto as usize].layer.name.to_uppercase();
            let _ = writeln!(title, " {name}: {}", span.end.saturating_sub(span.off).max(span.len));
            // The tree's depth goes back to zero with a layer; only its title is ours.
            let at = self.tree.out.len();
            self.tree.layer(proto, span);
            self.tree.out.truncate(at);
            self.tree.out.extend_from_slice(title.as_bytes());
        }
    }

    fn field(&mut self, id: FieldId, value: Value<'_>, span: Span) {
        if self.on {
            self.tree.field(id, value, span);
        }
    }

    fn open(&mut self) {
        if self.on {
            self.tree.open();
        }
    }

    fn close(&mut self) {
        if self.on {
            self.tree.close();
        }
    }
}
