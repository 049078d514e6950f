//! Events of multicast membership: IGMP and MLD.

use super::Hex8;
use std::net::IpAddr;

crate::trace_events! {
    layer 6 "Multicast";

    /// A group was joined on an interface.
    1 GroupJoined [INTERNET] "group {group} joined on interface {interface}, {sources} sources"
    { interface: u16, group: IpAddr, exclude: bool, sources: u16 }

    /// A group was left on an interface.
    2 GroupLeft [INTERNET] "group {group} left on interface {interface}" { interface: u16, group: IpAddr }

    /// A query came in.
    3 QueryReceived [INTERNET] "version {version} query for {group}, response within {max_ms} ms"
    { interface: u16, group: IpAddr, version: u8, max_ms: u32, sources: u16 }

    /// A report or leave message was sent.
    4 ReportSent [INTERNET] "version {version} message type {kind} for {group}, {records} records"
    { interface: u16, group: IpAddr, version: u8, kind: Hex8, records: u16 }

    /// The version spoken on an interface changed because of an older querier.
    5 VersionChanged [INTERNET] "interface {interface} speaks version {version}" { interface: u16, version: u8, v6: bool }
}
