//! The handle through which a thread records what it does.

use std::net::IpAddr;

use formats::ctrace::Name;

/// Whom a SYSTCPIP record is about: what every record says beside the event itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Address space of the application, or of the stack.
    pub asid: u16,
    /// Its job name.
    pub job: Name<8>,
    /// Connection identifier, 0 without a connection.
    pub cid: u32,
    /// Local port, 0 without one.
    pub local_port: u16,
    /// Remote address, unspecified without one.
    pub remote: IpAddr,
}

/// Records the events of one thread.
#[derive(Debug, Default)]
pub struct Tracer(());

impl Tracer {
    /// A tracer that records nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }
}
