//! Findings are those of a person who looks at the same captures: `tests/peers/findings.tsv`.

use serde_json::Value;
use tests::{peer, workspace};

#[test]
fn findings_are_those_of_a_person() {
    let Some(dir) = workspace::captures() else {
        workspace::skipped("findings", "the captures folder ../shared/captures is not there");
        return;
    };
    let table = std::fs::read_to_string(workspace::root().join("tests/peers/findings.tsv"));
    let table = table.expect("the table is there");
    let mut wrong = Vec::new();
    let mut files = std::collections::BTreeSet::new();
    for line in table.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [file, severity, rule, packet, conclusion] = cells[..] else {
            panic!("{line:?} has no five cells")
        };
        assert!(!conclusion.is_empty(), "{file} has no conclusion");
        files.insert(file);
        let path = dir.join(file);
        let out =
            peer::zscope(&["sessions".as_ref(), "--json".as_ref(), path.as_os_str()]).expect("zscope runs");
        let text = String::from_utf8(out.stdout).expect("JSON is text");
        let found: Vec<Value> = text
            .lines()
            .map(|l| serde_json::from_str::<Value>(l).expect("each line is an object"))
            .flat_map(|o| o["findings"].as_array().cloned().unwrap_or_default())
            .collect();
        let shown: Vec<String> = found.iter().map(|f| format!("{} {}", f["severity"], f["rule"])).collect();
        let right = if severity == "clean" {
            found.is_empty()
        } else {
            let number: u64 = packet.parse().expect("a packet number");
            found.iter().any(|f| {
                let packets = f["packets"].as_array().is_some_and(|p| p.iter().any(|p| *p == number));
                f["severity"] == severity && f["rule"] == rule && packets
            })
        };
        let acts = |f: &Value| f["who"].as_str() != Some("") && f["next_step"].as_str() != Some("");
        if !right || !found.iter().all(acts) {
            wrong.push(format!("{file}: expected {severity} {rule} with packet {packet}, found {shown:?}"));
        }
    }
    assert!(files.len() >= 10, "only {} captures", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
