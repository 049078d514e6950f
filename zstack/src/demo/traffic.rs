//! What happens in the demo: ordinary work, and five things that go wrong.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use stack::apps::dns::{self, Zone};
use stack::apps::ftp::client::{Client, Mode};
use stack::apps::resolver::{Config, Resolver};
use stack::apps::{Files, discard, echo, ftp, http, lines, syslog, telnet};
use stack::fabric::{Direction, Impairments};
use stack::node::{InterfaceConfig, StackConfig};
use stack::sim::World;
use stack::sockets::Process;

use super::network::{self, Node, Nodes};

/// Size of the files that are fetched while frames are lost, and through the small link.
const LARGE: usize = 400_000;
/// A port on which nobody listens.
const CLOSED_PORT: u16 = 2023;
/// What one step may take.
const LIMIT: Duration = Duration::from_secs(120);

/// What the demo says it did, in order.
#[derive(Debug, Clone, Default)]
pub struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    fn say(&self, p: &Process, text: impl AsRef<str>) {
        let ms = p.now().millis();
        let line = format!("{:>3}.{:03}  {}", ms / 1000, ms % 1000, text.as_ref());
        self.0.borrow_mut().push(line);
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.borrow().clone()
    }
}

fn v4(host: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([10, 1, 1, host]), port)
}

fn v6(host: u16, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([0x2001, 0xdb8, 1, 0, 0, 0, 0, host]), port)
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port)
}

/// Starts a server that runs until the end.
fn serve<F: Future<Output = io::Result<()>> + 'static>(
    world: &mut World,
    on: Node,
    job: &str,
    server: impl FnOnce(Process) -> F,
) {
    let p = world.process(on.image, on.stack, job);
    let future = server(p.clone());
    p.spawn(async move {
        // A server that ends early is missed by its clients.
        let _ = future.await;
    });
}

/// Runs one step of a client to its end.
fn step<T: 'static>(
    world: &mut World,
    future: impl Future<Output = io::Result<T>> + 'static,
) -> io::Result<T> {
    world.run(LIMIT, future).map_err(io::Error::other)?
}

fn failed(text: &str) -> io::Error {
    io::Error::other(format!("the demo went wrong: {text}"))
}

/// A text of so many bytes.
fn text(bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes + 80);
    for n in 0_u32.. {
        if out.len() >= bytes {
            break;
        }
        out.extend_from_slice(
            format!("line {n:06} of a member of ZSTACK.DEMO.TEXT, as long as a card  \n").as_bytes(),
        );
    }
    out.truncate(bytes);
    out
}

/// Starts the servers of both LPARs.
fn servers(world: &mut World, n: &Nodes) {
    let files = Files::new();
    let _ = files.put("/pub/README", text(600));
    let _ = files.put("/pub/DEMO.TEXT", text(48_000));
    let _ = files.put("/pub/LARGE.TEXT", text(LARGE));
    let f = files.clone();
    serve(world, n.zs01, "FTPD1", |p| ftp::server::serve(p, any(ftp::PORT), f));
    serve(world, n.zs01, "HTTPD1", |p| http::serve(p, any(http::PORT), files));
    serve(world, n.zs01, "ECHOD", |p| echo::serve(p, any(echo::PORT)));
    let mut zone = Zone::new("demo.example", "zs02.demo.example").unwrap_or_default();
    for (name, host) in [("zs01", 1), ("zs02", 2), ("client", 100)] {
        zone.host(&format!("{name}.demo.example"), v4(host as u8, 0).ip());
        zone.host(&format!("{name}.demo.example"), v6(host, 0).ip());
    }
    zone.alias("www.demo.example", "zs01.demo.example");
    zone.alias("ftp.demo.example", "zs01.demo.example");
    let zone = Rc::new(zone);
    let z = Rc::clone(&zone);
    serve(world, n.zs02, "NAMED", |p| dns::server::serve_udp(p, any(dns::PORT), z));
    serve(world, n.zs02, "NAMED", |p| dns::server::serve_tcp(p, any(dns::PORT), zone));
    serve(world, n.zs02, "SYSLOGD", |p| syslog::serve(p, any(syslog::PORT), syslog::Log::default()));
    serve(world, n.zs02, "TELNETD", |p| telnet::serve(p, any(telnet::PORT)));
    let slow = discard::Pace {
        start_after: Duration::from_secs(3),
        pause: Duration::from_millis(5),
        receive_buffer: 16_384,
    };
    serve(world, n.zs02, "SLOWAPP", |p| discard::serve(p, any(discard::PORT), slow));
}

