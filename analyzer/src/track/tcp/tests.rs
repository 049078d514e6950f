//! Short conversations with what the Wireshark User's Guide, chapter "TCP Analysis", calls them.

use super::answer::analysis::*;
use super::segment::{Reach, flag::*};
use super::*;

const MS: i64 = 1_000_000;

/// A talk between a client (upper end) and a server (lower end), in milliseconds.
#[derive(Default)]
struct Talk {
    tracker: Tracker,
    frame: u32,
}

impl Talk {
    #[allow(clippy::too_many_arguments)]
    fn say(
        &mut self,
        at: i64,
        from_client: bool,
        flags: u16,
        seq: u32,
        ack: u32,
        len: u32,
        win: u16,
    ) -> Answer {
        self.frame += 1;
        let (client, server) = (([2; 16], 40_000), ([1; 16], 80));
        let (from, to) = if from_client { (client, server) } else { (server, client) };
        self.tracker.segment(&Segment {
            seq,
            ack,
            flags,
            window: win,
            len: Some(len),
            header: 20,
            reach: Reach::Options,
            frame: self.frame,
            frame_len: 54 + len,
            time: 1_000_000_000_000 + at * MS,
            ..Segment::between([from.0, to.0], [from.1, to.1])
        })
    }

    /// SYN, SYN-ACK and ACK, ten milliseconds apart; client's numbers from 1000, server's from 5000.
    fn open() -> Self {
        let mut t = Self::default();
        t.say(0, true, SYN, 1000, 0, 0, 8192);
        t.say(10, false, SYN | ACK, 5000, 1001, 0, 4096);
        t.say(20, true, ACK, 1001, 5001, 0, 8192);
        t
    }

    fn client(&mut self, at: i64, seq: u32, len: u32) -> Answer {
        self.say(at, true, ACK | PSH, seq, 5001, len, 8192)
    }

    fn ack(&mut self, at: i64, ack: u32) -> Answer {
        self.say(at, false, ACK, 5001, ack, 0, 4096)
    }

    fn connection(&self) -> &Connection {
        self.tracker.connections()[0]
    }
}

#[test]
fn a_handshake_and_one_exchange() {
    let mut t = Talk::open();
    let a = t.client(30, 1001, 100);
    assert_eq!((a.stream, a.base_seq, a.base_ack), (0, 1000, 5000));
    assert_eq!((a.since_first, a.since_previous, a.initial_rtt), (30 * MS, 10 * MS, 20 * MS));
    assert_eq!((a.analysis.flags, a.analysis.in_flight, a.analysis.pushed), (0, 100, 100));
    let a = t.ack(45, 1101);
    assert_eq!((a.analysis.acks_frame, a.analysis.ack_rtt), (4, 15 * MS));
    // 1 SYN, 2 SYN-ACK, 4 ACK, 8 data; what this segment adds shows with the next.
    assert_eq!(a.completeness, 15);
    let c = t.connection();
    assert_eq!((c.client, c.state()), (1, State::Open));
    let client = &c.sides[1];
    assert_eq!((client.packets, client.bytes, client.payload), (3, 54 * 3 + 100, 100));
    assert_eq!((client.isn(), client.max_in_flight), (Some(1000), 100));
    assert_eq!((client.rtt.handshake_us, client.rtt.count, client.rtt.max_us), (10_000, 2, 15_000));
}

#[test]
fn sent_again_after_a_timeout() {
    let mut t = Talk::open();
    t.client(30, 1001, 100);
    let a = t.client(330, 1001, 100);
    assert_eq!(a.analysis.flags, RETRANSMISSION);
    assert_eq!((a.analysis.rto, a.analysis.rto_frame), (300 * MS, 4));
    let before = t.connection().sides[1].rtt.count;
    t.ack(340, 1101);
    let c = t.connection();
    let e = c.sides[1].events();
    assert_eq!((e.count(Event::Retransmission), e.frames(Event::Retransmission)), (1, &[5][..]));
    assert_eq!((e.retransmitted_bytes, e.max_rto), (100, 300 * MS as u64));
    assert_eq!(c.sides[1].rtt.count, before, "Karn: which copy was acknowledged is not known");
}

