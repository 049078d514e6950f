//! An address space: what an application is given.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use formats::ctrace::Name;

use super::{RawSocket, TcpListener, TcpStream, UdpSocket};
use crate::engine::tcp::SocketOptions;
use crate::engine::tcp::config::Owner;
use crate::engine::{Instant, Random};
use crate::node::executor::{Executor, Sleep, Started};
use crate::node::{StackRef, TcpIp};

struct Inner {
    stack: StackRef,
    executor: Executor,
    owner: Owner,
    random: RefCell<Random>,
}

/// An address space of an application. Clones are the same one.
#[derive(Clone)]
pub struct Process(Rc<Inner>);

impl Process {
    /// An address space that uses `stack`.
    #[must_use]
    pub fn new(stack: StackRef, executor: Executor, owner: Owner, random: Random) -> Self {
        Self(Rc::new(Inner { stack, executor, owner, random: RefCell::new(random) }))
    }

    /// Job name.
    #[must_use]
    pub fn job(&self) -> Name<8> {
        self.0.owner.job
    }

    /// Address space identifier.
    #[must_use]
    pub fn asid(&self) -> u16 {
        self.0.owner.asid
    }

    pub(super) fn owner(&self) -> Owner {
        self.0.owner
    }

    pub(super) fn stack(&self) -> &StackRef {
        &self.0.stack
    }

    /// Looks at the stack, as NETSTAT does. `f` must not use sockets.
    pub fn with_stack<T>(&self, f: impl FnOnce(&TcpIp) -> T) -> T {
        f(&self.0.stack.borrow())
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.0.executor.now()
    }

    /// Waits.
    pub fn sleep(&self, d: Duration) -> Sleep {
        self.0.executor.sleep(d)
    }

    /// What `future` gives within `d`, or nothing.
    pub async fn timeout<F: Future>(&self, d: Duration, future: F) -> Option<F::Output> {
        self.0.executor.timeout(d, future).await
    }

    /// Starts a task of this address space.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        self.0.executor.spawn(future);
    }

    /// Starts a task whose result can be waited for.
    pub fn start<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Started<T> {
        self.0.executor.start(future)
    }

    /// Randomness of its own.
    #[must_use]
    pub fn random(&self) -> Random {
        self.0.random.borrow_mut().fork()
    }

    /// Listens at `at`; port 0 is any free one. `backlog` connections may wait to be accepted.
    pub fn listen(&self, at: SocketAddr, backlog: usize) -> io::Result<TcpListener> {
        TcpListener::new(self, at, backlog, &SocketOptions::default())
    }

    /// Listens with options that accepted connections inherit.
    pub fn listen_with(&self, at: SocketAddr, backlog: usize, o: &SocketOptions) -> io::Result<TcpListener> {
        TcpListener::new(self, at, backlog, o)
    }

    /// Opens a connection to `to`.
    pub async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        self.connect_with(None, to, &SocketOptions::default()).await
    }

    /// Opens a connection from `from` (port 0: any) to `to`.
    pub async fn connect_from(&self, from: SocketAddr, to: SocketAddr) -> io::Result<TcpStream> {
        self.connect_with(Some(from), to, &SocketOptions::default()).await
    }

    /// Opens a connection with options.
    pub async fn connect_with(
        &self,
        from: Option<SocketAddr>,
        to: SocketAddr,
        options: &SocketOptions,
    ) -> io::Result<TcpStream> {
        TcpStream::connect(self, from, to, options).await
    }

    /// A datagram socket at `at`; port 0 is any free one.
    pub fn udp(&self, at: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::new(self, at)
    }

    /// A socket for packets of IP protocol `protocol` at `at`, or at any address of its family.
    pub fn raw(&self, at: IpAddr, protocol: u8) -> io::Result<RawSocket> {
        RawSocket::new(self, at, protocol)
    }

    /// Records a line of resolver trace (SYSTCPRE).
    pub fn trace_resolver(&self, text: &str) {
        self.0.stack.borrow_mut().trace_resolver(self.0.owner, text);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").field("owner", &self.0.owner).finish_non_exhaustive()
    }
}
