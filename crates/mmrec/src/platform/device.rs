//! Devices by name: `cpu`, `wgpu`, `vulkan`, `metal`, `cuda`; the second of several graphics cards is `cuda:1`.

use std::fmt;
use std::str::FromStr;

use burn::tensor::Device;

use super::gpu;
use crate::Error;

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A GPU through whatever the platform offers: WebGPU in a browser, else Vulkan, Metal or DirectX 12.
    Wgpu,
    /// A GPU through Vulkan.
    Vulkan,
    /// A GPU through Metal.
    Metal,
    /// An NVIDIA GPU.
    Cuda,
}

impl DeviceKind {
    const ALL: [(&'static str, DeviceKind); 5] = [
        ("cpu", DeviceKind::Cpu),
        ("wgpu", DeviceKind::Wgpu),
        ("vulkan", DeviceKind::Vulkan),
        ("metal", DeviceKind::Metal),
        ("cuda", DeviceKind::Cuda),
    ];
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.into_iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// What computes and, of several graphics cards, which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceName {
    /// What computes.
    pub kind: DeviceKind,
    /// Which one, from 0; none: the best there is.
    pub index: Option<u16>,
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            None => write!(f, "{}", self.kind),
            Some(index) => write!(f, "{}:{index}", self.kind),
        }
    }
}

impl FromStr for DeviceName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown =
            || unusable(text, "the devices are cpu, wgpu, vulkan, metal and cuda, with :N for one of several GPUs");
        let (name, index) = match text.split_once(':') {
            None => (text, None),
            Some((name, index)) => (name, Some(index.parse().map_err(|_| unknown())?)),
        };
        let kind = DeviceKind::ALL.into_iter().find(|(known, _)| *known == name).ok_or_else(unknown)?.1;
        match (kind, index) {
            (DeviceKind::Cpu, Some(_)) => Err(unusable(text, "there is one CPU: leave the number out")),
            _ => Ok(Self { kind, index }),
        }
    }
}

/// The device of that name and a description of it for people.
///
/// # Errors
/// [`Error::Device`] if it is unknown, not compiled in, or absent.
pub async fn device(name: &str) -> Result<(Device, String), Error> {
    open(name.parse()?).await
}

/// As [`device`], by a name that was read already.
///
/// # Errors
/// [`Error::Device`] if it is not compiled in, or absent.
pub async fn open(name: DeviceName) -> Result<(Device, String), Error> {
    match name.kind {
        DeviceKind::Cpu => cpu(),
        _ => gpu::open(name).await,
    }
}

#[cfg(feature = "cpu")]
fn cpu() -> Result<(Device, String), Error> {
    Ok((Device::flex(), "CPU".to_owned()))
}

#[cfg(not(feature = "cpu"))]
fn cpu() -> Result<(Device, String), Error> {
    Err(unusable("cpu", "this build is for GPUs; build it with `--features cpu`"))
}

pub(super) fn unusable(device: impl fmt::Display, reason: &str) -> Error {
    Error::Device { device: device.to_string(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_mistakes_are_named() {
        for name in ["cpu", "wgpu", "vulkan:1", "metal", "cuda:7"] {
            assert_eq!(name.parse::<DeviceName>().expect("a device").to_string(), name);
        }
        let refused = |name: &str| name.parse::<DeviceName>().expect_err("no device").to_string();
        assert!(refused("tpu").contains("\"tpu\"") && refused("tpu").contains("vulkan"));
        assert!(refused("cuda:x").contains("cuda:x"));
        assert!(refused("cpu:1").contains("one CPU"));
    }
}
