//! OSPF version 2 (RFC 2328) and for IPv6 (RFC 5340): packets, and the heads of what they carry.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 1 + 1 + 2 | version, type, length |
//! | 4 | 4 + 4 | router, area |
//! | 12 | 2 | checksum |
//! | 14 | 2 + 8 | version 2: type of authentication, and the authentication |
//! | 14 | 1 + 1 | version 3: instance, reserved |

use crate::decode::{Base, Buf, Ctx, FieldId, Kind, Outcome, Proto, Sink, Value, data, fmt::Out};

use super::ospf_lsa as lsa;
use super::text::Text;

crate::protocol! { Ospf, "ospf", "Open Shortest Path First";
    HEADER "ospf.header" "OSPF Header" Kind::None;
    VERSION "ospf.version" "Version" Kind::Uint(8, Base::Dec);
    MSG "ospf.msg" "Message Type" Kind::Uint(8, Base::Dec), names::message;
    PACKET_LENGTH "ospf.packet_length" "Packet Length" Kind::Uint(16, Base::Dec);
    SRCROUTER "ospf.srcrouter" "Source OSPF Router" Kind::Ipv4;
    AREA_ID "ospf.area_id" "Area ID" Kind::Ipv4;
    CHECKSUM "ospf.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    AUTH_TYPE "ospf.auth.type" "Auth Type" Kind::Uint(16, Base::Dec), names::authentication;
    AUTH_NONE "ospf.auth.none" "Auth Data (none)" Kind::Bytes;
    AUTH_SIMPLE "ospf.auth.simple" "Auth Data (Simple)" Kind::Str;
    AUTH_CRYPT_KEY_ID "ospf.auth.crypt.key_id" "Auth Crypt Key id" Kind::Uint(8, Base::Dec);
    AUTH_CRYPT_DATA_LENGTH "ospf.auth.crypt.data_length" "Auth Crypt Data Length" Kind::Uint(8, Base::Dec);
    AUTH_CRYPT_SEQ_NBR "ospf.auth.crypt.seq_nbr" "Auth Crypt Sequence Number" Kind::Uint(32, Base::Dec);
    AUTH_CRYPT_DATA "ospf.auth.crypt.data" "Auth Crypt Data" Kind::Bytes;
    AUTH_UNKNOWN "ospf.auth.unknown" "Auth Unknown" Kind::Bytes;
    INSTANCE_ID "ospf.instance_id" "Instance ID" Kind::Uint(8, Base::Dec);
    RESERVED "ospf.reserved" "Reserved" Kind::Bytes;
    MSG_HELLO "ospf.msg.hello" "Hello" Kind::Bool;
    MSG_DBDESC "ospf.msg.dbdesc" "Database Description" Kind::Bool;
    MSG_LSREQ "ospf.msg.lsreq" "Link State Adv Request" Kind::Bool;
    MSG_LSUPDATE "ospf.msg.lsupdate" "Link State Adv Update" Kind::Bool;
    MSG_LSACK "ospf.msg.lsack" "Link State Adv Acknowledgement" Kind::Bool;
    HELLO "ospf.hello" "OSPF Hello Packet" Kind::None;
    HELLO_NETWORK_MASK "ospf.hello.network_mask" "Network Mask" Kind::Ipv4;
    HELLO_INTERFACE_ID "ospf.hello.interface_id" "Interface ID" Kind::Uint(32, Base::Dec);
    HELLO_HELLO_INTERVAL "ospf.hello.hello_interval" "Hello Interval [sec]" Kind::Uint(32, Base::Dec);
    HELLO_ROUTER_PRIORITY "ospf.hello.router_priority" "Router Priority" Kind::Uint(8, Base::Dec);
    HELLO_ROUTER_DEAD_INTERVAL "ospf.hello.router_dead_interval" "Router Dead Interval [sec]" Kind::Uint(32, Base::Dec);
    HELLO_DESIGNATED_ROUTER "ospf.hello.designated_router" "Designated Router" Kind::Ipv4;
    HELLO_BACKUP_DESIGNATED_ROUTER "ospf.hello.backup_designated_router" "Backup Designated Router" Kind::Ipv4;
    HELLO_ACTIVE_NEIGHBOR "ospf.hello.active_neighbor" "Active Neighbor" Kind::Ipv4;
    V2_OPTIONS "ospf.v2.options" "Options" Kind::Uint(8, Base::Hex);
    V2_OPTIONS_DN "ospf.v2.options.dn" "DN" Kind::Bool;
    V2_OPTIONS_O "ospf.v2.options.o" "O" Kind::Bool;
    V2_OPTIONS_DC "ospf.v2.options.dc" "(DC) Demand Circuits" Kind::Bool;
    V2_OPTIONS_L "ospf.v2.options.l" "(L) LLS Data block" Kind::Bool;
    V2_OPTIONS_N "ospf.v2.options.n" "(N) NSSA" Kind::Bool;
    V2_OPTIONS_P "ospf.v2.options.p" "(P) Propagate" Kind::Bool;
    V2_OPTIONS_MC "ospf.v2.options.mc" "(MC) Multicast" Kind::Bool;
    V2_OPTIONS_E "ospf.v2.options.e" "(E) External Routing" Kind::Bool;
    V2_OPTIONS_MT "ospf.v2.options.mt" "(MT) Multi-Topology Routing" Kind::Bool;
    V3_OPTIONS "ospf.v3.options" "Options" Kind::Uint(24, Base::Hex);
    V3_OPTIONS_AT "ospf.v3.options.at" "AT" Kind::Bool;
    V3_OPTIONS_L "ospf.v3.options.l" "L" Kind::Bool;
    V3_OPTIONS_AF "ospf.v3.options.af" "AF" Kind::Bool;
    V3_OPTIONS_DC "ospf.v3.options.dc" "DC" Kind::Bool;
    V3_OPTIONS_R "ospf.v3.options.r" "R" Kind::Bool;
    V3_OPTIONS_N "ospf.v3.options.n" "N" Kind::Bool;
    V3_OPTIONS_MC "ospf.v3.options.mc" "MC" Kind::Bool;
    V3_OPTIONS_E "ospf.v3.options.e" "E" Kind::Bool;
    V3_OPTIONS_V6 "ospf.v3.options.v6" "V6" Kind::Bool;
    DB_INTERFACE_MTU "ospf.db.interface_mtu" "Interface MTU" Kind::Uint(16, Base::Dec);
    DBD "ospf.dbd" "DB Description" Kind::Uint(8, Base::Hex);
    DBD_R "ospf.dbd.r" "(R) OOBResync" Kind::Bool;
    DBD_I "ospf.dbd.i" "(I) Init" Kind::Bool;
    DBD_M "ospf.dbd.m" "(M) More" Kind::Bool;
    DBD_MS "ospf.dbd.ms" "(MS) Master" Kind::Bool;
    DB_DD_SEQUENCE "ospf.db.dd_sequence" "DD Sequence" Kind::Uint(32, Base::Dec);
    LS_NUMBER_OF_LSAS "ospf.ls.number_of_lsas" "Number of LSAs" Kind::Uint(32, Base::Dec);
    LSA "ospf.lsa" "LS Type" Kind::Uint(8, Base::Dec), names::lsa;
    LSA_AGE "ospf.lsa.age" "LS Age (seconds)" Kind::Uint(16, Base::Dec);
    LSA_DONOTAGE "ospf.lsa.donotage" "Do Not Age Flag" Kind::Uint(16, Base::Dec);
    LSA_ID "ospf.lsa.id" "Link State ID" Kind::Ipv4;
    LINK_STATE_ID "ospf.link_state_id" "Link State ID" Kind::Ipv4;
    ADVROUTER "ospf.advrouter" "Advertising Router" Kind::Ipv4;
    LSA_SEQNUM "ospf.lsa.seqnum" "Sequence Number" Kind::Uint(32, Base::Hex);
    LSA_CHKSUM "ospf.lsa.chksum" "Checksum" Kind::Uint(16, Base::Hex);
    LSA_LENGTH "ospf.lsa.length" "Length" Kind::Uint(16, Base::Dec);
    LSA_ROUTER "ospf.lsa.router" "Router LSA" Kind::Bool;
    LSA_NETWORK "ospf.lsa.network" "Network LSA" Kind::Bool;
    LSA_SUMMARY "ospf.lsa.summary" "Summary LSA (IP Network)" Kind::Bool;
    LSA_ASBR "ospf.lsa.asbr" "Summary LSA (ASBR)" Kind::Bool;
    LSA_ASEXT "ospf.lsa.asext" "AS-External LSA (ASBR)" Kind::Bool;
    LSA_NSSA "ospf.lsa.nssa" "NSSA AS-External LSA" Kind::Bool;
    LSA_OPAQUE "ospf.lsa.opaque" "Opaque LSA" Kind::Bool;
    LSID_OPAQUE_TYPE "ospf.lsid_opaque_type" "Link State ID Opaque Type" Kind::Uint(8, Base::Dec), names::opaque;
    LSID_OPAQUE_ID "ospf.lsid.opaque_id" "Link State ID Opaque ID" Kind::Uint(24, Base::Dec);
    V2_ROUTER_LSA_FLAGS "ospf.v2.router.lsa.flags" "Flags" Kind::Uint(8, Base::Hex);
    V2_ROUTER_LSA_FLAGS_H "ospf.v2.router.lsa.flags.h" "(H) flag" Kind::Bool;
    V2_ROUTER_LSA_FLAGS_N "ospf.v2.router.lsa.flags.n" "(N) flag" Kind::Bool;
    V2_ROUTER_LSA_FLAGS_W "ospf.v2.router.lsa.flags.w" "(W) Wild-card multicast receiver" Kind::Bool;
    V2_ROUTER_LSA_FLAGS_V "ospf.v2.router.lsa.flags.v" "(V) Virtual link endpoint" Kind::Bool;
    V2_ROUTER_LSA_FLAGS_E "ospf.v2.router.lsa.flags.e" "(E) AS boundary router" Kind::Bool;
    V2_ROUTER_LSA_FLAGS_B "ospf.v2.router.lsa.flags.b" "(B) Area border router" Kind::Bool;
    LSA_NUMBER_OF_LINKS "ospf.lsa.number_of_links" "Number of Links" Kind::Uint(16, Base::Dec);
    LSA_ROUTER_LINKID "ospf.lsa.router.linkid" "Link ID" Kind::Ipv4;
    LSA_ROUTER_LINKDATA "ospf.lsa.router.linkdata" "Link Data" Kind::Ipv4;
    LSA_ROUTER_LINKTYPE "ospf.lsa.router.linktype" "Link Type" Kind::Uint(8, Base::Dec), names::link;
    LSA_ROUTER_NUMMETRICS "ospf.lsa.router.nummetrics" "Number of Metrics" Kind::Uint(8, Base::Dec);
    LSA_ROUTER_METRIC0 "ospf.lsa.router.metric0" "0 Metric" Kind::Uint(16, Base::Dec);
    LSA_TOS "ospf.lsa.tos" "TOS" Kind::Uint(8, Base::Dec);
    METRIC "ospf.metric" "Metric" Kind::Uint(32, Base::Dec);
    LSA_NETWORK_NETMASK "ospf.lsa.network.netmask" "Netmask" Kind::Ipv4;
    LSA_NETWORK_ATTCHRTR "ospf.lsa.network.attchrtr" "Attached Router" Kind::Ipv4;
    LSA_ASBR_NETMASK "ospf.lsa.asbr.netmask" "Netmask" Kind::Ipv4;
    LSA_ASEXT_NETMASK "ospf.lsa.asext.netmask" "Netmask" Kind::Ipv4;
    LSA_ASEXT_TYPE "ospf.lsa.asext.type" "External Type" Kind::Bool;
    LSA_ASEXT_FWDADDR "ospf.lsa.asext.fwdaddr" "Forwarding Address" Kind::Ipv4;
    LSA_ASEXT_EXTRTTAG "ospf.lsa.asext.extrttag" "External Route Tag" Kind::Uint(32, Base::Dec);
    V3_LSA "ospf.v3.lsa" "LS Type" Kind::Uint(16, Base::Hex);
    V3_LSA_U "ospf.v3.lsa.u" "LSA Handling" Kind::Bool;
    V3_LSA_S12 "ospf.v3.lsa.s12" "Flooding Scope" Kind::Uint(16, Base::Hex), names::scope;
    V3_LSA_FC "ospf.v3.lsa.fc" "Function Code" Kind::Uint(16, Base::Dec), names::function;
    V3_LSA_DO_NOT_AGE "ospf.v3.lsa.do_not_age" "Do Not Age" Kind::Bool;
    V3_LSA_ROUTER "ospf.v3.lsa.router" "Router-LSA" Kind::Bool;
    V3_LSA_NETWORK "ospf.v3.lsa.network" "Network-LSA" Kind::Bool;
    V3_LSA_INTERPREFIX "ospf.v3.lsa.interprefix" "Inter-Area-Prefix-LSA" Kind::Bool;
    V3_LSA_INTERROUTER "ospf.v3.lsa.interrouter" "Inter-Area-Router-LSA" Kind::Bool;
    V3_LSA_ASEXT "ospf.v3.lsa.asext" "AS-External-LSA" Kind::Bool;
    V3_LSA_NSSA "ospf.v3.lsa.nssa" "NSSA-LSA" Kind::Bool;
    V3_LSA_LINK "ospf.v3.lsa.link" "Link-LSA" Kind::Bool;
    V3_LSA_INTRAPREFIX "ospf.v3.lsa.intraprefix" "Intra-Area-Prefix-LSA" Kind::Bool;
    V3_ROUTER_LSA_FLAGS "ospf.v3.router.lsa.flags" "Flags" Kind::Uint(8, Base::Hex);
    V3_ROUTER_LSA_FLAGS_W "ospf.v3.router.lsa.flags.w" "(W) Wild-card multicast receiver" Kind::Bool;
    V3_ROUTER_LSA_FLAGS_V "ospf.v3.router.lsa.flags.v" "(V) Virtual link endpoint" Kind::Bool;
    V3_ROUTER_LSA_FLAGS_E "ospf.v3.router.lsa.flags.e" "(E) AS boundary router" Kind::Bool;
    V3_ROUTER_LSA_FLAGS_B "ospf.v3.router.lsa.flags.b" "(B) Area border router" Kind::Bool;
    V3_LSA_TYPE "ospf.v3.lsa.type" "Type" Kind::Uint(8, Base::Dec), names::link;
    V3_LSA_INTERFACE_ID "ospf.v3.lsa.interface_id" "Interface ID" Kind::Uint(32, Base::Dec);
    V3_LSA_NEIGHBOR_INTERFACE_ID "ospf.v3.lsa.neighbor_interface_id" "Neighbor Interface ID" Kind::Uint(32, Base::Dec);
    V3_LSA_NEIGHBOR_ROUTER_ID "ospf.v3.lsa.neighbor_router_id" "Neighbor Router ID" Kind::Ipv4;
    V3_LSA_ATTACHED_ROUTER "ospf.v3.lsa.attached_router" "Attached Router" Kind::Ipv4;
    V3_LSA_ROUTER_PRIORITY "ospf.v3.lsa.router_priority" "Router Priority" Kind::Uint(8, Base::Dec);
    V3_LSA_LINK_LOCAL_INTERFACE_ADDRESS_IPV6 "ospf.v3.lsa.link_local_interface_address.ipv6" "Link-local Interface Address" Kind::Ipv6;
    V3_LSA_NUM_PREFIXES "ospf.v3.lsa.num_prefixes" "# prefixes" Kind::Uint(32, Base::Dec);
    V3_LSA_DESTINATION_ROUTER_ID "ospf.v3.lsa.destination_router_id" "Destination Router ID" Kind::Ipv4;
    V3_LSA_REFERENCED_LS_TYPE "ospf.v3.lsa.referenced_ls_type" "Referenced LS type" Kind::Uint(16, Base::Hex);
    V3_LSA_REFERENCED_LINK_STATE_ID "ospf.v3.lsa.referenced_link_state_id" "Referenced Link State ID" Kind::Ipv4;
    V3_LSA_REFERENCED_ADVERTISING_ROUTER "ospf.v3.lsa.referenced_advertising_router" "Referenced Advertising Router" Kind::Ipv4;
    PREFIX_LENGTH "ospf.prefix_length" "PrefixLength" Kind::Uint(8, Base::Dec);
    V3_PREFIX_OPTIONS "ospf.v3.prefix.options" "PrefixOptions" Kind::Uint(8, Base::Hex);
    V3_PREFIX_OPTIONS_P "ospf.v3.prefix.options.p" "(P) Propagate" Kind::Bool;
    V3_PREFIX_OPTIONS_MC "ospf.v3.prefix.options.mc" "(MC) Multicast" Kind::Bool;
    V3_PREFIX_OPTIONS_LA "ospf.v3.prefix.options.la" "(LA) Local Address" Kind::Bool;
    V3_PREFIX_OPTIONS_NU "ospf.v3.prefix.options.nu" "(NU) NoUnicast" Kind::Bool;
    V3_ADDRESS_PREFIX_IPV6 "ospf.v3.address_prefix.ipv6" "Address Prefix" Kind::Ipv6;
    LLS_CHECKSUM "ospf.lls.checksum" "Checksum" Kind::Uint(16, Base::Hex);
    LLS_DATA_LENGTH "ospf.lls.data_length" "LLS Data Length" Kind::Uint(16, Base::Dec);
    TLV_TYPE "ospf.tlv_type" "TLV Type" Kind::Uint(16, Base::Dec);
    TLV_LENGTH "ospf.tlv_length" "TLV Length" Kind::Uint(16, Base::Dec);
    LLS_EXT_OPTIONS "ospf.lls.ext.options" "Options" Kind::Uint(32, Base::Hex);
    LLS_EXT_OPTIONS_RS "ospf.lls.ext.options.rs" "(RS) Restart Signal" Kind::Bool;
    LLS_EXT_OPTIONS_LR "ospf.lls.ext.options.lr" "(LR) LSDB Resynchronization" Kind::Bool;
    V2_LLS_SEQUENCE_NUMBER "ospf.v2.lls.sequence_number" "Sequence number" Kind::Uint(32, Base::Hex);
    V2_LLS_AUTH_DATA "ospf.v2.lls.auth_data" "Auth Data" Kind::Bytes;
}

