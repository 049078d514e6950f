//! What the IP layer and its DLCs record: packets in, out and dropped, frames, events.

use std::collections::BTreeSet;
use std::time::Duration;

use ctrace::{Config, Settings, Trace, Which};
use formats::ctrace::cte::Entries;
use formats::ctrace::events;
use formats::ctrace::pthdr::Pthdr;
use formats::ctrace::systcpip::StackEvent;

use super::basics::pair;
use super::harness::{Ether, World};

/// A world that records everything.
fn traced(mut w: World) -> (World, Trace) {
    let trace = Trace::new(Settings::new("SYS1", "TCPIP").virtual_time());
    trace.configure(|c| *c = Config::everything());
    w.trace = trace.tracer();
    (w, trace)
}

/// Direction, drop reason, interface and length of the packets or frames recorded.
fn packets(trace: &Trace, which: Which) -> Vec<(bool, u16, String, u16)> {
    let mut got = Vec::new();
    trace.look(which, |bytes| {
        for entry in Entries::new(bytes) {
            let entry = entry.unwrap();
            let h = Pthdr::parse(entry.data()).unwrap().fields();
            let name = formats::ctrace::Name(h.name).to_string();
            got.push((h.flag & 1 != 0, h.drop_rsn.get(), name, h.plen.get()));
        }
    });
    got
}

/// Names and texts of the events recorded.
fn recorded(trace: &Trace) -> Vec<(&'static str, String)> {
    let mut got = Vec::new();
    trace.look(Which::Events, |bytes| {
        for entry in Entries::new(bytes) {
            let entry = entry.unwrap();
            let body = StackEvent::parse(entry.data()).unwrap();
            let e = events::decode(entry.id(), body.areas()).unwrap();
            got.push((e.event.name, e.to_string()));
        }
    });
    got
}

#[test]
fn packets_are_recorded_in_out_and_dropped() {
    let (mut w, trace) = traced(pair(Ether::default()));
    w.ping(0, "10.0.0.2", &[1; 72], false).unwrap();
    let seen = packets(&trace, Which::Packets);
    // Both hosts record: out and in of the request, then of the reply.
    let osa = || "OSA".to_string();
    assert_eq!(
        seen,
        [(true, 0, osa(), 100), (false, 0, osa(), 100), (true, 0, osa(), 100), (false, 0, osa(), 100)]
    );
    // ARP request and reply, and the two packets, each at both ports.
    assert_eq!(
        packets(&trace, Which::Frames).iter().map(|f| f.3).collect::<Vec<_>>(),
        [42, 42, 42, 42, 114, 114, 114, 114]
    );
    let id = w.udp(0, "0.0.0.0:4000");
    w.udp(1, "0.0.0.0:5000");
    w.with(1, |h, cx| {
        // A port whose queue takes nothing.
        let id = h.udp.iter().next().unwrap().0;
        h.udp.options_mut(id).unwrap().receive_buffer = 0;
        let _ = cx;
    });
    w.send_udp(0, id, "10.0.0.2:5000", b"one");
    w.send_udp(0, id, "10.0.0.2:5000", b"two");
    let dropped: Vec<_> = packets(&trace, Which::Packets).into_iter().filter(|p| p.1 != 0).collect();
    assert_eq!(dropped, [(false, 0x3f03, osa(), 31)]);
}

#[test]
fn changes_of_state_are_events() {
    let (mut w, trace) = traced(pair(Ether::default()));
    for to in ["10.0.0.2", "2001:db8::2"] {
        w.ping(0, to, &[1; 3000], false).unwrap();
    }
    w.ping(0, "10.0.0.9", b"x", false).unwrap();
    let id = w.udp(0, "0.0.0.0:4000");
    w.send_udp(0, id, "10.0.0.2:9", b"nobody");
    w.run(Duration::from_secs(40));
    let all = recorded(&trace);
    let names: BTreeSet<_> = all.iter().map(|e| e.0).collect();
    for want in [
        "ArpReceived",
        "ArpSent",
        "DatagramFragmented",
        "EchoAnswered",
        "ErrorDelivered",
        "FragmentReceived",
        "IcmpReceived",
        "IcmpSent",
        "InboundQueued",
        "NeighborChanged",
        "NeighborUnreachable",
        "PacketDropped",
        "UdpBound",
        "UdpNoPort",
        "UdpSent",
    ] {
        assert!(names.contains(want), "{want} is missing in {names:?}");
    }
    let text = |name| all.iter().find(|e| e.0 == name).unwrap().1.as_str();
    assert_eq!(text("NeighborUnreachable"), "neighbor 10.0.0.9 does not answer, 1 packets dropped");
    assert_eq!(text("UdpNoPort"), "14 bytes from 10.0.0.1 for port 9: nobody listens");
    assert_eq!(text("NeighborChanged"), "neighbor 10.0.0.2 at 00:00:00:00:00:00: none to INCOMPLETE");
}
