//! IPCS subcommands as users of z/OS type them.
//!
//! [`text`] and [`command`] read a command, [`select`] makes a display filter of what it selects,
//! [`run`] sends the records that pass to the [`report`]s, [`query`] says the same in zscope's
//! own commands. `docs/ipcs.md` lists what is supported and which layouts are ours.

pub mod application;
pub mod command;
pub mod inputs;
pub mod interpreter;
pub mod keyword;
pub mod merge;
pub mod message;
pub mod operand;
pub mod options;
pub mod packet;
pub mod parse_options;
pub mod query;
pub mod record;
pub mod report;
pub mod run;
pub mod select;
pub mod text;
pub mod zone;
