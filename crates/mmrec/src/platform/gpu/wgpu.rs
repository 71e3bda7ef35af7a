//! Graphics cards.

use std::sync::{Arc, Mutex, PoisonError};

use burn::backend::DispatchDevice;
use burn::tensor::wgpu::{WgpuBackend, WgpuOptions, WgpuSetup};
use burn::tensor::{Device, DeviceKind as Adapter};

use crate::Error;
use crate::platform::device::{DeviceKind, DeviceName, unusable};
use crate::platform::faults::report_fault;

/// A GPU in use.
#[derive(Debug, Clone)]
struct Opened {
    name: DeviceName,
    device: Device,
    /// For people.
    description: String,
    /// What tells it and its driver from others.
    adapter: String,
}

/// Burn opens a GPU once in a process; later calls get the same one.
static OPENED: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// Opens a graphics card.
pub async fn open(name: DeviceName) -> Result<(Device, String), Error> {
    let opened = match known(|opened| opened.name == name) {
        Some(opened) => opened,
        None => {
            let opened = match name.kind {
                DeviceKind::Cuda => cuda(name)?,
                _ => adapter(name).await?,
            };
            OPENED.lock().unwrap_or_else(PoisonError::into_inner).push(opened.clone());
            opened
        }
    };
    Ok((opened.device, opened.description))
}

fn known(is_meant: impl Fn(&Opened) -> bool) -> Option<Opened> {
    OPENED.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|opened| is_meant(opened)).cloned()
}

/// What tells a GPU that was opened, and its driver, from others; none of anything else.
pub fn adapter_of(device: &Device) -> Option<String> {
    known(|opened| opened.device == *device).map(|opened| opened.adapter)
}

/// Whether it is a GPU, with gradients or without.
pub fn is_gpu(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Cube(_))
}

async fn adapter(name: DeviceName) -> Result<Opened, Error> {
    let (device, setup) = acquire(name).await?;
    let info = setup.adapter.get_info();
    let called = if info.name.is_empty() { "unnamed adapter" } else { &info.name };
    let description = format!("{called} ({:?})", info.backend);
    let adapter = format!("{description} {} {}", info.driver, info.driver_info);
    Ok(Opened { name, device, description, adapter })
}

async fn acquire(name: DeviceName) -> Result<(Device, WgpuSetup), Error> {
    let (device, setup) = options(name).init_with_setup_async().await.map_err(|error| {
        let driver = "install a graphics driver with Vulkan, Metal or DirectX 12, or use the CPU";
        unusable(name, &format!("{error}; {driver}"))
    })?;
    let faulty = device.clone();
    // In place of the framework's handler, which panics: on a thread of its own, where the run would never hear of it.
    setup.device.on_uncaptured_error(Arc::new(move |error| report_fault(Some(&faulty), &error.to_string())));
    Ok((device, setup))
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
fn cuda(name: DeviceName) -> Result<Opened, Error> {
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
    let device = Device::cuda(index);
    let description = format!("NVIDIA GPU {index} (CUDA)");
    let identity = device.identity().map_or(String::new(), |card| format!("{} {}", card.name, card.fingerprint));
    Ok(Opened { name, device, adapter: format!("{description} {identity}"), description })
}

#[cfg(not(feature = "cuda"))]
fn cuda(name: DeviceName) -> Result<Opened, Error> {
    Err(unusable(name, "this build has no CUDA; build it with `--features cuda`, or use wgpu or the CPU"))
}

#[cfg(all(test, feature = "cpu"))]
mod tests {
    use burn::tensor::Tensor;
    use burn::tensor::wgpu::wgpu::{ShaderModuleDescriptor, ShaderSource};

    use super::*;
    use crate::platform::{read, trust};

    async fn sum(device: &Device) -> Result<Vec<Vec<f32>>, Error> {
        read(vec![Tensor::<1>::ones([8], device).sum()]).await
    }

    /// A GPU of this machine with its handles; a process opens it once by each name.
    fn acquired(name: &str) -> Option<(Device, WgpuSetup)> {
        match pollster::block_on(acquire(name.parse().expect("a device"))) {
            Ok(acquired) => Some(acquired),
            Err(error) if std::env::var_os("MMREC_REQUIRE_GPU").is_none() => {
                println!("not run: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn an_error_that_no_call_returns_is_that_of_the_next_read() {
        let Some((device, setup)) = acquired("wgpu") else { return };
        assert_eq!(pollster::block_on(sum(&device)).expect("sound"), [[8.0]]);
        let source = ShaderSource::Wgsl("this is no program".into());
        let _refused = setup.device.create_shader_module(ShaderModuleDescriptor { label: None, source });
        let fault = pollster::block_on(sum(&device)).expect_err("a refused program");
        assert!(matches!(&fault, Error::DeviceFault(what) if what.contains("hader")), "{fault}");
        assert!(trust(&device.clone().autodiff()).is_err());
        assert_eq!(pollster::block_on(sum(&Device::flex())).expect("another device"), [[8.0]]);
    }

    #[test]
    fn a_lost_device_is_named() {
        let Some((device, setup)) = acquired("vulkan") else { return };
        assert_eq!(pollster::block_on(sum(&device)).expect("sound"), [[8.0]]);
        setup.device.destroy();
        let lost = pollster::block_on(sum(&device)).expect_err("a lost device");
        assert!(matches!(lost, Error::DeviceLost(_) | Error::DeviceFault(_)), "{lost}");
        assert!(!lost.to_string().contains('\n'), "{lost}");
    }
}
