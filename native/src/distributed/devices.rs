//! The devices of a run: its own, where the weights are, and those that share its steps.

use std::path::Path;

use anyhow::Result;
use mmrec::Device;
use mmrec::driver::Session;
use mmrec::platform::{DeviceKind, DeviceName};
use mmrec::train::{MAX_WORLD_SIZE, Replica, ReplicaGroup, StepShard};

use super::connect;
use super::device_thread::DeviceThread;
use crate::machine::device;
use crate::machine::memory::Room;
use crate::terminal::failure::Usage;
use crate::terminal::format;

/// A run's devices, ready to compute.
#[derive(Debug)]
pub struct Devices {
    /// Where the weights are.
    pub home: Device,
    /// All of them, for people.
    pub description: String,
    /// Those that share the steps.
    pub peers: ReplicaGroup,
    /// Whether the home only adds up gradients and updates the weights.
    pub home_only_coordinates: bool,
    /// Memory that there was before anything was read; not known of graphics cards.
    pub room: Option<Room>,
}

impl Devices {
    /// Opens `home` and `others` of this machine, and connects to the workers at `workers`. With `home_only_coordinates` all the work
    /// is left to those.
    pub fn open(
        home: DeviceName,
        home_only_coordinates: bool,
        others: &[DeviceName],
        workers: &[String],
        token_file: Option<&Path>,
    ) -> Result<Self> {
        let room = (home.kind == DeviceKind::Cpu).then(Room::now).flatten();
        let (home, mut description) = device::open(home)?;
        let mut peers: Vec<Box<dyn Replica>> = Vec::new();
        for name in others {
            let (device, more) = device::open(*name)?;
            description.push_str(&format!(" + {more}"));
            let compute =
                move |rows, shard: StepShard| shard.backprop_on(rows, &device).map_err(|error| error.to_string());
            peers.push(Box::new(DeviceThread::start(format!("the device {name}"), compute)?));
        }
        if !workers.is_empty() {
            check_world_size(workers.len())?;
            let remote = connect(workers, token_file)?;
            description.push_str(&format!(" + {}", format::count(remote.len() as u64, "remote device")));
            peers.extend(remote);
        }
        check_world_size(peers.len() + usize::from(!home_only_coordinates))?;
        Ok(Self {
            home,
            description,
            peers: ReplicaGroup::new(peers, home_only_coordinates),
            home_only_coordinates,
            room,
        })
    }

    /// Has them share the steps of a session.
    pub fn share(&self, session: &mut Session) -> Result<()> {
        let (batch, places) = (session.progress().train.batch, self.peers.world_size());
        if batch < places {
            return Err(Usage(format!(
                "a batch of {batch} cannot be shared by {places} devices, which take whole sequences: use fewer devices, or in a \
                 new run a larger --batch (perhaps with a smaller --accum)"
            ))
            .into());
        }
        session.train_with(self.peers.clone());
        Ok(())
    }
}

/// Refuses more devices than a step has places for.
fn check_world_size(devices: usize) -> Result<(), Usage> {
    if devices <= MAX_WORLD_SIZE {
        return Ok(());
    }
    Err(Usage(format!("a step can be shared by {MAX_WORLD_SIZE} devices at most, not by {devices}")))
}
