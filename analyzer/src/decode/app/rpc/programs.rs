//! Programs that are called by RPC: their numbers, versions and procedures.
//!
//! Numbers are IANA's (rpc-program-numbers), procedures those of the RFCs of each program (NFS:
//! RFC 1094, 1813, 7530; mount, NLM and status: the appendices of RFC 1813 and The Open Group's
//! XNFS). What procedures take and return is decoded of the port mapper alone.

use crate::decode::{FieldId, Proto};

/// A program.
#[derive(Debug)]
pub struct Program {
    /// Its number.
    pub number: u32,
    /// What it is called.
    pub name: &'static str,
    /// Its layer; `None` where only the number is known.
    pub layer: Option<Proto>,
    /// Its versions.
    pub versions: &'static [Version],
}

/// A version of a program.
#[derive(Debug)]
pub struct Version {
    /// Its number.
    pub number: u32,
    /// The field of its procedures; `None` where the program has no layer.
    pub field: Option<FieldId>,
    /// Names of its procedures.
    pub names: fn(u64) -> Option<&'static str>,
}

impl Program {
    /// One version of it.
    #[must_use]
    pub fn version(&self, number: u32) -> Option<&'static Version> {
        self.versions.iter().find(|v| v.number == number)
    }

    /// The name of a procedure.
    #[must_use]
    pub fn procedure(&self, version: u32, number: u32) -> Option<&'static str> {
        self.version(version).and_then(|v| (v.names)(number.into()))
    }
}

/// The program of a number.
#[must_use]
pub fn find(number: u32) -> Option<&'static Program> {
    PROGRAMS.iter().copied().chain(OTHERS.iter().copied()).find(|p| p.number == number)
}

/// The name of a program.
#[must_use]
pub fn name(number: u64) -> Option<&'static str> {
    u32::try_from(number).ok().and_then(find).map(|p| p.name)
}

/// A module for each program, with its fields and the names of its procedures.
macro_rules! programs {
    ($( $module:ident $proto:ident $abbrev:literal $title:literal $number:literal $name:literal;
        $( $version:literal $id:ident $field:literal $label:literal $names:ident
           $({ $($code:literal $text:literal)* })? ; )* )*) => {
        $(
            #[doc = $title]
            pub mod $module {
                use super::{Program, Version};
                use crate::decode::{Base, Kind, Proto};
                crate::protocol! { $proto, $abbrev, $title;
                    $( $id $field $label Kind::Uint(32, Base::Dec), $names; )*
                }
                $( crate::decode::names::table! { $( /// Procedures.
                    $names { $($code $text)* } )? } )*
                /// For the list of programs.
                pub static PROGRAM: Program = Program {
                    number: $number,
                    name: $name,
                    layer: Some(Proto::$proto),
                    versions: &[ $( Version { number: $version, field: Some($id), names: $names }, )* ],
                };
            }
        )*
        static PROGRAMS: &[&Program] = &[ &super::portmap::PROGRAM, $( &$module::PROGRAM, )* ];
    };
}

