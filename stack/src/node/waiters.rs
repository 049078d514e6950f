//! Who waits for a socket.

use std::task::Waker;

/// Tasks that wait for one socket, by what they wait for. The last one to ask is woken.
#[derive(Debug, Default)]
pub struct Waiters {
    read: Option<Waker>,
    write: Option<Waker>,
    closed: Option<Waker>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Data, a connection to accept, a datagram.
    Read,
    /// Room, or the connection to be established.
    Write,
    /// The end of the connection.
    Closed,
}

impl Waiters {
    fn place(&mut self, what: Wait) -> &mut Option<Waker> {
        match what {
            Wait::Read => &mut self.read,
            Wait::Write => &mut self.write,
            Wait::Closed => &mut self.closed,
        }
    }

    /// Remembers a waker.
    pub fn add(&mut self, what: Wait, waker: &Waker) {
        match self.place(what) {
            Some(w) if w.will_wake(waker) => {}
            place => *place = Some(waker.clone()),
        }
    }

    /// Wakes who waits for this.
    pub fn wake(&mut self, what: Wait) {
        if let Some(w) = self.place(what).take() {
            w.wake();
        }
    }

    /// Wakes everybody.
    pub fn wake_all(&mut self) {
        [Wait::Read, Wait::Write, Wait::Closed].into_iter().for_each(|w| self.wake(w));
    }
}
