//! Application protocols.

pub mod ber;
pub mod dhcp;
pub mod dhcp_names;
pub mod dhcp_options;
pub mod dns;
pub mod dns_names;
pub mod dns_options;
pub mod dns_pairs;
pub mod dns_rdata;
pub mod dns_tcp;
pub mod drda;
pub mod drda_names;
pub mod ftp;
pub mod http;
pub mod isakmp;
pub mod isakmp_names;
pub mod lpd;
pub mod mq;
pub mod ntp;
pub mod ospf;
pub mod ospf_lsa;
pub mod rip;
pub mod ripng;
pub mod rpc;
pub mod sasp;
pub mod smtp;
pub mod snmp;
pub mod stream;
pub mod syslog;
pub mod telnet;
pub mod text;
pub mod tftp;
pub mod tls;

use super::ctx::Ctx;
use super::frame;
use super::registry::Proto;
use super::sink::Sink;

pub use stream::{App, Need, State, Talk, Verdict, call, depends_on_streams, guess, pdus, tcp_port};

/// True when nobody asks for what a dissector of `proto` finds, beyond that it is there: no field
/// of it, no word on damage, no line in a list, and no protocol inside it.
#[inline]
pub fn idle<S: Sink>(c: &mut Ctx<'_, S>, proto: Proto) -> bool {
    let protocols = c.wants(Proto::Frame) && c.sink.asks(frame::PROTOCOLS);
    !protocols && !c.wants(proto) && !c.wants(Proto::Stop) && c.summary().is_none()
}