mod names {
    use crate::decode::names::table;

    table! {
        message { 1 "Hello Packet" 2 "DB Description" 3 "LS Request" 4 "LS Update" 5 "LS Acknowledge" }
        authentication { 0 "Null" 1 "Simple password" 2 "Cryptographic" }
        lsa {
            1 "Router-LSA" 2 "Network-LSA" 3 "Summary-LSA (IP network)" 4 "Summary-LSA (ASBR)"
            5 "AS-External-LSA (ASBR)" 6 "Group Membership LSA" 7 "NSSA AS-External-LSA" 8 "External Attributes LSA"
            9 "Opaque LSA, Link-local scope" 10 "Opaque LSA, Area-local scope" 11 "Opaque LSA, AS-local scope"
        }
        function {
            1 "Router-LSA" 2 "Network-LSA" 3 "Inter-Area-Prefix-LSA" 4 "Inter-Area-Router-LSA" 5 "AS-External-LSA"
            6 "Group-Membership-LSA" 7 "Type-7-LSA" 8 "Link-LSA" 9 "Intra-Area-Prefix-LSA"
        }
        link {
            1 "Point-to-point connection to another router" 2 "Connection to a transit network"
            3 "Connection to a stub network" 4 "Virtual link"
        }
        opaque {
            1 "Traffic Engineering LSA" 2 "Sycamore Optical Topology Descriptions" 3 "grace-LSA"
            4 "Router Information" 7 "Extended Prefix" 8 "Extended Link"
        }
        scope { 0 "Link-local" 1 "Area" 2 "AS" 3 "Reserved" }
    }
}

