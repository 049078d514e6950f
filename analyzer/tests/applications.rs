//! Application protocols over TCP, on packets made here. Expected values are what tshark 4.0.17
//! prints for the same file and fields.

use std::path::PathBuf;
use std::process::Command;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

/// An IPv4 packet with a TCP segment, from A to B or back.
fn segment(to_b: bool, ports: [u16; 2], seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    let (src, dst) = if to_b { (A, B) } else { (B, A) };
    let len = (40 + payload.len()) as u16;
    let mut p = vec![0x45, 0];
    p.extend(len.to_be_bytes());
    p.extend([0, 1, 0, 0, 64, 6, 0, 0]);
    p.extend(src.iter().chain(&dst));
    p.extend(ports.iter().flat_map(|p| p.to_be_bytes()));
    p.extend(seq.to_be_bytes().iter().chain(&ack.to_be_bytes()));
    p.extend([0x50, 0x18, 0x20, 0, 0, 0, 0, 0]);
    p.extend(payload);
    p
}

/// What zscope prints of these packets.
fn zscope(name: &str, packets: &[Vec<u8>], args: &[&str]) -> String {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.extend(word.to_le_bytes());
    }
    for (i, p) in packets.iter().enumerate() {
        for word in [i as u32, 0, p.len() as u32, p.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(p);
    }
    let path: PathBuf = std::env::temp_dir().join(format!("zscope-{}-{name}.pcap", std::process::id()));
    std::fs::write(&path, file).expect("the packets are written");
    let out = Command::new(env!("CARGO_BIN_EXE_zscope"))
        .arg("packets")
        .arg(&path)
        .args(args)
        .output()
        .expect("zscope runs");
    let _ = std::fs::remove_file(&path);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

fn fields(name: &str, packets: &[Vec<u8>], fields: &[&str]) -> String {
    let mut args = vec!["-T", "fields"];
    args.extend(fields.iter().flat_map(|f| ["-e", f]));
    zscope(name, packets, &args)
}

/// A response over three segments, of which one is sent twice, with another behind it.
fn http() -> Vec<Vec<u8>> {
    let from_b = |seq, bytes: &[u8]| segment(false, [80, 40_000], seq, 100, bytes);
    vec![
        segment(true, [40_000, 80], 1, 1, b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
        from_b(1, b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Le"),
        from_b(54, b"ngth: 10\r\n\r\n01234"),
        from_b(54, b"ngth: 10\r\n\r\n01234"),
        from_b(71, b"56789HTTP/1.1 204 No Content\r\n\r\n"),
    ]
}

#[test]
fn a_message_over_several_segments_is_decoded_in_the_last() {
    let wanted = [
        "frame.number",
        "frame.protocols",
        "tcp.segment",
        "tcp.segment.count",
        "tcp.reassembled.length",
        "http.response.code",
        "http.content_length",
        "http.request_in",
    ];
    assert_eq!(
        fields("http", &http(), &wanted),
        "1\traw:ip:tcp:http\t\t\t\t\t\t\n\
         2\traw:ip:tcp\t\t\t\t\t\t\n\
         3\traw:ip:tcp\t\t\t\t\t\t\n\
         4\traw:ip:tcp\t\t\t\t\t\t\n\
         5\traw:ip:tcp:http:data-text-lines:http\t2,3,5\t3\t75\t200,204\t10\t1\n"
    );
}

#[test]
fn both_messages_of_a_segment_are_in_its_line() {
    let text = zscope("lines", &http(), &[]);
    let last = text.lines().last().unwrap_or_default();
    assert!(last.ends_with("HTTP/1.1 200 OK  (text/plain)HTTP/1.1 204 No Content "), "{last}");
}

#[test]
fn what_nobody_asks_for_is_not_joined() {
    // Each segment stands for itself when only its header is asked for.
    let lines = fields("header", &http(), &["tcp.srcport", "tcp.len"]);
    assert_eq!(lines, "40000\t28\n80\t53\n80\t17\n80\t17\n80\t32\n");
}

#[test]
fn printer_protocol() {
    let packets = [
        segment(true, [1023, 515], 1, 1, b"\x02lp1\n"),
        segment(false, [515, 1023], 1, 6, b"\0"),
        segment(true, [1023, 515], 6, 2, b"Hhost\nPuser\n"),
    ];
    let wanted = ["lpd.client_code", "lpd.printer_option", "lpd.response_code", "frame.protocols"];
    assert_eq!(
        fields("lpd", &packets, &wanted),
        "2\tlp1\t\traw:ip:tcp:lpd\n\t\t0\traw:ip:tcp:lpd\n\t\t\traw:ip:tcp:lpd:data\n"
    );
}

#[test]
fn queue_manager_answers_in_little_endian() {
    let mut reply = b"TSHM".to_vec();
    for word in [52u32, 3, 7] {
        reply.extend(word.to_be_bytes());
    }
    reply.extend([2, 0x92, 0x30, 0]);
    reply.extend([0; 8]);
    reply.extend(546u32.to_le_bytes());
    reply.extend([0xB8, 4, 0, 0]);
    reply.extend(16u32.to_be_bytes());
    for word in [2u32, 2035, u32::MAX] {
        reply.extend(word.to_le_bytes());
    }
    let wanted = [
        "mq.tsh.structid",
        "mq.tsh.convid",
        "mq.tsh.type",
        "mq.tsh.encoding",
        "mq.tsh.ccsid",
        "mq.api.completioncode",
        "mq.api.reasoncode",
        "frame.protocols",
    ];
    assert_eq!(
        fields("mq", &[segment(false, [1414, 40_000], 1, 1, &reply)], &wanted),
        "TSHM\t3\t0x92\t546\t1208\t2\t2035\traw:ip:tcp:mq\n"
    );
}
