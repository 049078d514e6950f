//! Big-endian fields at known offsets of a header of fixed length.
//!
//! A view checks once that its header is there and keeps it as an array; these read from the
//! array, so that with a constant offset no bounds check is left.

use crate::{Error, Result};

/// Splits a header of `N` bytes from what follows it.
pub(crate) fn split<'a, const N: usize>(
    record: &'static str,
    field: &'static str,
    bytes: &'a [u8],
) -> Result<(&'a [u8; N], &'a [u8])> {
    bytes.split_first_chunk::<N>().ok_or(Error::short(record, field, 0, N, bytes.len()))
}

/// Splits room for a header of `N` bytes from what follows it.
pub(crate) fn room<'a, const N: usize>(
    record: &'static str,
    out: &'a mut [u8],
) -> Result<(&'a mut [u8; N], &'a mut [u8])> {
    let len = out.len();
    out.split_first_chunk_mut::<N>().ok_or(Error::short(record, "output buffer", 0, N, len))
}

/// The first `len` bytes, named in the error when they are not all there.
pub(crate) fn prefix<'a>(
    record: &'static str,
    field: &'static str,
    offset: usize,
    bytes: &'a [u8],
    len: usize,
) -> Result<&'a [u8]> {
    bytes.get(..len).ok_or(Error::short(record, field, offset, len, bytes.len()))
}

/// `N` bytes from offset `at`.
#[inline(always)]
pub(crate) fn array<const N: usize, const M: usize>(b: &[u8; M], at: usize) -> [u8; N] {
    let mut a = [0; N];
    a.copy_from_slice(&b[at..at + N]);
    a
}

/// Two bytes from offset `at`.
#[inline(always)]
pub(crate) const fn be16<const M: usize>(b: &[u8; M], at: usize) -> u16 {
    u16::from_be_bytes([b[at], b[at + 1]])
}

/// Four bytes from offset `at`.
#[inline(always)]
pub(crate) const fn be32<const M: usize>(b: &[u8; M], at: usize) -> u32 {
    u32::from_be_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]])
}

/// Writes `bytes` at offset `at`.
#[inline(always)]
pub(crate) fn put<const M: usize>(out: &mut [u8; M], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Writes two bytes at offset `at`.
#[inline(always)]
pub(crate) fn put16<const M: usize>(out: &mut [u8; M], at: usize, v: u16) {
    put(out, at, &v.to_be_bytes());
}

/// Writes four bytes at offset `at`.
#[inline(always)]
pub(crate) fn put32<const M: usize>(out: &mut [u8; M], at: usize, v: u32) {
    put(out, at, &v.to_be_bytes());
}