/// Runs everything. Fails when ordinary work does.
pub fn run(world: &mut World, n: &Nodes, log: &Log) -> io::Result<()> {
    // Addresses are checked for duplicates before they are used.
    let _ = world.run_for(Duration::from_secs(8));
    servers(world, n);
    let user = world.process(n.client.image, n.client.stack, "USER1");
    let system = world.process(n.zs01.image, n.zs01.stack, "OMVS");
    work(world, &user, &system, log)?;
    loss(world, n, &user, log)?;
    small_link(world, n, log)?;
    refused(world, &user, log)?;
    slow(world, &user, log)?;
    duplicate(world, n, &user, log);
    let _ = world.run_for(Duration::from_secs(5));
    Ok(())
}

/// Ordinary work: names, files, pages, a terminal, messages.
fn work(world: &mut World, user: &Process, system: &Process, log: &Log) -> io::Result<()> {
    let config = Config {
        servers: vec![v4(2, dns::PORT)],
        timeout: Duration::from_secs(2),
        tries: 2,
        domain: Some("demo.example".into()),
    };
    let (p, l) = (user.clone(), log.clone());
    let c = config.clone();
    let s = system.clone();
    step(world, async move {
        let r = Resolver::new(&s, c.clone());
        l.say(&s, format!("DNS: ZS01 finds {} addresses of client", r.addresses("client").await?.len()));
        let r = Resolver::new(&p, c);
        let found = r.addresses("ftp").await?;
        let list: Vec<String> = found.iter().map(ToString::to_string).collect();
        l.say(&p, format!("DNS: ftp.demo.example is {}", list.join(" and ")));
        l.say(&p, format!("DNS: {} is {}", v4(1, 0).ip(), r.name(v4(1, 0).ip()).await?));
        Ok(())
    })?;
    for (server, mode) in [
        (v6(1, ftp::PORT), Mode::ExtendedPassive),
        (v4(1, ftp::PORT), Mode::Passive),
        (v4(1, ftp::PORT), Mode::Active),
        (v6(1, ftp::PORT), Mode::ExtendedActive),
    ] {
        let (p, l) = (user.clone(), log.clone());
        step(world, async move {
            let c = Client::connect(&p, server, "user1", mode).await?;
            c.command("CWD /pub").await?;
            let list = c.list().await?;
            let got = c.get("DEMO.TEXT").await?;
            if got != text(48_000) {
                return Err(failed("a file is not what it was"));
            }
            c.put("UPLOAD.TEXT", &got[..20_000]).await?;
            c.quit().await?;
            l.say(
                &p,
                format!("FTP {} {mode:?}: {} names, {} bytes", server.ip(), list.lines().count(), got.len()),
            );
            Ok(())
        })?;
    }
    for server in [v6(1, http::PORT), v4(1, http::PORT)] {
        let (p, l) = (user.clone(), log.clone());
        step(world, async move {
            for path in ["/", "/netstat/conn", "/netstat/stats", "/pub/DEMO.TEXT", "/nothing"] {
                let r = http::get(&p, server, "www.demo.example", path).await?;
                l.say(&p, format!("HTTP {} {path}: {}, {} bytes", server.ip(), r.status, r.body.len()));
            }
            Ok(())
        })?;
    }
    let (p, l) = (user.clone(), log.clone());
    step(world, async move {
        let s = p.connect(v6(2, telnet::PORT)).await?;
        s.write_all(b"NETSTAT HOME\r\nLOGOFF\r\n").await?;
        let said = lines::read_to_end(&s, 1 << 20).await?;
        s.shutdown_write()?;
        s.closed().await?;
        l.say(
            &p,
            format!("TELNET {}: {} lines", v6(2, 0).ip(), said.iter().filter(|b| **b == b'\n').count()),
        );
        Ok(())
    })?;
    let (p, l) = (system.clone(), log.clone());
    step(world, async move {
        // Over HiperSockets, and over the LAN.
        for to in [SocketAddr::new(Ipv4Addr::new(10, 1, 9, 2).into(), syslog::PORT), v6(2, syslog::PORT)] {
            let s = syslog::Sender::new(&p, to, "ZS01", "OMVS")?;
            for i in 0..3 {
                s.send(3, 6, &format!("message {i} of the demo"))?;
            }
        }
        l.say(&p, "syslog: 6 messages from ZS01 to ZS02");
        Ok(())
    })?;
    let _ = world.run_for(Duration::from_secs(1));
    Ok(())
}

