//! All protocols, in the order of their numbers, and the look-ups by name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::field::{Alias, FieldDef, FieldId, Kind, ProtoDef};
use super::{app, dispatch::ethertype_layer as ethertype, link, net, stop, transport, zos};

macro_rules! registry {
    ($( $proto:ident $module:path; )*) => {
        /// A protocol that a dissector exists for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Proto { $( $proto, )* }

        /// Every protocol, at its own number.
        pub static PROTOCOLS: &[ProtoDef] = &[ $( { use $module as m; m::DEF }, )* ];
    };
}

registry! {
    Frame super::frame;
    Stop stop;
    Data super::data;
    Cte zos::cte;
    Utc2 zos::utc2;
    Pth zos::pth;
    SmcRecord zos::smc;
    Systcpip zos::systcpip;
    EtherType ethertype;
    Raw link::raw;
    Null link::null;
    Sll link::sll;
    Eth link::ethernet;
    Isl link::isl;
    Vlan link::vlan;
    Ieee8021ad link::vlan::ieee8021ad;
    Llc link::llc;
    Tr link::token_ring;
    Fddi link::fddi;
    Ppp link::ppp;
    Pppoe link::pppoe;
    Pppoed link::pppoe::pppoed;
    Pppoes link::pppoe::pppoes;
    Mpls link::mpls;
    PwEthHeuristic link::mpls::pwethheuristic;
    PwEthNoCw link::mpls::pwethnocw;
    PwEthCw link::mpls::pwethcw;
    Chdlc link::chdlc;
    Slarp link::chdlc::slarp;
    Fr link::frame_relay;
    Loop link::loopback;
    Arp net::arp;
    Ip net::ipv4;
    Ipv6 net::ipv6;
    Hopopts net::ipv6_ext::hopopts;
    Dstopts net::ipv6_ext::dstopts;
    Routing net::ipv6_ext::routing;
    Fraghdr net::ipv6_ext::fraghdr;
    Ah net::ipv6_ext::ah;
    Mipv6 net::ipv6_ext::mipv6;
    Hip net::ipv6_ext::hip;
    Shim6 net::ipv6_ext::shim6;
    Icmp net::icmp;
    Icmpv6 net::icmpv6;
    Igmp net::igmp;
    Gre net::gre;
    Erspan net::erspan;
    Esp net::esp;
    Udpencap net::esp::udpencap;
    Vxlan net::vxlan;
    VxlanGpe net::vxlan::vxlan_gpe;
    Geneve net::geneve;
    Gtp net::gtp;
    L2tp net::l2tp;
    Teredo net::teredo;
    Tcp transport::tcp;
    Udp transport::udp;
    Udplite transport::udp::udplite;
    Sctp transport::sctp;
    Dccp transport::dccp;
    Dns app::dns;
    Mdns app::dns::mdns;
    Llmnr app::dns::llmnr;
    Drda app::drda;
    Ftp app::ftp;
    FtpData app::ftp::data;
    Imf app::smtp::imf;
    Lpd app::lpd;
    Mq app::mq;
    Smtp app::smtp;
    Telnet app::telnet;
    Http app::http;
    Tls app::tls;
    DataTextLines app::http::content::text;
    ImageGif app::http::content::gif;
    ImageJfif app::http::content::jfif;
    Png app::http::content::png;
    Xml app::http::content::xml;
    Json app::http::content::json;
    UrlencodedForm app::http::content::form;
    Media app::http::content::media;
    MimeMultipart app::http::content::multipart;
    Dhcp app::dhcp;
    Ntp app::ntp;
    Isakmp app::isakmp;
    Ospf app::ospf;
    Rip app::rip;
    Ripng app::ripng;
    Snmp app::snmp;
    Syslog app::syslog;
    Tftp app::tftp;
    Rpc app::rpc;
    Portmap app::rpc::portmap;
    Sasp app::sasp;
    Rstat app::rpc::programs::rstat;
    Nfs app::rpc::programs::nfs;
    Ypserv app::rpc::programs::ypserv;
    Mount app::rpc::programs::mount;
    Ypbind app::rpc::programs::ypbind;
    Rwall app::rpc::programs::rwall;
    Yppasswd app::rpc::programs::yppasswd;
    Rquota app::rpc::programs::rquota;
    Spray app::rpc::programs::spray;
    Klm app::rpc::programs::klm;
    Nlm app::rpc::programs::nlm;
    Stat app::rpc::programs::stat;
    Bootparams app::rpc::programs::bootparams;
    Ypxfr app::rpc::programs::ypxfr;
    Nfsacl app::rpc::programs::nfsacl;
    Pcnfsd app::rpc::programs::pcnfsd;
    Statnotify app::rpc::programs::statnotify;
    Vxi11Core app::rpc::programs::vxi11_core;
    Vxi11Async app::rpc::programs::vxi11_async;
    Vxi11Intr app::rpc::programs::vxi11_intr;
}

