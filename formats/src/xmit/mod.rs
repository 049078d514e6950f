//! NETDATA, the format of TSO TRANSMIT (`.xmi`), and the unloaded libraries inside.
//!
//! Described in z/OS TSO/E Customization, "Format of transmitted data". The file is one byte
//! stream; its 80-byte cards carry no meaning. It is cut into segments ([`segment`]), segments
//! make records, and control records ([`control`]) made of text units ([`text_unit`]) say what
//! the data records are: the records of a sequential data set, or of a library that IEBCOPY
//! unloaded ([`iebcopy`]).

pub mod control;
pub mod iebcopy;
pub mod segment;
pub mod text_unit;

/// True when `prefix` is the beginning of a transmitted file: a complete control record
/// INMR01 whose first text units can be read.
#[must_use]
pub fn recognise(prefix: &[u8]) -> bool {
    let Ok(s) = segment::Segment::parse(prefix) else {
        return false;
    };
    let whole = segment::Flags::FIRST | segment::Flags::LAST | segment::Flags::CONTROL;
    s.flags.0 & !segment::Flags::RESERVED == whole
        && control::Control::parse(s.data)
            .is_ok_and(|c| c.id == control::Id::INMR01 && c.units().next().is_some_and(|u| u.is_ok()))
}
