//! A component's trace as a dump of the stack holds it: the control area, and the buffers.

use formats::ctrace::cte::Entries;
use formats::ctrace::encode::STACK_MAX_DATA;
use formats::ctrace::tca::Tca;
use formats::tod::Tod;

use crate::{Trace, Which};

/// The storage of a component's trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// The control area (TCA).
    pub tca: Vec<u8>,
    /// The buffers, one behind the other: entries from the start of each, zeros behind them.
    pub buffers: Vec<u8>,
}

impl Trace {
    /// What a dump would show of a component at this moment, while producers go on recording.
    #[must_use]
    pub fn dump(&self, which: Which) -> Dump {
        let size = self.settings().buffers[which as usize].size;
        let mut buffers = Vec::new();
        let (mut entries, mut last) = (0_u32, 0);
        self.look(which, |b| {
            buffers.extend_from_slice(b);
            buffers.resize(buffers.len().next_multiple_of(size.max(1)), 0);
            entries += Entries::new(b).count() as u32;
            last = b.len();
        });
        let count = (buffers.len() / size.max(1)) as u32;
        let counts = self.counts(which);
        let lost_time = self.pending(which).iter().map(|l| l.last).max().unwrap_or(Tod(0));
        // Of these components only this one filters by address space.
        let asids = if which == Which::Events { self.config().events.asids.clone() } else { Vec::new() };
        let tca = Tca {
            current_offset: last as u32,
            table_size: buffers.len() as u32,
            buffers: count,
            buffer_size: size as u32,
            max_data: STACK_MAX_DATA as u32,
            records: entries,
            entries,
            lost: counts.lost as u32,
            lost_time,
            asids,
            ..Tca::default()
        };
        Dump { tca: tca.encode(), buffers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subject;
    use formats::ctrace::Name;
    use formats::ctrace::events::stack::Stopped;

    #[test]
    fn buffers_and_their_control_area() {
        let trace = Trace::small(200, 3);
        let t = trace.tracer();
        let who = Subject::stack(0x41, Name::new("TCPCS"));
        for seconds in 0..5 {
            t.event(&who, &Stopped { name: Name::new("TCPCS"), seconds });
        }
        let d = trace.dump(Which::Events);
        let tca = Tca::parse(&d.tca).unwrap();
        assert_eq!((tca.buffers, tca.buffer_size, tca.table_size), (3, 200, 600));
        assert_eq!((tca.entries, tca.lost, tca.current_offset), (5, 0, 90));
        assert_eq!(d.buffers.len(), 600);
        let second = |at: usize| d.buffers[at + 87];
        assert_eq!([0, 90, 200, 290, 400].map(second), [0, 1, 2, 3, 4]);
        assert!(d.buffers[180..200].iter().chain(&d.buffers[490..]).all(|b| *b == 0));
    }
}