programs! {
    rstat Rstat "rstat" "RSTAT" 100001 "RSTAT";
        1 V1 "rstat.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "STATS" 2 "HAVEDISK" };
        2 V2 "rstat.procedure_v2" "V2 Procedure" v1;
        3 V3 "rstat.procedure_v3" "V3 Procedure" v1;
        4 V4 "rstat.procedure_v4" "V4 Procedure" v1;

    nfs Nfs "nfs" "Network File System" 100003 "NFS";
        2 V2 "nfs.procedure_v2" "V2 Procedure" v2 {
            0 "NULL" 1 "GETATTR" 2 "SETATTR" 3 "ROOT" 4 "LOOKUP" 5 "READLINK" 6 "READ" 7 "WRITECACHE"
            8 "WRITE" 9 "CREATE" 10 "REMOVE" 11 "RENAME" 12 "LINK" 13 "SYMLINK" 14 "MKDIR" 15 "RMDIR"
            16 "READDIR" 17 "STATFS"
        };
        3 V3 "nfs.procedure_v3" "V3 Procedure" v3 {
            0 "NULL" 1 "GETATTR" 2 "SETATTR" 3 "LOOKUP" 4 "ACCESS" 5 "READLINK" 6 "READ" 7 "WRITE"
            8 "CREATE" 9 "MKDIR" 10 "SYMLINK" 11 "MKNOD" 12 "REMOVE" 13 "RMDIR" 14 "RENAME" 15 "LINK"
            16 "READDIR" 17 "READDIRPLUS" 18 "FSSTAT" 19 "FSINFO" 20 "PATHCONF" 21 "COMMIT"
        };
        4 V4 "nfs.procedure_v4" "V4 Procedure" v4 { 0 "NULL" 1 "COMPOUND" };

    ypserv Ypserv "ypserv" "Yellow Pages Service" 100004 "YPSERV";
        1 V1 "ypserv.procedure_v1" "V1 Procedure" v1 {
            0 "NULL" 1 "DOMAIN" 2 "DOMAIN_NONACK" 3 "MATCH" 4 "FIRST" 5 "NEXT" 6 "XFR" 7 "CLEAR" 8 "ALL"
            9 "MASTER" 10 "ORDER" 11 "MAPLIST"
        };
        2 V2 "ypserv.procedure_v2" "V2 Procedure" v1;

    mount Mount "mount" "Mount Service" 100005 "MOUNT";
        1 V1 "mount.procedure_v1" "V1 Procedure" v1 {
            0 "NULL" 1 "MNT" 2 "DUMP" 3 "UMNT" 4 "UMNTALL" 5 "EXPORT" 6 "EXPORTALL"
        };
        2 V2 "mount.procedure_v2" "V2 Procedure" v2 {
            0 "NULL" 1 "MNT" 2 "DUMP" 3 "UMNT" 4 "UMNTALL" 5 "EXPORT" 6 "EXPORTALL" 7 "PATHCONF"
        };
        3 V3 "mount.procedure_v3" "V3 Procedure" v3 {
            0 "NULL" 1 "MNT" 2 "DUMP" 3 "UMNT" 4 "UMNTALL" 5 "EXPORT"
        };

    ypbind Ypbind "ypbind" "Yellow Pages Bind" 100007 "YPBIND";
        1 V1 "ypbind.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "DOMAIN" 2 "SETDOMAIN" };
        2 V2 "ypbind.procedure_v2" "V2 Procedure" v1;

    rwall Rwall "rwall" "Remote Wall protocol" 100008 "RWALL";
        1 V1 "rwall.procedure_v1" "V1 Procedure" v1 { 2 "RWALL" };

    yppasswd Yppasswd "yppasswd" "Yellow Pages Passwd" 100009 "YPPASSWD";
        1 V1 "yppasswd.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "UPDATE" };

    rquota Rquota "rquota" "Remote Quota" 100011 "RQUOTA";
        1 V1 "rquota.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "GETQUOTA" 2 "GETACTIVEQUOTA" };
        2 V2 "rquota.procedure_v2" "V2 Procedure" v1;

    spray Spray "spray" "SPRAY" 100012 "SPRAY";
        1 V1 "spray.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "SPRAY" 2 "GET" 3 "CLEAR" };

    klm Klm "klm" "Kernel Lock Manager" 100020 "KLM";
        1 V1 "klm.procedure_v1" "V1 Procedure" v1 { 1 "TEST" 2 "LOCK" 3 "CANCEL" 4 "UNLOCK" };

    nlm Nlm "nlm" "Network Lock Manager Protocol" 100021 "NLM";
        1 V1 "nlm.procedure_v1" "V1 Procedure" v1 {
            0 "NULL" 1 "TEST" 2 "LOCK" 3 "CANCEL" 4 "UNLOCK" 5 "GRANTED" 6 "TEST_MSG" 7 "LOCK_MSG"
            8 "CANCEL_MSG" 9 "UNLOCK_MSG" 10 "GRANTED_MSG" 11 "TEST_RES" 12 "LOCK_RES" 13 "CANCEL_RES"
            14 "UNLOCK_RES" 15 "GRANTED_RES"
        };
        2 V2 "nlm.procedure_v2" "V2 Procedure" v1;
        3 V3 "nlm.procedure_v3" "V3 Procedure" v3 {
            0 "NULL" 1 "TEST" 2 "LOCK" 3 "CANCEL" 4 "UNLOCK" 5 "GRANTED" 6 "TEST_MSG" 7 "LOCK_MSG"
            8 "CANCEL_MSG" 9 "UNLOCK_MSG" 10 "GRANTED_MSG" 11 "TEST_RES" 12 "LOCK_RES" 13 "CANCEL_RES"
            14 "UNLOCK_RES" 15 "GRANTED_RES" 20 "SHARE" 21 "UNSHARE" 22 "NM_LOCK" 23 "FREE_ALL"
        };
        4 V4 "nlm.procedure_v4" "V4 Procedure" v3;

    stat Stat "stat" "Network Status Monitor Protocol" 100024 "STAT";
        1 V1 "stat.procedure_v1" "V1 Procedure" v1 {
            0 "NULL" 1 "STAT" 2 "MON" 3 "UNMON" 4 "UNMON_ALL" 5 "SIMU_CRASH" 6 "NOTIFY"
        };

    bootparams Bootparams "bootparams" "Boot Parameters" 100026 "BOOTPARAMS";
        1 V1 "bootparams.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "WHOAMI" 2 "GETFILE" };

    ypxfr Ypxfr "ypxfr" "Yellow Pages Transfer" 100069 "YPXFR";
        1 V1 "ypxfr.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "GETMAP" };

    nfsacl Nfsacl "nfsacl" "NFSACL" 100227 "NFSACL";
        1 V1 "nfsacl.procedure_v1" "V1 Procedure" v1 { 0 "NULL" };
        2 V2 "nfsacl.procedure_v2" "V2 Procedure" v2 {
            0 "NULL" 1 "GETACL" 2 "SETACL" 3 "GETATTR" 4 "ACCESS" 5 "GETXATTRDIR"
        };
        3 V3 "nfsacl.procedure_v3" "V3 Procedure" v3 {
            0 "NULL" 1 "GETACL" 2 "SETACL" 3 "GETXATTRDIR"
        };

    pcnfsd Pcnfsd "pcnfsd" "PC NFS" 150001 "PCNFSD";
        1 V1 "pcnfsd.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "AUTH" 2 "PR_INIT" 3 "PR_START" };
        2 V2 "pcnfsd.procedure_v2" "V2 Procedure" v2 {
            0 "NULL" 1 "INFO" 2 "PR_INIT" 3 "PR_START" 4 "PR_LIST" 5 "PR_QUEUE" 6 "PR_STATUS" 7 "PR_CANCEL"
            8 "PR_ADMIN" 9 "PR_REQUEUE" 10 "PR_HOLD" 11 "PR_RELEASE" 12 "MAPID" 13 "AUTH" 14 "ALERT"
        };

    statnotify Statnotify "statnotify" "Network Status Monitor CallBack Protocol" 200048 "STAT-CB";
        1 V1 "statnotify.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "MON-CALLBACK" };

    vxi11_core Vxi11Core "vxi11_core" "VXI-11 Core Protocol" 395183 "VXI-11 Core";
        1 V1 "vxi11_core.procedure_v1" "V1 Procedure" v1 {
            0 "NULL" 10 "CREATE_LINK" 11 "DEVICE_WRITE" 12 "DEVICE_READ" 13 "DEVICE_READSTB"
            14 "DEVICE_TRIGGER" 15 "DEVICE_CLEAR" 16 "DEVICE_REMOTE" 17 "DEVICE_LOCAL" 18 "DEVICE_LOCK"
            19 "DEVICE_UNLOCK" 20 "DEVICE_ENABLE_SRQ" 22 "DEVICE_DOCMD" 23 "DESTROY_LINK"
            25 "CREATE_INTR_CHAN" 26 "DESTROY_INTR_CHAN"
        };

    vxi11_async Vxi11Async "vxi11_async" "VXI-11 Asynchronous Abort" 395184 "VXI-11 Async";
        1 V1 "vxi11_async.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 1 "DEVICE_ABORT" };

    vxi11_intr Vxi11Intr "vxi11_intr" "VXI-11 Interrupt" 395185 "VXI-11 Intr";
        1 V1 "vxi11_intr.procedure_v1" "V1 Procedure" v1 { 0 "NULL" 30 "DEVICE_INTR_SRQ" };
}

