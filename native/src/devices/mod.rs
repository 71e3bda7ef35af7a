//! The devices of a run: its own, where the weights are, and those that share its steps.

mod feeder;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use clap::Args;
use mmrec::driver::Session;
use mmrec::platform::{DeviceKind, DeviceName};
use mmrec::train::{PLACES, Peer, Peers, Work};
use mmrec::{Device, Error};

pub use self::feeder::Feeder;
use crate::cli::{Compute, open};
use crate::memory::Room;
use crate::settings::Usage;
use crate::{format, workers};

/// What shares the work.
#[derive(Debug, Args)]
#[command(next_help_heading = "More than one device (each computes its share of every batch's sequences)")]
pub struct Sharing {
    /// Several devices of this machine, such as cuda:0,cuda:1, instead of --device; the first one holds the weights. With
    /// --workers, none leaves all the work to them
    #[arg(long, value_name = "NAME[:N],...|none", conflicts_with = "device")]
    devices: Option<LocalDevices>,
    /// Workers on other machines, or here, by the addresses that they listen on (see mmrec worker)
    #[arg(long, value_name = "HOST:PORT,...", value_delimiter = ',')]
    workers: Vec<String>,
    /// The secret that the workers were started with; without it the environment's MMREC_TOKEN is used
    #[arg(long, value_name = "FILE", requires = "workers")]
    token_file: Option<PathBuf>,
}

/// `cuda:0,cuda:1`, or `none`.
#[derive(Debug, Clone)]
struct LocalDevices(Vec<DeviceName>);

impl FromStr for LocalDevices {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// A run's devices, ready to compute.
#[derive(Debug)]
pub struct Devices {
    /// Where the weights are.
    pub home: Device,
    /// All of them, for people.
    pub description: String,
    /// Those that share the steps.
    pub peers: Peers,
    /// Whether the home only sums up and updates.
    pub is_home_spared: bool,
    /// Memory that there was before anything was read; not known of graphics cards.
    pub room: Option<Room>,
}

impl Sharing {
    /// Opens the devices and connects to the workers.
    pub fn start(&self, compute: &Compute) -> Result<Devices> {
        let local = self.devices.as_ref().map(|devices| devices.0.as_slice());
        let spared = local.is_some_and(<[_]>::is_empty);
        if spared && self.workers.is_empty() {
            return Err(Usage("--devices none leaves nobody to compute: name workers by --workers".to_owned()).into());
        }
        compute.start_threads()?;
        let first = local.and_then(<[_]>::first).copied().unwrap_or(compute.device);
        let room = (first.kind == DeviceKind::Cpu).then(Room::now).flatten();
        let (home, mut description) = open(first)?;
        let mut others: Vec<Box<dyn Peer>> = Vec::new();
        for name in local.unwrap_or_default().iter().skip(1) {
            let (device, more) = open(*name)?;
            description.push_str(&format!(" + {more}"));
            let compute = move |rows, work: Work| work.on_device(rows, &device).map_err(|error| error.to_string());
            others.push(Box::new(Feeder::start(format!("the device {name}"), compute)?));
        }
        if !self.workers.is_empty() {
            let remote = workers::connect(&self.workers, self.token_file.as_deref())?;
            description.push_str(&format!(" + {}", format::count(remote.len() as u64, "remote device")));
            others.extend(remote);
        }
        check_places(others.len() + usize::from(!spared))?;
        Ok(Devices { home, description, peers: Peers::new(others, spared), is_home_spared: spared, room })
    }
}

/// Refuses more devices than a step has places for.
pub fn check_places(devices: usize) -> Result<(), Usage> {
    if devices <= PLACES {
        return Ok(());
    }
    Err(Usage(format!("a step can be shared by {PLACES} devices at most, not by {devices}")))
}

impl Devices {
    /// Has them share the steps of a session.
    pub fn share(&self, session: &mut Session) -> Result<()> {
        let (batch, places) = (session.progress().train.batch, self.peers.places());
        if batch < places {
            return Err(Usage(format!(
                "a batch of {batch} cannot be shared by {places} devices, which take whole sequences: use fewer devices, or in a \
                 new run a larger --batch (perhaps with a smaller --accum)"
            ))
            .into());
        }
        session.share(self.peers.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_a_list() {
        let names = |text: &str| Ok::<_, Error>(text.parse::<LocalDevices>()?.0.len());
        assert_eq!(names("none").expect("none"), 0);
        assert_eq!(names("cuda:0,cuda:1").expect("two"), 2);
        assert!(names("cpu,").is_err() && names("cpu,none").is_err());
    }
}
