//! An Ethernet switch: it learns which address is behind which port.

use std::collections::BTreeMap;

use super::{PortId, Target};

/// Addresses a switch remembers; beyond them the table is started anew, which floods for a while.
const MAX_ADDRESSES: usize = 4096;

/// The switch.
#[derive(Debug, Default)]
pub(crate) struct Lan {
    /// Port by VLAN and address.
    table: BTreeMap<(u16, [u8; 6]), PortId>,
}

impl Lan {
    /// Learns the source and finds the destination of a frame. VLANs keep addresses apart; ports
    /// are members of all of them.
    pub(crate) fn forward(&mut self, from: PortId, frame: &[u8]) -> Target {
        let Some((&dst, rest)) = frame.split_first_chunk::<6>() else { return Target::Nobody };
        let Some((&src, rest)) = rest.split_first_chunk::<6>() else { return Target::Nobody };
        let vlan = match *rest {
            [0x81, 0x00, a, b, ..] => u16::from_be_bytes([a, b]) & 0x0fff,
            _ => 0,
        };
        if src[0] & 1 == 0 {
            if self.table.len() >= MAX_ADDRESSES && !self.table.contains_key(&(vlan, src)) {
                self.table.clear();
            }
            self.table.insert((vlan, src), from);
        }
        if dst[0] & 1 != 0 {
            return Target::All;
        }
        match self.table.get(&(vlan, dst)) {
            Some(&port) if port == from => Target::Nobody,
            Some(&port) => Target::One(port),
            None => Target::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(dst: [u8; 6], src: [u8; 6], vlan: Option<u16>) -> Vec<u8> {
        let mut f = [dst, src].concat();
        if let Some(vlan) = vlan {
            f.extend([0x81, 0]);
            f.extend(vlan.to_be_bytes());
        }
        f.extend([8, 0]);
        f
    }

    const A: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const B: [u8; 6] = [2, 0, 0, 0, 0, 2];

    #[test]
    fn broadcast_goes_everywhere_and_a_moved_address_is_learned_anew() {
        let mut lan = Lan::default();
        assert_eq!(lan.forward(PortId(0), &frame([0xff; 6], A, None)), Target::All);
        assert_eq!(lan.forward(PortId(1), &frame(A, B, None)), Target::One(PortId(0)));
        assert_eq!(lan.forward(PortId(2), &frame([0xff; 6], A, None)), Target::All);
        assert_eq!(lan.forward(PortId(1), &frame(A, B, None)), Target::One(PortId(2)));
        assert_eq!(lan.forward(PortId(2), &frame(A, B, None)), Target::Nobody, "B has moved too");
    }

    #[test]
    fn vlans_keep_addresses_apart() {
        let mut lan = Lan::default();
        lan.forward(PortId(0), &frame([0xff; 6], A, Some(100)));
        assert_eq!(lan.forward(PortId(1), &frame(A, B, Some(100))), Target::One(PortId(0)));
        assert_eq!(lan.forward(PortId(1), &frame(A, B, Some(200))), Target::All);
        assert_eq!(lan.forward(PortId(1), &[1, 2, 3]), Target::Nobody);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut lan = Lan::default();
        for n in 0..10_000u32 {
            let [_, _, c, d] = n.to_be_bytes();
            lan.forward(PortId(0), &frame(B, [2, 0, 0, 1, c, d], None));
            assert!(lan.table.len() <= MAX_ADDRESSES);
        }
    }
}
