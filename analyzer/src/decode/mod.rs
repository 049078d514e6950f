//! Decoding: one dissector per protocol, each in its own file, into whichever sink asks.

pub mod app;
pub mod buf;
pub mod columns;
pub mod ctx;
pub mod data;
pub mod dispatch;
pub mod field;
pub mod fmt;
pub mod frame;
pub mod json;
pub mod link;
pub mod memo;
pub mod names;
pub mod net;
pub mod plain;
pub mod print;
pub mod registry;
pub mod seen;
pub mod sink;
pub mod stop;
pub mod summary;
pub mod transport;
pub mod tree;
pub mod value;
mod zone;
pub mod zos;

pub use buf::{Buf, Outcome, Stop};
pub use ctx::{Ctx, Settings, Times};
pub use field::{Base, FieldDef, FieldId, Kind, ProtoDef};
pub use registry::Proto;
pub use seen::Seen;
pub use sink::Sink;
pub use summary::{Endpoint, Summary};
pub use value::{Span, Value, ether_number};
