//! The devices that share the steps of a training.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use clap::Args;
use mmrec::Error;
use mmrec::platform::DeviceName;

use super::compute::Compute;
use crate::distributed::Devices;
use crate::terminal::failure::Usage;

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

impl Sharing {
    /// Opens the devices and connects to the workers.
    pub fn start(&self, compute: &Compute) -> Result<Devices> {
        let listed = self.devices.as_ref().map(|devices| devices.0.as_slice());
        let spared = listed.is_some_and(<[_]>::is_empty);
        if spared && self.workers.is_empty() {
            return Err(Usage("--devices none leaves nobody to compute: name workers by --workers".to_owned()).into());
        }
        compute.start_threads()?;
        let (home, others) = match listed.and_then(<[_]>::split_first) {
            Some((home, others)) => (*home, others),
            None => (compute.device, &[][..]),
        };
        Devices::open(home, spared, others, &self.workers, self.token_file.as_deref())
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
