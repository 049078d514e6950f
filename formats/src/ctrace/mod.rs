//! Component trace entries (CTEs) and what z/OS Communications Server puts into them.
//!
//! A trace buffer is a gap-free sequence of entries. Each has a header, component data and its
//! length once more at the end ([`cte`]). Packet and data traces start their data with a packet
//! trace header ([`pthdr`]); the other components have layouts of their own. What holds the
//! buffers (data sets with record descriptor words, the network management interface) is
//! in [`crate::rdw`] and [`nmi`]; what can be found without any of that, in [`scan`].
//!
//! Which parts are certain and which are not is listed in `docs/formats/ctrace.md`.

pub mod component;
pub mod cte;
pub mod data_trace;
pub mod encode;
pub mod events;
pub mod extension;
pub mod gsk;
pub mod ids;
pub mod lost;
pub mod name;
pub mod nmi;
pub mod pthdr;
pub mod resolver;
pub mod scan;
pub mod smc;
pub mod systcpip;
pub mod tca;
pub mod writer;

pub use component::Component;
pub use cte::{Cte, FormatId};
pub use name::Name;
pub use pthdr::{DeviceType, DropReason, Flags, PthFields, Pthdr};