#[test]
fn sent_again_because_of_duplicate_acknowledgments() {
    let mut t = Talk::open();
    for (at, seq) in [(30, 1001), (31, 1201), (32, 1301), (33, 1401)] {
        let a = t.client(at, seq, 100);
        assert_eq!(a.analysis.has(LOST_SEGMENT), seq == 1201);
    }
    assert_eq!(t.ack(40, 1101).analysis.flags, 0);
    for n in 1..=3 {
        let a = t.ack(40 + i64::from(n), 1101).analysis;
        assert_eq!((a.flags, a.duplicate, a.duplicate_of), (DUPLICATE_ACK, n, 8));
    }
    let a = t.client(45, 1101, 100).analysis;
    assert_eq!(a.flags, FAST_RETRANSMISSION);
    assert_eq!(t.connection().sides[1].events().lost_bytes, 100);
    // The same bytes once more, after they were acknowledged.
    t.ack(50, 1501);
    assert_eq!(t.client(60, 1101, 100).analysis.flags, SPURIOUS_RETRANSMISSION);
}

#[test]
fn late_but_not_sent_again() {
    let mut t = Talk::open();
    t.client(30, 1001, 100);
    t.client(31, 1201, 100);
    assert_eq!(t.client(32, 1101, 100).analysis.flags, OUT_OF_ORDER);
}

#[test]
fn a_closed_window_and_its_probes() {
    let mut t = Talk::open();
    t.client(30, 1001, 100);
    assert_eq!(t.say(40, false, ACK, 5001, 1101, 0, 0).analysis.flags, ZERO_WINDOW);
    assert_eq!(t.client(500, 1101, 1).analysis.flags, ZERO_WINDOW_PROBE);
    let a = t.say(510, false, ACK, 5001, 1101, 0, 0).analysis;
    assert_eq!(a.flags, ZERO_WINDOW | ZERO_WINDOW_PROBE_ACK);
    assert_eq!(t.say(540, false, ACK, 5001, 1101, 0, 4096).analysis.flags, WINDOW_UPDATE);
    let c = t.connection();
    assert_eq!(c.sides[0].events().zero_window_time, 500 * MS as u64);
    assert_eq!(c.sides[0].receiver, 500 * MS as u64);
    assert_eq!(c.sides[0].window, [0, 4096]);
}

#[test]
fn keep_alives() {
    let mut t = Talk::open();
    t.client(30, 1001, 100);
    t.ack(40, 1101);
    assert_eq!(t.client(60_000, 1100, 0).analysis.flags, KEEP_ALIVE);
    assert_eq!(t.ack(60_010, 1101).analysis.flags, KEEP_ALIVE_ACK);
}

#[test]
fn an_acknowledgment_of_what_was_not_seen() {
    let mut t = Talk::open();
    t.client(30, 1001, 100);
    assert_eq!(t.ack(40, 1301).analysis.flags, ACK_LOST_SEGMENT);
}

#[test]
fn the_same_ports_again() {
    let mut t = Talk::open();
    t.say(30, true, RST, 1001, 0, 0, 0);
    let a = t.say(40, true, SYN, 9000, 0, 0, 8192);
    assert_eq!((a.stream, a.analysis.flags), (1, REUSED_PORTS));
    // An answer from another life: it keeps the stream, and its numbers start anew.
    let a = t.say(50, false, SYN | ACK, 7000, 9001, 0, 4096);
    assert_eq!((a.stream, a.base_seq, a.base_ack), (1, 7000, 9000));
    let all = t.tracker.connections();
    assert_eq!((all[0].state(), all[1].state()), (State::Reset, State::HalfOpen));
    assert_eq!(all[0].sides[1].rst_frame, 4);
}

#[test]
fn a_refused_connection() {
    let mut t = Talk::default();
    t.say(0, true, SYN, 1000, 0, 0, 8192);
    t.say(1, false, RST | ACK, 0, 1001, 0, 0);
    assert_eq!(t.connection().state(), State::Refused);
}

#[test]
fn time_belongs_to_somebody() {
    let mut t = Talk::open();
    // The client thinks for 80 ms, the network takes 20, the server thinks for 100.
    t.client(100, 1001, 100);
    t.ack(120, 1101);
    t.say(220, false, ACK | PSH, 5001, 1101, 200, 4096);
    let c = t.connection();
    assert_eq!(c.sides[1].application, 80 * MS as u64);
    assert_eq!(c.sides[0].application, 100 * MS as u64);
    assert_eq!(c.network, 40 * MS as u64, "handshake and acknowledgment");
}

#[test]
fn connections_beyond_the_limit_are_counted() {
    let mut t = Tracker::new(100);
    for n in 0..1000u16 {
        t.segment(&Segment {
            flags: SYN,
            len: Some(0),
            header: 20,
            ..Segment::between([[1; 16], [2; 16]], [n, 80])
        });
    }
    assert_eq!((t.held(), t.evicted(), t.seen()), (100, 900, 1000));
}
