//! Tasks of the applications of a node: futures in one thread, woken by sockets and timers.
//!
//! Time is whatever [`Executor::set_now`] said last, so that a simulation runs as fast as it can
//! and a live node follows its clock. Tasks run in the order in which they were woken, timers in
//! the order of their time and then of their making: nothing depends on addresses or hashes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::engine::Instant;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks that want to run, in the order in which they were woken.
#[derive(Default)]
struct Ready(Mutex<VecDeque<usize>>);

impl Ready {
    fn push(&self, task: usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(task);
    }

    fn pop(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

struct TaskWaker {
    task: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.push(self.task);
        }
    }
}

/// A place for a task; the future is away while it runs.
struct Place {
    future: Option<Task>,
    waker: Arc<TaskWaker>,
}

#[derive(Default)]
struct Inner {
    now: Cell<Instant>,
    ready: Arc<Ready>,
    places: RefCell<Vec<Option<Place>>>,
    free: RefCell<Vec<usize>>,
    timers: RefCell<BTreeMap<(Instant, u64), Waker>>,
    made: Cell<u64>,
    polls: Cell<u64>,
}

/// Runs tasks. Clones are the same executor.
#[derive(Clone, Default)]
pub struct Executor(Rc<Inner>);

impl Executor {
    /// An executor without tasks, at the start of time.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.now.get()
    }

    /// Moves time forward and wakes the timers that are due.
    pub fn set_now(&self, now: Instant) {
        self.0.now.set(now);
        loop {
            let mut timers = self.0.timers.borrow_mut();
            let Some(first) = timers.first_entry().filter(|t| t.key().0 <= now) else { break };
            let waker = first.remove();
            drop(timers);
            waker.wake();
        }
    }

    /// When the next timer is due.
    #[must_use]
    pub fn next_timer(&self) -> Option<Instant> {
        self.0.timers.borrow().keys().next().map(|k| k.0)
    }

    /// Starts a task.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let mut places = self.0.places.borrow_mut();
        let task = self.0.free.borrow_mut().pop().unwrap_or(places.len());
        let waker =
            Arc::new(TaskWaker { task, queued: AtomicBool::new(true), ready: Arc::clone(&self.0.ready) });
        let place = Some(Place { future: Some(Box::pin(future)), waker });
        match places.get_mut(task) {
            Some(p) => *p = place,
            None => places.push(place),
        }
        self.0.ready.push(task);
    }

    /// True when a task wants to run.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        !self.0.ready.is_empty()
    }

    /// Runs the tasks that were woken, and those they wake, `most` steps at most. Returns whether
    /// any ran.
    pub fn run_ready(&self, most: usize) -> bool {
        let mut ran = false;
        for _ in 0..most {
            let Some(task) = self.0.ready.pop() else { break };
            ran = true;
            self.step(task);
        }
        ran
    }

    fn step(&self, task: usize) {
        let taken = {
            let mut places = self.0.places.borrow_mut();
            let place = places.get_mut(task).and_then(Option::as_mut);
            place.and_then(|p| {
                p.waker.queued.store(false, Ordering::Release);
                p.future.take().map(|f| (f, Arc::clone(&p.waker)))
            })
        };
        let Some((mut future, waker)) = taken else { return };
        self.0.polls.set(self.0.polls.get() + 1);
        let waker = Waker::from(waker);
        let done = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        if done {
            // What the task owns may wake or start others when it goes: no borrow is held here.
            drop(future);
            self.0.places.borrow_mut()[task] = None;
            self.0.free.borrow_mut().push(task);
        } else if let Some(Some(p)) = self.0.places.borrow_mut().get_mut(task) {
            p.future = Some(future);
        }
    }

    /// Tasks that have not ended.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.0.places.borrow().iter().filter(|p| p.is_some()).count()
    }

    /// Steps of tasks so far.
    #[must_use]
    pub fn polls(&self) -> u64 {
        self.0.polls.get()
    }

    /// Ends every task.
    pub fn stop(&self) {
        let all = std::mem::take(&mut *self.0.places.borrow_mut());
        self.0.free.borrow_mut().clear();
        drop(all);
        while self.0.ready.pop().is_some() {}
        self.0.timers.borrow_mut().clear();
    }

    /// Ready at `at`.
    #[must_use]
    pub fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep { executor: self.clone(), at, timer: None }
    }

    /// Ready after `d`.
    #[must_use]
    pub fn sleep(&self, d: Duration) -> Sleep {
        self.sleep_until(self.now() + d)
    }

    /// What `future` gives within `d`, or nothing; the future is dropped then.
    pub async fn timeout<F: Future>(&self, d: Duration, future: F) -> Option<F::Output> {
        let mut sleep = self.sleep(d);
        let mut future = std::pin::pin!(future);
        poll_fn(move |cx| {
            if let Poll::Ready(v) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(v));
            }
            Pin::new(&mut sleep).poll(cx).map(|()| None)
        })
        .await
    }

    /// Starts a task whose result can be waited for.
    pub fn start<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Started<T> {
        let slot: Rc<RefCell<(Option<T>, Option<Waker>)>> = Rc::new(RefCell::new((None, None)));
        let give = Rc::clone(&slot);
        self.spawn(async move {
            let v = future.await;
            let waker = {
                let mut s = give.borrow_mut();
                s.0 = Some(v);
                s.1.take()
            };
            if let Some(w) = waker {
                w.wake();
            }
        });
        Started(slot)
    }
}

