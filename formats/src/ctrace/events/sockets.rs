//! Events of the sockets layer: what applications call, and what they get.

use std::net::IpAddr;

crate::trace_codes! {
    /// Calls of the sockets API.
    SocketCall {
        LISTEN = 1 "listen", CONNECT = 2 "connect", ACCEPT = 3 "accept", SEND = 4 "send",
        RECEIVE = 5 "receive", SHUTDOWN = 6 "shutdown", CLOSE = 7 "close", ABORT = 8 "abort",
        BIND = 9 "bind", OPEN = 10 "open", JOIN = 11 "join",
    }
}

crate::trace_events! {
    layer 11 "Sockets";

    /// A socket came to be.
    1 SocketOpened [SOCKET PFS PFSMIN] "{call}: socket for protocol {protocol} at {address} port {port}"
    { call: SocketCall, protocol: u8, address: IpAddr, port: u16 }

    /// A connection was handed to its application.
    2 SocketConnected [SOCKET PFS PFSMIN] "{call}: connection of {address} port {port}, waited {waited_us} microseconds"
    { call: SocketCall, address: IpAddr, port: u16, waited_us: u64 }

    /// An application handed over or took data.
    3 SocketData [SOCKET PFS] "{call}: {length} of {asked} bytes" { call: SocketCall, length: u32, asked: u32 }

    /// An application has to wait.
    4 SocketWaits [SOCKET QUEUE] "{call} has to wait" { call: SocketCall }

    /// A call failed.
    5 SocketFailed [SOCKET PFS PFSMIN SOCKAPI] "{call} failed: error {error}" { call: SocketCall, error: u16 }

    /// A socket is gone.
    6 SocketClosed [SOCKET PFS PFSMIN] "{call}: {bytes_in} bytes in, {bytes_out} out"
    { call: SocketCall, bytes_in: u64, bytes_out: u64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctrace::events::{AREA_HEADER, Event, FIELDS_KEY, decode};

    #[test]
    fn a_failed_call() {
        let e = SocketFailed { call: SocketCall::CONNECT, error: 1128 };
        let mut area = vec![0; AREA_HEADER + SocketFailed::LEN];
        area[1] = area.len() as u8;
        area[2..4].copy_from_slice(&FIELDS_KEY.to_be_bytes());
        e.put(&mut area[AREA_HEADER..]);
        assert_eq!(area, [0, 7, 0xE9, 0xE2, 2, 0x04, 0x68]);
        assert_eq!(SocketFailed::ID.0, 0xE90B_0005);
        assert_eq!(decode(SocketFailed::ID, &area).unwrap().to_string(), "connect failed: error 1128");
    }
}
