//! MERGE ... MERGEEND: several CTRACE commands as one list in the order of time.
//!
//! Each command runs in a thread of its own and waits when it is far ahead, so that memory stays
//! bounded. Within one command records keep their order; the earliest of all next records is
//! printed first. Reports that need the end of a trace follow behind the list.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::command::Ctrace;
use super::run::{self, Emit, Setup};
use super::zone::Clock;
use crate::pipeline::Report;
use crate::source::frame::Timestamp;

/// Records that a command may be ahead.
const AHEAD: usize = 256;

enum Piece {
    Text(String),
    Record(Timestamp, Clock, String),
}

struct Send(SyncSender<Piece>);

impl Emit for Send {
    fn text(&mut self, text: &str) -> bool {
        text.is_empty() || self.0.send(Piece::Text(text.to_owned())).is_ok()
    }

    fn record(&mut self, time: Timestamp, clock: &Clock, text: &str) -> bool {
        self.0.send(Piece::Record(time, *clock, text.to_owned())).is_ok()
    }
}

/// One command's pieces: its next record, and what came outside of the records.
struct Queue {
    from: Receiver<Piece>,
    next: Option<(Timestamp, Clock, String)>,
    after: String,
}

impl Queue {
    /// Waits for the next record. Text in front of the first record goes to `emit`.
    fn advance(&mut self, mut before: Option<&mut dyn Emit>) {
        self.next = None;
        while let Ok(piece) = self.from.recv() {
            match (piece, &mut before) {
                (Piece::Record(t, c, text), _) => {
                    self.next = Some((t, c, text));
                    return;
                }
                (Piece::Text(t), Some(emit)) => _ = emit.text(&t),
                (Piece::Text(t), None) => self.after.push_str(&t),
            }
        }
    }
}

/// Runs the commands. Returns what each found out.
pub fn run(commands: &[Ctrace], setup: &Setup, emit: &mut dyn Emit) -> io::Result<Vec<Report>> {
    let setup = Setup { workers: 1, ..setup.clone() };
    std::thread::scope(|scope| {
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        for c in commands {
            let (to, from) = sync_channel(AHEAD);
            let setup = &setup;
            threads.push(scope.spawn(move || run::ctrace(c, setup, &mut Send(to))));
            queues.push(Queue { from, next: None, after: String::new() });
        }
        for q in &mut queues {
            q.advance(Some(emit));
        }
        while let Some(q) =
            queues.iter_mut().filter(|q| q.next.is_some()).min_by_key(|q| q.next.as_ref().map(|n| n.0))
        {
            let Some((time, clock, text)) = q.next.take() else { break };
            if !emit.record(time, &clock, &text) {
                // Nobody listens: the threads end when their queues are gone.
                queues.clear();
                break;
            }
            q.advance(None);
        }
        emit.flush();
        for q in &queues {
            emit.text(&q.after);
        }
        drop(queues);
        emit.flush();
        threads
            .into_iter()
            .map(|t| t.join().unwrap_or_else(|_| Err(io::Error::other("a command of the MERGE failed"))))
            .collect()
    })
}