/// The result of a task, see [`Executor::start`].
pub struct Started<T>(Rc<RefCell<(Option<T>, Option<Waker>)>>);

impl<T> Started<T> {
    /// The result, when the task has ended.
    #[must_use]
    pub fn take(&self) -> Option<T> {
        self.0.borrow_mut().0.take()
    }

    /// True when the task has ended and the result has not been taken.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.borrow().0.is_some()
    }
}

impl<T> Future for Started<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut s = self.0.borrow_mut();
        match s.0.take() {
            Some(v) => Poll::Ready(v),
            None => {
                s.1 = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A timer. Dropped, it is forgotten.
pub struct Sleep {
    executor: Executor,
    at: Instant,
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.executor.now() >= self.at {
            return Poll::Ready(());
        }
        let inner = Rc::clone(&self.executor.0);
        let id = *self.timer.get_or_insert_with(|| {
            inner.made.set(inner.made.get() + 1);
            inner.made.get()
        });
        inner.timers.borrow_mut().insert((self.at, id), cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.timer {
            self.executor.0.timers.borrow_mut().remove(&(self.at, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(e: &Executor) {
        loop {
            while e.run_ready(1000) {}
            let Some(t) = e.next_timer() else { return };
            e.set_now(t);
        }
    }

    #[test]
    fn tasks_run_in_the_order_of_their_timers() {
        let e = Executor::new();
        let said: Rc<RefCell<Vec<(u64, &str)>>> = Rc::default();
        for (name, ms) in [("c", 30), ("a", 10), ("b", 20), ("a2", 10)] {
            let (x, said) = (e.clone(), Rc::clone(&said));
            e.spawn(async move {
                x.sleep(Duration::from_millis(ms)).await;
                said.borrow_mut().push((x.now().millis(), name));
            });
        }
        run(&e);
        assert_eq!(*said.borrow(), [(10, "a"), (10, "a2"), (20, "b"), (30, "c")]);
        assert_eq!(e.tasks(), 0);
    }

    #[test]
    fn a_timeout_forgets_its_timer_and_its_future() {
        let e = Executor::new();
        let x = e.clone();
        let got = e.start(async move {
            let long = x.timeout(Duration::from_secs(1), x.sleep(Duration::from_secs(9))).await;
            let short = x.timeout(Duration::from_secs(5), async { 7 }).await;
            (long, short, x.now().millis())
        });
        run(&e);
        assert_eq!(got.take(), Some((None, Some(7), 1000)));
        assert_eq!(e.next_timer(), None);
    }

    #[test]
    fn a_task_can_wait_for_another_and_places_are_used_again() {
        let e = Executor::new();
        for _ in 0..100 {
            let x = e.clone();
            let inner = e.start(async move {
                x.sleep(Duration::from_millis(1)).await;
                5
            });
            let sum = e.start(async move { inner.await + 1 });
            run(&e);
            assert_eq!(sum.take(), Some(6));
        }
        assert!(e.0.places.borrow().len() <= 2);
    }
}