/// Dissects a packet and what follows it in the datagram.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.layer(Proto::Ospf, b.whole());
    if super::idle(c, Proto::Ospf) {
        return Ok(());
    }
    let (version, kind) = (b.u8(0)?, b.u8(1)?);
    if let Some(info) = c.summary().and_then(|s| s.take("OSPF")) {
        info.text(names::message(kind.into()).unwrap_or("Unknown"));
    }
    let v3 = version == 3;
    let header = match version {
        2 => 24,
        3 => 16,
        _ => 14,
    };
    c.field(HEADER, Value::None, b.span(0, header));
    c.sink.open();
    c.u8(VERSION, b, 0)?;
    c.u8(MSG, b, 1)?;
    let said = usize::from(c.u16(PACKET_LENGTH, b, 2)?);
    c.ipv4(SRCROUTER, b, 4)?;
    c.ipv4(AREA_ID, b, 8)?;
    c.u16(CHECKSUM, b, 12)?;
    match version {
        2 => authentication(c, b, said)?,
        3 => {
            c.u8(INSTANCE_ID, b, 14)?;
            c.bytes(RESERVED, b, 15, 1)?;
        }
        _ => {
            c.sink.close();
            data::dissect(c, b.from(14));
            return Ok(());
        }
    }
    c.sink.close();
    let packet = b.truncate(said.min(b.reported()));
    let flags = [(1, MSG_HELLO), (2, MSG_DBDESC), (3, MSG_LSREQ), (4, MSG_LSUPDATE), (5, MSG_LSACK)];
    for (_, id) in flags.into_iter().filter(|(k, _)| *k == kind) {
        c.field(id, Value::Uint(1), b.span(1, 1));
    }
    let options_l = match kind {
        1 => hello(c, packet, header, v3)?,
        2 => description(c, packet, header, v3)?,
        3 => {
            requests(c, packet, header, v3)?;
            false
        }
        4 => {
            let n = c.u32(LS_NUMBER_OF_LSAS, packet, header)?;
            let mut at = header + 4;
            for _ in 0..n {
                at += lsa::advertisement(c, packet, at, v3, true)?;
            }
            false
        }
        5 => {
            headers(c, packet, header, v3)?;
            false
        }
        _ => {
            data::dissect(c, packet.from(header));
            false
        }
    };
    if options_l {
        let digest = if !v3 && b.u16(14)? == 2 { usize::from(b.u8(19)?) } else { 0 };
        signaling(c, b.from(said + digest))?;
    }
    Ok(())
}

