//! A plex: images, their stacks, and the networks between them.

use std::cell::RefCell;
use std::rc::Rc;

use super::image::Image;
use super::{InterfaceConfig, StackConfig, StackRef, TcpIp};
use crate::engine::dlc::trle::TrleId;
use crate::engine::{Instant, Random};
use crate::fabric::{Fabric, PortId, SegmentId};

/// An image of a plex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId(pub usize);

/// A stack of a plex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackId(pub usize);

/// Images and networks. Nothing in it depends on anything but what was called and the seed.
pub struct Plex {
    random: Random,
    /// The networks.
    pub fabric: Fabric,
    images: Vec<Image>,
    stacks: Vec<StackRef>,
    /// By port: the image and its TRLE.
    ports: Vec<(ImageId, TrleId)>,
    now: Instant,
}

/// Frames that are handed on before stacks may answer.
const BATCH: usize = 256;

impl Plex {
    /// An empty plex.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let fabric = Fabric::new(random.fork());
        Self {
            random,
            fabric,
            images: Vec::new(),
            stacks: Vec::new(),
            ports: Vec::new(),
            now: Instant::START,
        }
    }

    /// Randomness for something of the plex.
    pub fn random(&mut self) -> Random {
        self.random.fork()
    }

    /// A new image.
    pub fn image(&mut self, name: &str) -> ImageId {
        self.images.push(Image::new(name));
        ImageId(self.images.len() - 1)
    }

    /// An image.
    #[must_use]
    pub fn get(&self, image: ImageId) -> &Image {
        &self.images[image.0]
    }

    /// An image.
    pub fn get_mut(&mut self, image: ImageId) -> &mut Image {
        &mut self.images[image.0]
    }

    /// Starts a stack in an image.
    pub fn start(&mut self, image: ImageId, config: StackConfig) -> StackId {
        let system = self.images[image.0].name();
        let owner = self.images[image.0].start(&config.name);
        let random = self.random.fork();
        let id = StackId(self.stacks.len());
        self.stacks.push(Rc::new(RefCell::new(TcpIp::new(system, owner, config, random))));
        self.images[image.0].add(id);
        id
    }

    /// Plugs an interface of a stack into a network: its DLC becomes a TRLE of the image. Returns
    /// the port, to be impaired, and the interface's index.
    pub fn attach(&mut self, stack: StackId, segment: SegmentId, config: &InterfaceConfig) -> (PortId, u16) {
        let port = self.fabric.attach(segment);
        let image = self.image_of(stack);
        let (now, name) = (self.now, config.ip.name.to_string());
        let mut s = self.stacks[stack.0].borrow_mut();
        let i = &mut self.images[image.0];
        let handle = s.with_cx(now, |cx| {
            let (dlc, datapath) = config.dlc();
            let trle = i.trl.add(cx, &name, dlc)?;
            i.trl.open(cx, trle, datapath)
        });
        i.ports.push((port, stack));
        // Ports count from 0, and every one is made here.
        debug_assert_eq!(port.0, self.ports.len());
        self.ports.push((image, TrleId(i.ports.len() as u16 - 1)));
        let index = handle.and_then(|h| {
            i.datapaths.insert((h.trle.0, h.datapath), stack);
            s.add_interface(h, config)
        });
        (port, index.unwrap_or(0))
    }

    /// Opens one more datapath of an OSA that is there already, for another stack of its image.
    /// Returns the interface's index.
    pub fn share(&mut self, stack: StackId, port: PortId, config: &InterfaceConfig) -> Option<u16> {
        let &(image, trle) = self.ports.get(port.0)?;
        let now = self.now;
        let mut s = self.stacks[stack.0].borrow_mut();
        let i = &mut self.images[image.0];
        let h = s.with_cx(now, |cx| i.trl.open(cx, trle, config.dlc().1))?;
        i.datapaths.insert((h.trle.0, h.datapath), stack);
        s.add_interface(h, config)
    }

    fn image_of(&self, stack: StackId) -> ImageId {
        ImageId(self.images.iter().position(|i| i.stacks().contains(&stack)).unwrap_or(0))
    }

    /// A stack.
    #[must_use]
    pub fn stack(&self, id: StackId) -> &StackRef {
        &self.stacks[id.0]
    }

    /// All stacks.
    #[must_use]
    pub fn stacks(&self) -> &[StackRef] {
        &self.stacks
    }

    /// Lets everything that is due at `now` happen once. Returns whether anything did.
    pub fn poll(&mut self, now: Instant) -> bool {
        self.now = now;
        let mut any = false;
        for i in &mut self.images {
            for id in i.stacks().to_vec() {
                any |= self.stacks[id.0].borrow_mut().poll(now, &mut i.trl);
            }
            if i.trl.poll_timeout().is_some_and(|t| t <= now)
                && let Some(first) = i.stacks().first()
            {
                any = true;
                self.stacks[first.0].borrow_mut().with_cx(now, |cx| i.trl.handle_timeout(cx));
            }
            while let Some((trle, frame)) = i.trl.poll_frame() {
                any = true;
                if let Some((port, _)) = i.ports.get(usize::from(trle.0)) {
                    self.fabric.send(now, *port, frame);
                }
            }
        }
        for _ in 0..BATCH {
            let Some((port, frame)) = self.fabric.poll(now) else { break };
            any = true;
            let Some(&(image, trle)) = self.ports.get(port.0) else { continue };
            let i = &mut self.images[image.0];
            if let Some((_, stack)) = i.ports.get(usize::from(trle.0)) {
                self.stacks[stack.0].borrow_mut().with_cx(now, |cx| i.trl.receive(cx, trle, frame));
            }
        }
        for i in &mut self.images {
            while let Some((link, up)) = i.trl.poll_up() {
                any = true;
                if let Some(stack) = i.datapaths.get(&(link.trle.0, link.datapath)) {
                    self.stacks[stack.0].borrow_mut().handle_up(now, link, up);
                }
            }
        }
        any
    }

    /// When something is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let stacks = self.stacks.iter().filter_map(|s| s.borrow().poll_timeout());
        let dlcs = self.images.iter().filter_map(|i| i.trl.poll_timeout());
        stacks.chain(dlcs).chain(self.fabric.poll_timeout()).min()
    }
}
