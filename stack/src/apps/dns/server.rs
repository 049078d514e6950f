//! Authoritative server over UDP and TCP.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::message::{Message, RESPONSE, TRUNCATED, rcode};
use super::{LONGEST_UDP, Zone};
use crate::apps::lines::Lines;
use crate::apps::serve_each;
use crate::sockets::{Process, TcpStream};

/// Connections without a question are closed.
const IDLE: Duration = Duration::from_secs(10);

/// The bytes of the answer to `question`, at most `longest`; `None` when it deserves none.
fn answer(zone: &Zone, question: &[u8], longest: usize) -> Option<Vec<u8>> {
    let id = u16::from_be_bytes(*question.first_chunk()?);
    let Some(query) = Message::parse(question) else {
        let broken = question.get(2).is_some_and(|b| b & 0x80 == 0);
        let (answers, authority) = (Vec::new(), Vec::new());
        let flags = RESPONSE | u16::from(rcode::FORMERR);
        return broken.then(|| Message { id, flags, question: None, answers, authority }.encode());
    };
    if query.flags & RESPONSE != 0 {
        return None;
    }
    let mut m = zone.answer(&query);
    let mut bytes = m.encode();
    if bytes.len() > longest {
        m.answers.clear();
        m.authority.clear();
        m.flags |= TRUNCATED;
        bytes = m.encode();
    }
    Some(bytes)
}

/// Serves datagrams at `at`.
pub async fn serve_udp(p: Process, at: SocketAddr, zone: Rc<Zone>) -> io::Result<()> {
    let socket = p.udp(at)?;
    let mut buffer = vec![0; 4096];
    loop {
        let (n, from) = socket.recv_from(&mut buffer).await?;
        if let Some(m) = answer(&zone, &buffer[..n], LONGEST_UDP) {
            let _ = socket.send_to(&m, from);
        }
    }
}

/// Serves connections at `at` (RFC 7766).
pub async fn serve_tcp(p: Process, at: SocketAddr, zone: Rc<Zone>) -> io::Result<()> {
    serve_each(&p, p.listen(at, 10)?, |stream| {
        let (p, zone) = (p.clone(), Rc::clone(&zone));
        async move { p.timeout(IDLE, connection(&stream, &zone)).await.unwrap_or(Ok(())) }
    })
    .await
}

async fn connection(stream: &TcpStream, zone: &Zone) -> io::Result<()> {
    let lines = Lines::new(stream);
    loop {
        let Ok(length) = lines.exactly(2).await else { return stream.shutdown_write() };
        let question = lines.exactly(usize::from(u16::from_be_bytes([length[0], length[1]]))).await?;
        let Some(m) = answer(zone, &question, 65_535) else { return stream.shutdown_write() };
        let mut out = (m.len() as u16).to_be_bytes().to_vec();
        out.extend_from_slice(&m);
        stream.write_all(&out).await?;
    }
}
