//! The device that a command computes on.

use anyhow::{Context, Result};
use clap::Args;
use mmrec::Device;
use mmrec::platform::{DeviceKind, DeviceName};

use crate::machine::device;

/// What computes.
#[derive(Debug, Args)]
pub struct Compute {
    /// What computes: cpu, wgpu (a graphics card through Vulkan, Metal or DirectX 12), vulkan, metal or cuda; cuda:1 is the second
    /// of several cards
    #[arg(long, value_name = "NAME[:N]", default_value = "cpu")]
    pub device: DeviceName,
    /// CPU threads [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Compute {
    /// Whether the CPU computes.
    pub fn is_cpu(&self) -> bool {
        self.device.kind == DeviceKind::Cpu
    }

    /// Starts the threads and the device; says which device it is, for people.
    pub fn start(&self) -> Result<(Device, String)> {
        self.start_threads()?;
        self.open()
    }

    /// Starts the threads only.
    pub fn start_threads(&self) -> Result<()> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
        pool.context("the CPU threads cannot be started")
    }

    /// Starts the device; says which it is, for people.
    pub fn open(&self) -> Result<(Device, String)> {
        device::open(self.device)
    }
}
