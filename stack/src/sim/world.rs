//! What drives a plex in virtual time.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::engine::Instant;
use crate::node::executor::Executor;
use crate::node::{ImageId, Plex, StackId};
use crate::sockets::Process;

/// Steps of tasks between two looks at the network.
const STEPS: usize = 1024;
/// Rounds at one moment after which something must be spinning.
const MOST_ROUNDS: u64 = 1_000_000;

/// A plex with applications, in virtual time.
pub struct World {
    /// The plex.
    pub plex: Plex,
    executor: Executor,
    now: Instant,
}

/// Why [`World::run`] did not get a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// Nothing is due any more.
    Idle(Instant),
    /// The time was up.
    TooLate(Instant),
    /// Something runs without time passing.
    Spinning(Instant),
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle(t) => write!(f, "nothing is due after {} ms", t.millis()),
            Self::TooLate(t) => write!(f, "not done after {} ms", t.millis()),
            Self::Spinning(t) => write!(f, "something spins at {} ms", t.millis()),
        }
    }
}

impl std::error::Error for Stuck {}

impl World {
    /// A world at the start of time.
    #[must_use]
    pub fn new(plex: Plex) -> Self {
        Self { plex, executor: Executor::new(), now: Instant::START }
    }

    /// Now.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The tasks.
    #[must_use]
    pub const fn executor(&self) -> &Executor {
        &self.executor
    }

    /// Starts an address space for an application on a stack.
    pub fn process(&mut self, image: ImageId, stack: StackId, job: &str) -> Process {
        let owner = self.plex.get_mut(image).start(job);
        let random = self.plex.random();
        Process::new(self.plex.stack(stack).clone(), self.executor.clone(), owner, random)
    }

    /// One round; false when nothing could be done at this moment.
    fn round(&mut self) -> bool {
        let ran = self.executor.run_ready(STEPS);
        let any = self.plex.poll(self.now);
        ran || any
    }

    /// The next moment at which something is due.
    fn next(&self) -> Option<Instant> {
        self.executor.next_timer().into_iter().chain(self.plex.poll_timeout()).min()
    }

    /// Moves to the next moment, but not beyond `limit`. False when nothing is due until then.
    fn advance(&mut self, limit: Instant) -> bool {
        let next = self.next().map(|t| t.max(self.now));
        let reached = next.is_some_and(|t| t <= limit);
        self.now = if reached { next.unwrap_or(limit) } else { limit };
        self.executor.set_now(self.now);
        reached
    }

    /// Runs until `stop` says so after a round, or the time is up.
    fn drive(&mut self, limit: Instant, mut stop: impl FnMut() -> bool) -> Result<(), Stuck> {
        let (mut rounds, mut since) = (0, self.now);
        loop {
            let busy = self.round();
            if stop() {
                return Ok(());
            }
            if self.now != since {
                (rounds, since) = (0, self.now);
            }
            rounds += 1;
            if rounds > MOST_ROUNDS {
                return Err(Stuck::Spinning(self.now));
            }
            if busy {
                continue;
            }
            if self.next().is_none() {
                return Err(Stuck::Idle(self.now));
            }
            if !self.advance(limit) {
                return Err(Stuck::TooLate(self.now));
            }
        }
    }

    /// Runs until `future` is done, for `most` at most.
    pub fn run<T: 'static>(
        &mut self,
        most: Duration,
        future: impl Future<Output = T> + 'static,
    ) -> Result<T, Stuck> {
        let started = self.executor.start(future);
        let limit = self.now + most;
        self.drive(limit, || started.is_done())?;
        started.take().ok_or(Stuck::Idle(self.now))
    }

    /// Runs for so long.
    pub fn run_for(&mut self, d: Duration) -> Result<(), Stuck> {
        let limit = self.now + d;
        match self.drive(limit, || false) {
            Err(Stuck::Spinning(t)) => Err(Stuck::Spinning(t)),
            _ => {
                self.now = limit;
                self.executor.set_now(limit);
                Ok(())
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Tasks hold the stacks, which hold their wakers.
        self.executor.stop();
    }
}