/// A procedure whose name is not known here.
const fn nameless(_: u64) -> Option<&'static str> {
    None
}

macro_rules! others {
    ($( $number:literal $name:literal [$($version:literal)*]; )*) => {
        /// Programs of which no more than number and versions are known here.
        static OTHERS: &[&Program] = &[ $( &Program {
            number: $number,
            name: $name,
            layer: None,
            versions: &[ $( Version { number: $version, field: None, names: nameless }, )* ],
        }, )* ];
    };
}

others! {
    2112 "KADM5" [2];
    100231 "NFSAUTH" [1];
    100232 "SADMIND" [1 2 3];
    100300 "NIS+" [3];
    100302 "NIS+ CB" [1];
    390512 "CLEARCASE" [3];
    391004 "SGI MOUNT" [1];
    1001911 "FMP" [3];
    1001912 "FMP/NOTIFY" [2];
    1238433 "Gluster Management" [1 2 3];
    1238437 "Gluster Friend" [2];
    1238463 "Gluster CLI" [1 2];
    1298437 "GlusterFS" [310 330 400];
    4867634 "Gluster Brick" [2];
    14398633 "GlusterFS Handshake" [1 2];
    34123456 "Gluster Portmap" [1];
    52743234 "GlusterFS Callback" [1];
    123451501 "Gluster Dump" [1];
    788585389 "HCLNFSD" [1];
    1073741824 "NFS CB" [1 4];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_number() {
        // RFC 1813: NFS is program 100003, its version 3 has FSINFO as procedure 19.
        assert_eq!(find(100_003).and_then(|p| p.procedure(3, 19)), Some("FSINFO"));
        // RFC 1833: the port mapper is program 100000; GETPORT of version 2 became GETADDR.
        assert_eq!(find(100_000).and_then(|p| p.procedure(2, 3)), Some("GETPORT"));
        assert_eq!(find(100_000).and_then(|p| p.procedure(4, 3)), Some("GETADDR"));
        assert_eq!(name(100_005), Some("MOUNT"));
        assert!(find(0).is_none());
    }

    #[test]
    fn numbers_are_there_once() {
        let mut all: Vec<u32> =
            PROGRAMS.iter().copied().chain(OTHERS.iter().copied()).map(|p| p.number).collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
