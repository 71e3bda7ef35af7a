//! Graphics cards.

use std::sync::Mutex;

use burn::tensor::wgpu::{WgpuBackend, WgpuOptions};
use burn::tensor::{Device, DeviceKind as Adapter};

use super::device::{DeviceKind, DeviceName, unusable};
use crate::Error;

/// Burn opens a GPU once in a process; later calls get the same one.
static OPENED: Mutex<Vec<(DeviceName, Device, String)>> = Mutex::new(Vec::new());

/// Opens a graphics card.
pub async fn open(name: DeviceName) -> Result<(Device, String), Error> {
    let known = || OPENED.lock().ok()?.iter().find(|opened| opened.0 == name).cloned();
    if let Some((_, device, description)) = known() {
        return Ok((device, description));
    }
    let (device, description) = match name.kind {
        DeviceKind::Cuda => cuda(name)?,
        _ => adapter(name).await?,
    };
    if let Ok(mut opened) = OPENED.lock() {
        opened.push((name, device.clone(), description.clone()));
    }
    Ok((device, description))
}

async fn adapter(name: DeviceName) -> Result<(Device, String), Error> {
    let options = options(name);
    let (device, setup) = options.init_with_setup_async().await.map_err(|error| {
        let driver = "install a graphics driver with Vulkan, Metal or DirectX 12, or use the CPU";
        unusable(name, &format!("{error}; {driver}"))
    })?;
    let info = setup.adapter.get_info();
    let adapter = if info.name.is_empty() { "unnamed adapter".to_owned() } else { info.name };
    Ok((device, format!("{adapter} ({:?})", info.backend)))
}

fn options(name: DeviceName) -> WgpuOptions {
    let options = Device::wgpu_options();
    let options = match name.kind {
        DeviceKind::Vulkan => options.graphics_api(WgpuBackend::Vulkan),
        DeviceKind::Metal => options.graphics_api(WgpuBackend::Metal),
        _ => options,
    };
    match name.index {
        Some(index) => options.device_kind(Adapter::DiscreteGpu(index.into())),
        None => options,
    }
}

#[cfg(feature = "cuda")]
fn cuda(name: DeviceName) -> Result<(Device, String), Error> {
    use burn::tensor::DeviceType;

    let (index, count) = (usize::from(name.index.unwrap_or(0)), Device::enumerate(DeviceType::Cuda).len());
    if count == 0 {
        return Err(unusable(
            name,
            "no NVIDIA GPU, or none with a driver: install NVIDIA's driver, or use another device",
        ));
    }
    if index >= count {
        return Err(unusable(name, &format!("the NVIDIA GPUs here are cuda:0 to cuda:{}", count - 1)));
    }
    Ok((Device::cuda(index), format!("NVIDIA GPU {index} (CUDA)")))
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: DeviceName) -> Result<(Device, String), Error> {
    Err(unusable(name, "this build has no CUDA; build it with `--features cuda`, or use wgpu or the CPU"))
}
