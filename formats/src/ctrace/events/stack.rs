//! Events of the stack as a whole: start, stop, operator commands and configuration.

use super::Hex32;
use crate::ctrace::Name;

crate::trace_events! {
    layer 1 "Stack";

    /// The stack has started.
    1 Started [INIT] "stack {name} on {system} started, {interfaces} interfaces"
    { name: Name<8>, system: Name<8>, interfaces: u16 }

    /// The stack ends.
    2 Stopped [INIT] "stack {name} ended after {seconds} seconds" { name: Name<8>, seconds: u32 }

    /// An operator command was executed.
    3 Command [OPCMDS] "command {verb} {function}: return code {code}"
    { verb: Name<8>, function: Name<16>, code: u32 }

    /// A message was sent to the operator.
    4 Message [OPMSGS] "message {id} to console {console}" { id: Name<8>, console: Hex32 }

    /// A statement of the profile took effect.
    5 Configured [CONFIG] "line {line}: {statement} took effect" { statement: Name<16>, line: u32 }

    /// An interface was defined.
    6 InterfaceDefined [CONFIG] "interface {interface} index {index}, MTU {mtu}"
    { interface: Name<16>, index: u16, mtu: u32 }

    /// A unit of work was started by a timer.
    7 TimerFired [TIMER] "timer {timer} fired, {late_us} microseconds late" { timer: Hex32, late_us: u32 }

    /// Storage of a pool was taken or given back.
    8 Storage [STORAGE] "pool {pool}: {blocks} blocks in use, limit {limit}"
    { pool: Name<8>, blocks: u32, limit: u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::events::{AREA_HEADER, Event, FIELDS_KEY, decode};

    #[test]
    fn an_event_becomes_bytes_and_text() {
        let e = Stopped { name: Name::new("TCPCS"), seconds: 258 };
        let mut area = vec![0, 16];
        area.extend(FIELDS_KEY.to_be_bytes());
        area.resize(AREA_HEADER + Stopped::LEN, 0);
        e.put(&mut area[AREA_HEADER..]);
        assert_eq!(area, [0, 16, 0xE9, 0xE2, 0xE3, 0xC3, 0xD7, 0xC3, 0xE2, 0x40, 0x40, 0x40, 0, 0, 1, 2]);
        assert_eq!(Stopped::ID.0, 0xE901_0002);
        let d = decode(Stopped::ID, &area).unwrap();
        assert_eq!(d.to_string(), "stack TCPCS ended after 258 seconds");
        assert_eq!(Stopped::get(d.bytes), Some(e));
        let all: Vec<_> = d.fields().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(all, ["name=TCPCS", "seconds=258"]);
        for n in 0..area.len() {
            assert!(decode(Stopped::ID, &area[..n]).is_none());
        }
        area[3] = 0;
        assert!(decode(Stopped::ID, &area).is_none());
    }
}
