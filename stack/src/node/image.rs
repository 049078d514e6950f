//! An image (LPAR): a z/OS system with its address spaces and TCP/IP stacks.

use std::collections::BTreeMap;

use formats::ctrace::Name;

use super::StackId;
use crate::engine::dlc::trle::Trl;
use crate::engine::tcp::config::Owner;
use crate::fabric::PortId;

/// Address space identifiers are handed out from here on; those below belong to the system.
const FIRST_ASID: u16 = 0x0020;

/// A system.
pub struct Image {
    name: Name<8>,
    stacks: Vec<StackId>,
    spaces: Vec<Owner>,
    /// The DLCs, which VTAM owns.
    pub(super) trl: Trl,
    /// By TRLE: the fabric's port that its frames go to, and the stack that opened it first.
    pub(super) ports: Vec<(PortId, StackId)>,
    /// By datapath: whose it is.
    pub(super) datapaths: BTreeMap<(u16, u8), StackId>,
}

impl Image {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: Name::new(name),
            stacks: Vec::new(),
            spaces: Vec::new(),
            trl: Trl::default(),
            ports: Vec::new(),
            datapaths: BTreeMap::new(),
        }
    }

    /// System name.
    #[must_use]
    pub const fn name(&self) -> Name<8> {
        self.name
    }

    /// Its stacks, in the order in which they were started.
    #[must_use]
    pub fn stacks(&self) -> &[StackId] {
        &self.stacks
    }

    /// Its address spaces.
    #[must_use]
    pub fn spaces(&self) -> &[Owner] {
        &self.spaces
    }

    /// Starts an address space: the job gets the next identifier.
    pub fn start(&mut self, job: &str) -> Owner {
        let asid = FIRST_ASID.saturating_add(u16::try_from(self.spaces.len()).unwrap_or(u16::MAX));
        let owner = Owner { asid, job: Name::new(job) };
        self.spaces.push(owner);
        owner
    }

    /// The transport resource list: the DLCs of the image.
    #[must_use]
    pub const fn trl(&self) -> &Trl {
        &self.trl
    }

    pub(super) fn add(&mut self, stack: StackId) {
        self.stacks.push(stack);
    }
}