fn authentication<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, said: usize) -> Outcome {
    match c.u16(AUTH_TYPE, b, 14)? {
        0 => c.bytes(AUTH_NONE, b, 16, 8).map(|_| ()),
        1 => {
            let password = b.get(16, 8)?;
            c.field(AUTH_SIMPLE, Value::Str(Text::<32>::ascii(password).as_str()), b.span(16, 8));
            Ok(())
        }
        2 => {
            c.u8(AUTH_CRYPT_KEY_ID, b, 18)?;
            let len = usize::from(c.u8(AUTH_CRYPT_DATA_LENGTH, b, 19)?);
            c.u32(AUTH_CRYPT_SEQ_NBR, b, 20)?;
            // The digest follows the packet.
            if len > 0 {
                c.bytes(AUTH_CRYPT_DATA, b, said, len)?;
            }
            Ok(())
        }
        _ => c.bytes(AUTH_UNKNOWN, b, 16, 8).map(|_| ()),
    }
}

/// Options of version 2; true when a block for link-local signaling follows the packet.
pub(super) fn options2<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, nssa: bool) -> Outcome<bool> {
    let v = b.u8(at)?;
    let parts = [
        (V2_OPTIONS_DN, 7, 1),
        (V2_OPTIONS_O, 6, 1),
        (V2_OPTIONS_DC, 5, 1),
        (V2_OPTIONS_L, 4, 1),
        (if nssa { V2_OPTIONS_P } else { V2_OPTIONS_N }, 3, 1),
        (V2_OPTIONS_MC, 2, 1),
        (V2_OPTIONS_E, 1, 1),
        (V2_OPTIONS_MT, 0, 1),
    ];
    c.flags(V2_OPTIONS, v, b, at, 1, &parts);
    Ok(v & 0x10 != 0)
}

