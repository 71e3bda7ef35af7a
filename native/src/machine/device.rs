//! The devices of this machine.

use anyhow::Result;
use mmrec::platform::{DeviceKind, DeviceName};
use mmrec::{Device, platform};

use super::gpu_check;
use crate::terminal::format;

/// Starts a device, a GPU only if it can be trusted; says which it is, for people.
pub fn open(name: DeviceName) -> Result<(Device, String)> {
    let (device, description) = pollster::block_on(platform::open(name))?;
    if name.kind != DeviceKind::Cpu {
        gpu_check::check(&device)?;
        return Ok((device, description));
    }
    let threads = format::count(rayon::current_num_threads() as u64, "thread");
    Ok((device, format!("{description}, {threads}")))
}
