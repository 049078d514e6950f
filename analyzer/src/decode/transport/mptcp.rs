//! Multipath TCP's option (RFC 8684, version 0 RFC 6824).
//!
//! | offset | bits | field |
//! |---|---|---|
//! | 2 | 4 | subtype |
//! | 2 | 4 | depends on the subtype: version, flags |
//! | 3 | … | depends on the subtype |

use crate::decode::{Buf, Ctx, Outcome, Sink};

use super::tcp::*;

/// Dissects the option of `len` bytes at `at`.
pub fn dissect<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    let first = b.u8(at + 2)?;
    let subtype = first >> 4;
    c.bits(MPTCP_SUBTYPE, subtype, b, at + 2, 1);
    match subtype {
        0 => capable(c, b, at, len, first & 15),
        1 => join(c, b, at, len, first),
        2 => data_sequence(c, b, at, len),
        3 => add_address(c, b, at, len, first & 15),
        // Remove addresses.
        4 => {
            for i in 3..len {
                c.u8(MPTCP_ADDRID, b, at + i)?;
            }
            Ok(())
        }
        // Priority.
        5 => {
            c.bits(MPTCP_BACKUP, first & 1, b, at + 2, 1);
            if len > 3 {
                c.u8(MPTCP_ADDRID, b, at + 3)?;
            }
            Ok(())
        }
        // Mapping failed, and fast close.
        6 if len >= 12 => c.u64(MPTCP_RAWDATASEQNO, b, at + 4).map(|_| ()),
        7 if len >= 12 => c.u64(MPTCP_RECVKEY, b, at + 4).map(|_| ()),
        8 if len >= 4 => {
            c.bits(MPTCP_FLAGS, first & 15, b, at + 2, 1);
            c.u8(MPTCP_RST_REASON, b, at + 3).map(|_| ())
        }
        _ => Ok(()),
    }
}

fn capable<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize, version: u8) -> Outcome {
    c.bits(MPTCP_VERSION, version, b, at + 2, 1);
    if len < 4 {
        return Ok(());
    }
    let flags = b.u8(at + 3)?;
    c.flags(MPTCP_FLAGS, flags, b, at + 3, 1, &[(MPTCP_CHECKSUMREQ, 7, 1)]);
    if len >= 12 {
        c.u64(MPTCP_SENDKEY, b, at + 4)?;
    }
    if len >= 20 {
        c.u64(MPTCP_RECVKEY, b, at + 12)?;
    }
    if len >= 22 {
        c.u16(MPTCP_DATALVLLEN, b, at + 20)?;
    }
    if len >= 24 {
        c.u16(MPTCP_CHECKSUM, b, at + 22)?;
    }
    Ok(())
}

/// The three steps of a join differ in length only.
fn join<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize, first: u8) -> Outcome {
    match len {
        12 => {
            c.flags(MPTCP_FLAGS, first & 15, b, at + 2, 1, &[(MPTCP_BACKUP, 0, 1)]);
            c.u8(MPTCP_ADDRID, b, at + 3)?;
            c.u32(MPTCP_RECVTOK, b, at + 4)?;
            c.u32(MPTCP_SENDRAND, b, at + 8)?;
        }
        16 => {
            c.flags(MPTCP_FLAGS, first & 15, b, at + 2, 1, &[(MPTCP_BACKUP, 0, 1)]);
            c.u8(MPTCP_ADDRID, b, at + 3)?;
            c.u64(MPTCP_SENDTRUNCHMAC, b, at + 4)?;
            c.u32(MPTCP_SENDRAND, b, at + 12)?;
        }
        24 => {
            c.bytes(MPTCP_SENDHMAC, b, at + 4, 20)?;
        }
        _ => {}
    }
    Ok(())
}

/// Data sequence signal: flags say which numbers follow and how wide they are.
fn data_sequence<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize) -> Outcome {
    if len < 4 {
        return Ok(());
    }
    let flags = b.u8(at + 3)?;
    let parts = [
        (MPTCP_DATAFIN, 4, 1),
        (MPTCP_DSEQN8, 3, 1),
        (MPTCP_DSEQNPRESENT, 2, 1),
        (MPTCP_DATAACK8, 1, 1),
        (MPTCP_DATAACKPRESENT, 0, 1),
    ];
    c.flags(MPTCP_FLAGS, flags & 0x1F, b, at + 3, 1, &parts);
    let mut o = at + 4;
    let end = at + len;
    let mut number = |c: &mut Ctx<'_, S>, id, wide: bool| -> Outcome {
        let n = if wide { 8 } else { 4 };
        if o + n > end {
            return Ok(());
        }
        let v = if wide { b.u64(o)? } else { u64::from(b.u32(o)?) };
        c.bits(id, v, b, o, n);
        o += n;
        Ok(())
    };
    if flags & 1 != 0 {
        number(c, MPTCP_RAWDATAACK, flags & 2 != 0)?;
    }
    if flags & 4 != 0 {
        number(c, MPTCP_RAWDATASEQNO, flags & 8 != 0)?;
        number(c, MPTCP_SUBFLOWSEQNO, false)?;
        if o + 2 <= end {
            c.u16(MPTCP_DATALVLLEN, b, o)?;
        }
        if o + 4 <= end {
            c.u16(MPTCP_CHECKSUM, b, o + 2)?;
        }
    }
    Ok(())
}

/// Version 0 has the IP version where version 1 has the echo flag; the length tells the rest.
fn add_address<S: Sink>(c: &mut Ctx<'_, S>, b: Buf<'_>, at: usize, len: usize, low: u8) -> Outcome {
    if len < 8 {
        return Ok(());
    }
    let v6 = len >= 20;
    c.bits(if low > 1 { MPTCP_IPVER } else { MPTCP_ECHO }, low, b, at + 2, 1);
    c.u8(MPTCP_ADDRID, b, at + 3)?;
    let mut o = at + 4;
    if v6 {
        c.ipv6(MPTCP_IPV6, b, o)?;
        o += 16;
    } else {
        c.ipv4(MPTCP_IPV4, b, o)?;
        o += 4;
    }
    // A port, a truncated HMAC, or both.
    match at + len - o {
        2 => {
            c.u16(MPTCP_PORT, b, o)?;
        }
        8 => {
            c.u64(MPTCP_ADDADDRTRUNCHMAC, b, o)?;
        }
        10 => {
            c.u16(MPTCP_PORT, b, o)?;
            c.u64(MPTCP_ADDADDRTRUNCHMAC, b, o + 2)?;
        }
        _ => {}
    }
    Ok(())
}