/// Options of version 3; true when a block for link-local signaling follows the packet.
pub(super) fn options3<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize) -> Outcome<bool> {
    let v = b.u24(at)?;
    let parts = [
        (V3_OPTIONS_AT, 10, 1),
        (V3_OPTIONS_L, 9, 1),
        (V3_OPTIONS_AF, 8, 1),
        (V3_OPTIONS_DC, 5, 1),
        (V3_OPTIONS_R, 4, 1),
        (V3_OPTIONS_N, 3, 1),
        (V3_OPTIONS_MC, 2, 1),
        (V3_OPTIONS_E, 1, 1),
        (V3_OPTIONS_V6, 0, 1),
    ];
    c.flags(V3_OPTIONS, v, b, at, 3, &parts);
    Ok(v & 0x200 != 0)
}

fn hello<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v3: bool) -> Outcome<bool> {
    c.field(HELLO, Value::None, b.span(at, b.reported().saturating_sub(at)));
    c.sink.open();
    let signals;
    if v3 {
        c.u32(HELLO_INTERFACE_ID, b, at)?;
        c.u8(HELLO_ROUTER_PRIORITY, b, at + 4)?;
        signals = options3(c, b, at + 5)?;
        c.u16(HELLO_HELLO_INTERVAL, b, at + 8)?;
        c.u16(HELLO_ROUTER_DEAD_INTERVAL, b, at + 10)?;
    } else {
        c.ipv4(HELLO_NETWORK_MASK, b, at)?;
        c.u16(HELLO_HELLO_INTERVAL, b, at + 4)?;
        signals = options2(c, b, at + 6, false)?;
        c.u8(HELLO_ROUTER_PRIORITY, b, at + 7)?;
        c.u32(HELLO_ROUTER_DEAD_INTERVAL, b, at + 8)?;
    }
    c.ipv4(HELLO_DESIGNATED_ROUTER, b, at + 12)?;
    c.ipv4(HELLO_BACKUP_DESIGNATED_ROUTER, b, at + 16)?;
    for at in (at + 20..b.reported()).step_by(4) {
        c.ipv4(HELLO_ACTIVE_NEIGHBOR, b, at)?;
    }
    c.sink.close();
    Ok(signals)
}