/// Frames are lost on their way to the client while it fetches a file.
fn loss(world: &mut World, n: &Nodes, user: &Process, log: &Log) -> io::Result<()> {
    log.say(user, "PLANTED: for 20 ms, 6% of the frames to CLIENT are lost");
    let (p, l) = (user.clone(), log.clone());
    let got = user.start(async move {
        let c = Client::connect(&p, v4(1, ftp::PORT), "user1", Mode::Passive).await?;
        let got = c.get("/pub/LARGE.TEXT").await?;
        l.say(&p, format!("FTP {}: {} bytes", v4(1, 0).ip(), got.len()));
        if got != text(LARGE) {
            return Err(failed("a file is not what it was"));
        }
        c.quit().await
    });
    // The file is under way by then, and is not through at the end.
    let _ = world.run_for(Duration::from_millis(10));
    let wire = network::client_wire();
    world.plex.fabric.impair(n.client_port, Direction::Out, Impairments { loss: 60_000, ..wire });
    let _ = world.run_for(Duration::from_millis(20));
    world.plex.fabric.impair(n.client_port, Direction::Out, wire);
    step(world, got)
}

/// A client behind a link with a small MTU fetches a file.
fn small_link(world: &mut World, n: &Nodes, log: &Log) -> io::Result<()> {
    let p = world.process(n.branch.image, n.branch.stack, "USER2");
    log.say(&p, "PLANTED: the link to BRANCH takes 1400 bytes, and only ROUTER knows");
    let l = log.clone();
    step(world, async move {
        let r = http::get(&p, v4(1, http::PORT), "www.demo.example", "/pub/LARGE.TEXT").await?;
        l.say(&p, format!("HTTP {}: {} bytes", v4(1, 0).ip(), r.body.len()));
        Ok(())
    })
}

/// Nobody listens.
fn refused(world: &mut World, user: &Process, log: &Log) -> io::Result<()> {
    log.say(user, format!("PLANTED: nobody listens on port {CLOSED_PORT} of ZS02"));
    let (p, l) = (user.clone(), log.clone());
    step(world, async move {
        match p.connect(v6(2, CLOSED_PORT)).await {
            Ok(_) => Err(failed("a port that should be closed is open")),
            Err(e) => {
                l.say(&p, format!("connect to {}: {e}", v6(2, CLOSED_PORT)));
                Ok(())
            }
        }
    })
}

/// The program at the other end does not read.
fn slow(world: &mut World, user: &Process, log: &Log) -> io::Result<()> {
    log.say(user, "PLANTED: SLOWAPP on ZS02 does not read for three seconds");
    let (p, l) = (user.clone(), log.clone());
    step(world, async move {
        let s = p.connect(v4(2, discard::PORT)).await?;
        s.write_all(&text(100_000)).await?;
        s.shutdown_write()?;
        lines::read_to_end(&s, 0).await?;
        s.closed().await?;
        l.say(&p, "SLOWAPP has read 100000 bytes");
        Ok(())
    })
}

/// Somebody comes with the address of ZS02.
fn duplicate(world: &mut World, n: &Nodes, user: &Process, log: &Log) {
    log.say(user, "PLANTED: a printer comes with the address of ZS02, 10.1.1.2");
    let image = world.plex.image("PRINTER");
    let stack = world.plex.start(image, StackConfig::new("TCPIP"));
    let mut interface = InterfaceConfig::ethernet("ETH0", [2, 0, 0, 0, 1, 66]).address(v4(2, 0).ip(), 24);
    interface.ip.v6 = false;
    world.plex.attach(stack, n.lan, &interface);
}
