//! Interfaces by name: a small hash table, so that a record costs one probe and no allocation.

use formats::ctrace::Name;

use crate::source::frame::{AnomalyKind, Finds, Interface, LinkType};

/// More names than any trace has; a damaged one could otherwise grow the list without end.
const MAX: usize = 2048;
const SLOTS: usize = 2 * MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    name: u128,
    link: LinkType,
}

/// The interfaces that one input named.
#[derive(Debug)]
pub(super) struct Names {
    keys: Vec<(Key, u32)>,
    /// Index into `keys` plus one, 0 for a free slot.
    slots: Vec<u16>,
    last: Option<(Key, u32)>,
    overflow: Option<u32>,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), slots: vec![0; SLOTS], last: None, overflow: None }
    }

    /// The index of the interface with this name (EBCDIC, blank-padded) and link type.
    #[inline]
    pub(super) fn get(&mut self, name: &[u8; 16], link: LinkType, offset: u64, out: &mut Finds<'_>) -> u32 {
        let key = Key { name: u128::from_ne_bytes(*name), link };
        match self.last {
            Some((k, i)) if k == key => i,
            _ => self.probe(key, name, offset, out),
        }
    }

    fn probe(&mut self, key: Key, name: &[u8; 16], offset: u64, out: &mut Finds<'_>) -> u32 {
        let folded = (key.name as u64 ^ (key.name >> 64) as u64).wrapping_add(u64::from(key.link.0));
        let mut slot = (folded.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 52) as usize % SLOTS;
        while let Some(&used) = self.slots.get(slot).filter(|s| **s != 0) {
            let found = self.keys[usize::from(used) - 1];
            if found.0 == key {
                self.last = Some(found);
                return found.1;
            }
            slot = (slot + 1) % SLOTS;
        }
        if self.keys.len() >= MAX {
            return self.too_many(key.link, offset, out);
        }
        let index = out.interface(interface(&Name(*name), key.link));
        self.keys.push((key, index));
        self.slots[slot] = self.keys.len() as u16;
        self.last = Some((key, index));
        index
    }

    #[cold]
    fn too_many(&mut self, link: LinkType, offset: u64, out: &mut Finds<'_>) -> u32 {
        *self.overflow.get_or_insert_with(|| {
            out.anomaly(
                AnomalyKind::LimitReached,
                offset,
                0,
                format!("PTH_InfName: more than {MAX} different interface names"),
                "the records with further names share one interface; the file is probably damaged",
            );
            out.interface(Interface {
                description: Some("further interface names".into()),
                link,
                tsresol: 9,
                ..Interface::default()
            })
        })
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

fn interface(name: &Name<16>, link: LinkType) -> Interface {
    let description = match link {
        LinkType::ZOS_DATA => "job of a data trace",
        LinkType::ZOS_SMC => "SMC interface",
        LinkType::ZOS_CTE => "component trace",
        LinkType::ETHERNET => "OSA network traffic analyzer",
        _ => "z/OS interface",
    };
    Interface {
        name: (!name.is_blank()).then(|| name.to_string()),
        description: Some(description.into()),
        link,
        snaplen: 0,
        tsresol: 9,
    }
}