fn description<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v3: bool) -> Outcome<bool> {
    let flags = [(DBD_R, 3, 1), (DBD_I, 2, 1), (DBD_M, 1, 1), (DBD_MS, 0, 1)];
    let signals;
    let mut at = at;
    if v3 {
        c.bytes(RESERVED, b, at, 1)?;
        signals = options3(c, b, at + 1)?;
        c.u16(DB_INTERFACE_MTU, b, at + 4)?;
        c.bytes(RESERVED, b, at + 6, 1)?;
        at += 7;
    } else {
        c.u16(DB_INTERFACE_MTU, b, at)?;
        signals = options2(c, b, at + 2, false)?;
        at += 3;
    }
    c.flags(DBD, b.u8(at)?, b, at, 1, &flags);
    c.u32(DB_DD_SEQUENCE, b, at + 1)?;
    headers(c, b, at + 5, v3)?;
    Ok(signals)
}

fn requests<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v3: bool) -> Outcome {
    for at in (at..b.reported()).step_by(12) {
        if v3 {
            c.bytes(RESERVED, b, at, 2)?;
            lsa::type3(c, b, at + 2)?;
            c.ipv4(LINK_STATE_ID, b, at + 4)?;
        } else {
            let kind = b.u32(at)?;
            c.bits(LSA, kind, b, at, 4);
            c.ipv4(LINK_STATE_ID, b, at + 4)?;
        }
        c.ipv4(ADVROUTER, b, at + 8)?;
    }
    Ok(())
}

