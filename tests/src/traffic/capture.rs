//! The containers that the generator writes: pcap and pcapng, little-endian, Ethernet.
//!
//! Layouts: the pcap and pcapng specifications of the IETF opsawg drafts.

use std::io::{self, BufWriter, Write};

/// Container of the generated packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureFormat {
    /// Classic pcap.
    Pcap,
    /// pcapng with one section, one interface and enhanced packet blocks.
    Pcapng,
}

/// Writes packets into a container and counts what it wrote.
#[derive(Debug)]
pub struct CaptureWriter<W: Write> {
    out: BufWriter<W>,
    format: CaptureFormat,
    nanos: bool,
    written: u64,
    packets: u64,
}

impl<W: Write> CaptureWriter<W> {
    /// Writes the container's header. `nanos` chooses the unit of the time stamps.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, format: CaptureFormat, nanos: bool) -> io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 20, out);
        let mut w = Self { out, format, nanos, written: 0, packets: 0 };
        match format {
            CaptureFormat::Pcap => {
                let magic: u32 = if nanos { 0xA1B2_3C4D } else { 0xA1B2_C3D4 };
                w.put(&magic.to_le_bytes())?;
                // Version 2.4, time zone 0, accuracy 0, snap length 262144, Ethernet.
                w.put(&[2, 0, 4, 0])?;
                w.put(&[0; 8])?;
                w.put(&262_144_u32.to_le_bytes())?;
                w.put(&1_u32.to_le_bytes())?;
            }
            CaptureFormat::Pcapng => {
                w.put(&0x0A0D_0D0A_u32.to_le_bytes())?;
                w.put(&28_u32.to_le_bytes())?;
                w.put(&0x1A2B_3C4D_u32.to_le_bytes())?;
                w.put(&[1, 0, 0, 0])?;
                w.put(&[0xFF; 8])?;
                w.put(&28_u32.to_le_bytes())?;
                // Interface: link type 1, snap length 262144, if_tsresol.
                w.put(&1_u32.to_le_bytes())?;
                w.put(&32_u32.to_le_bytes())?;
                w.put(&[1, 0, 0, 0])?;
                w.put(&262_144_u32.to_le_bytes())?;
                w.put(&[9, 0, 1, 0, if nanos { 9 } else { 6 }, 0, 0, 0])?;
                w.put(&[0, 0, 0, 0])?;
                w.put(&32_u32.to_le_bytes())?;
            }
        }
        Ok(w)
    }

    /// Writes one packet; `time` is in nanoseconds since 1970.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn packet(&mut self, time: u64, bytes: &[u8]) -> io::Result<()> {
        let len = bytes.len() as u32;
        self.packets += 1;
        match self.format {
            CaptureFormat::Pcap => {
                let secs = (time / 1_000_000_000) as u32;
                let nanos = (time % 1_000_000_000) as u32;
                let mut h = [0; 16];
                h[..4].copy_from_slice(&secs.to_le_bytes());
                h[4..8].copy_from_slice(&(if self.nanos { nanos } else { nanos / 1000 }).to_le_bytes());
                h[8..12].copy_from_slice(&len.to_le_bytes());
                h[12..].copy_from_slice(&len.to_le_bytes());
                self.put(&h)?;
                self.put(bytes)
            }
            CaptureFormat::Pcapng => {
                let units = if self.nanos { time } else { time / 1000 };
                let padding = bytes.len().wrapping_neg() % 4;
                let total = 32 + len + padding as u32;
                let mut h = [0; 28];
                h[0] = 6;
                h[4..8].copy_from_slice(&total.to_le_bytes());
                h[12..16].copy_from_slice(&((units >> 32) as u32).to_le_bytes());
                h[16..20].copy_from_slice(&(units as u32).to_le_bytes());
                h[20..24].copy_from_slice(&len.to_le_bytes());
                h[24..].copy_from_slice(&len.to_le_bytes());
                self.put(&h)?;
                self.put(bytes)?;
                self.put(&[0; 3][..padding])?;
                self.put(&total.to_le_bytes())
            }
        }
    }

    /// Bytes written so far.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Packets written so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// Those of the underlying writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pcap_bytes_are_as_the_format_says() {
        let mut file = Vec::new();
        let mut w = CaptureWriter::new(&mut file, CaptureFormat::Pcap, false).expect("writes");
        w.packet(1_500_000_000_123_456_789, &[0xAB; 3]).expect("writes");
        w.finish().expect("writes");
        #[rustfmt::skip]
        assert_eq!(file, [
            0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
            0x00, 0x2F, 0x68, 0x59, 0x40, 0xE2, 0x01, 0x00, 3, 0, 0, 0, 3, 0, 0, 0, 0xAB, 0xAB, 0xAB,
        ]);
    }
}
