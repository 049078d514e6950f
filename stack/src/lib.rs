//! The live node: protocol engines and the networks they run on.
//!
//! ```text
//! apps        sample servers and clients
//! sockets     the API they use; data trace
//! node        a TCP/IP stack put together from engines; images and plexes of several stacks
//! engine      TCP, UDP, RAW, IP, ICMP, neighbours, routing, interfaces (DLCs)
//! fabric      in-memory networks with impairments
//! sim         virtual time: everything above in one thread, the same under one seed
//! io          sockets and clocks of the machine; the only place that has them
//! ```
//!
//! Engines are sans-IO: bytes, time and randomness are arguments ([`engine::Context`]). What they
//! want to send is asked for (`poll_transmit`), when they want to run again is asked for
//! (`poll_timeout`), what happened is asked for (`poll_event`). Each change of state is a typed
//! trace event.
#![forbid(unsafe_code)]

pub mod apps;
pub mod engine;
pub mod fabric;
pub mod node;
pub mod sim;
pub mod sockets;