/// Names that stand for several fields.
pub static ALIASES: &[Alias] = &[
    Alias {
        name: "eth.addr",
        label: "Source or Destination Address",
        fields: &[link::ethernet::DST, link::ethernet::SRC],
    },
    Alias {
        name: "ip.addr",
        label: "Source or Destination Address",
        fields: &[net::ipv4::SRC, net::ipv4::DST],
    },
    Alias {
        name: "ipv6.addr",
        label: "Source or Destination Address",
        fields: &[net::ipv6::SRC, net::ipv6::DST],
    },
    Alias {
        name: "tcp.port",
        label: "Source or Destination Port",
        fields: &[transport::tcp::SRCPORT, transport::tcp::DSTPORT],
    },
    Alias {
        name: "udp.port",
        label: "Source or Destination Port",
        fields: &[transport::udp::SRCPORT, transport::udp::DSTPORT],
    },
];

/// What a name stands for: one field or several of the same type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The fields.
    pub fields: &'static [FieldId],
    /// Their type.
    pub kind: Kind,
}

static BY_NAME: LazyLock<HashMap<&'static str, Resolved>> = LazyLock::new(|| {
    let mut ids: Vec<(&'static str, Vec<FieldId>, Kind)> = Vec::new();
    let mut at: HashMap<&'static str, usize> = HashMap::new();
    let mut add = |name: &'static str, id: FieldId, kind: Kind| match at.get(name) {
        Some(&i) => ids[i].1.push(id),
        None => {
            at.insert(name, ids.len());
            ids.push((name, vec![id], kind));
        }
    };
    for p in PROTOCOLS {
        add(p.layer.name, FieldId::layer(p.proto), Kind::Protocol);
        for (i, f) in p.fields.iter().enumerate() {
            add(f.name, FieldId::new(p.proto, i as u8), f.kind);
        }
    }
    let mut out: HashMap<_, _> = ids
        .into_iter()
        .map(|(n, f, kind)| (n, Resolved { fields: Box::leak(f.into_boxed_slice()), kind }))
        .collect();
    for a in ALIASES {
        out.insert(a.name, Resolved { fields: a.fields, kind: a.fields[0].def().kind });
    }
    out
});

/// Finds a field, protocol or alias by its name.
#[must_use]
pub fn resolve(name: &str) -> Option<Resolved> {
    BY_NAME.get(name).copied()
}

/// Every field with its definition, protocols included.
pub fn all() -> impl Iterator<Item = (FieldId, &'static FieldDef)> {
    PROTOCOLS.iter().flat_map(|p| {
        std::iter::once((FieldId::layer(p.proto), p.layer))
            .chain(p.fields.iter().enumerate().map(|(i, f)| (FieldId::new(p.proto, i as u8), f)))
    })
}

/// Names close to a misspelt one, nearest first.
#[must_use]
pub fn similar(name: &str) -> Vec<&'static str> {
    let mut near: Vec<(usize, &'static str)> = BY_NAME
        .keys()
        .filter_map(|&k| {
            let d = distance(name.as_bytes(), k.as_bytes());
            (d <= 2 + name.len() / 6).then_some((d, k))
        })
        .collect();
    near.sort_unstable();
    near.into_iter().take(5).map(|(_, k)| k).collect()
}

/// Edit distance.
#[must_use]
pub fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let best = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_resolve_and_near_names_are_offered() {
        assert_eq!(resolve("tcp.port").unwrap().fields.len(), 2);
        assert_eq!(resolve("ip").unwrap().kind, Kind::Protocol);
        assert!(resolve("tcp.prot").is_none());
        assert!(similar("tcp.prot").contains(&"tcp.port"));
    }
}
