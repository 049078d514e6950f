//! Application messages whose meaning depends on others before them, on packets made here. What
//! they say is in `conversations.txt`, as tshark 4.0.17 prints it.

use std::path::PathBuf;
use std::process::Command;

/// Packets of one conversation, and what they say.
#[derive(Debug, Default)]
struct Vector {
    name: &'static str,
    fields: Vec<&'static str>,
    packets: Vec<Vec<u8>>,
    says: Vec<String>,
}

fn vectors() -> Vec<Vector> {
    let mut all: Vec<Vector> = Vec::new();
    for line in include_str!("conversations.txt").lines() {
        if let Some(name) = line.strip_prefix('[') {
            all.push(Vector { name: name.trim_end_matches(']'), ..Vector::default() });
            continue;
        }
        let Some(v) = all.last_mut() else { continue };
        let hex = |h: &str| -> Vec<u8> {
            let digits = |d: &[u8]| u8::from_str_radix(str::from_utf8(d).unwrap(), 16).unwrap();
            h.as_bytes().chunks(2).map(digits).collect()
        };
        if let Some(names) = line.strip_prefix("fields ") {
            v.fields = names.split(' ').collect();
        } else if let Some(h) = line.strip_prefix("packet ") {
            v.packets.push(hex(h));
        } else if let Some(h) = line.strip_prefix("       ") {
            v.packets.last_mut().expect("a packet goes on").extend(hex(h));
        } else if let Some(text) = line.strip_prefix("says ") {
            v.says.push(text.replace('|', "\t"));
        }
    }
    all
}

/// What zscope prints of a file of these packets, one second apart.
fn zscope(v: &Vector, n: usize, threads: &str) -> String {
    let mut file = Vec::new();
    for word in [0xA1B2_C3D4u32, 0x0004_0002, 0, 0, 65_535, 101] {
        file.extend(word.to_le_bytes());
    }
    for (i, p) in v.packets.iter().enumerate() {
        for word in [i as u32, 0, p.len() as u32, p.len() as u32] {
            file.extend(word.to_le_bytes());
        }
        file.extend(p);
    }
    let name = format!("zscope-conversation-{}-{n}-{threads}.pcap", std::process::id());
    let path: PathBuf = std::env::temp_dir().join(name);
    std::fs::write(&path, file).expect("the packets are written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_zscope"));
    command.arg("packets").arg(&path).args(["--threads", threads, "-T", "fields"]);
    let out = command.args(v.fields.iter().flat_map(|f| ["-e", f])).output().expect("zscope runs");
    let _ = std::fs::remove_file(&path);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

#[test]
fn messages_say_what_tshark_says() {
    let all = vectors();
    assert!(all.len() >= 4, "only {} conversations were read", all.len());
    for (n, v) in all.iter().enumerate() {
        assert_eq!(v.packets.len(), v.says.len(), "{}", v.name);
        for threads in ["1", "4"] {
            let found = zscope(v, n, threads);
            for (i, (ours, theirs)) in found.lines().zip(&v.says).enumerate() {
                assert_eq!(ours, theirs, "{}, packet {}, fields {:?}", v.name, i + 1, v.fields);
            }
            assert_eq!(found.lines().count(), v.says.len(), "{}", v.name);
        }
    }
}