fn headers<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, v3: bool) -> Outcome {
    let mut at = at;
    while at < b.reported() {
        at += lsa::advertisement(c, b, at, v3, false)?;
    }
    Ok(())
}

/// The block for link-local signaling (RFC 5613): checksum, length in words, then values by type.
fn signaling<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>) -> Outcome {
    c.u16(LLS_CHECKSUM, b, 0)?;
    let words = b.u16(2)?;
    let end = usize::from(words) * 4;
    c.bits(LLS_DATA_LENGTH, end as u64, b, 2, 2);
    let mut at = 4;
    while at + 4 <= end {
        let kind = c.u16(TLV_TYPE, b, at)?;
        c.sink.open();
        let len = usize::from(c.u16(TLV_LENGTH, b, at + 2)?);
        match kind {
            1 => {
                let parts = [(LLS_EXT_OPTIONS_RS, 1, 1), (LLS_EXT_OPTIONS_LR, 0, 1)];
                c.flags(LLS_EXT_OPTIONS, b.u32(at + 4)?, b, at + 4, 4, &parts);
            }
            2 if len > 4 => {
                c.u32(V2_LLS_SEQUENCE_NUMBER, b, at + 4)?;
                c.bytes(V2_LLS_AUTH_DATA, b, at + 8, len - 4)?;
            }
            _ => {}
        }
        c.sink.close();
        at += 4 + len.next_multiple_of(4);
    }
    Ok(())
}

/// The prefix of an address, without the bytes that are all host part, of `bits` bits.
pub(super) fn prefix<S: Sink>(
    c: &mut Ctx<'_, S>,
    id: FieldId,
    b: Buf<'_>,
    at: usize,
    bits: u8,
) -> Outcome<usize> {
    let len = usize::from(bits).div_ceil(32) * 4;
    if len > 16 {
        return Err(b.malformed(at));
    }
    let mut whole = [0; 16];
    whole[..len].copy_from_slice(b.get(at, len)?);
    c.field(id, Value::Ipv6(whole), b.span(at, len));
    Ok(len)
}
