//! A build without graphics cards.

use burn::tensor::Device;

use crate::Error;
use crate::platform::device::{DeviceKind, DeviceName, unusable};

/// There is none to open.
pub async fn open(name: DeviceName) -> Result<(Device, String), Error> {
    let feature = if name.kind == DeviceKind::Cuda { "cuda" } else { "wgpu" };
    Err(unusable(name, &format!("this build has no GPU support; build it with `--features {feature}`, or use the CPU")))
}

/// None was opened.
pub fn adapter_of(_device: &Device) -> Option<String> {
    None
}

/// None is a GPU.
pub fn is_gpu(_device: &Device) -> bool {
    false
}
