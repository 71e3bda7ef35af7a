//! What differs between machines: devices, reading from them, and the clock.

#[cfg_attr(feature = "threads", path = "threads.rs")]
#[cfg_attr(not(feature = "threads"), path = "single.rs")]
mod parallel;

pub use parallel::{for_each_chunk, map, map_chunks, threads, workers};

use burn::tensor::{Device, Tensor, Transaction};

use crate::Error;

#[cfg_attr(not(all(target_os = "linux", target_env = "gnu")), path = "memory_other.rs")]
mod memory;

pub use memory::keep_memory;

/// Seconds since some fixed moment.
pub fn now() -> f64 {
    web_time::SystemTime::now().duration_since(web_time::UNIX_EPOCH).map_or(0.0, |elapsed| elapsed.as_secs_f64())
}

/// The device called `name` ("cpu" or "wgpu") and a description of it for people.
///
/// # Errors
/// [`Error::Device`] if it is unknown, not compiled in, or absent.
pub async fn device(name: &str) -> Result<(Device, String), Error> {
    match name {
        "cpu" => cpu(),
        "wgpu" => gpu().await,
        _ => Err(unusable(name, "the devices are \"cpu\" and \"wgpu\"")),
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

/// Burn opens a GPU once in a process; later calls get the same one.
#[cfg(feature = "wgpu")]
static GPU: std::sync::OnceLock<(Device, String)> = std::sync::OnceLock::new();

#[cfg(feature = "wgpu")]
async fn gpu() -> Result<(Device, String), Error> {
    if let Some(opened) = GPU.get() {
        return Ok(opened.clone());
    }
    let (device, setup) = Device::wgpu_options().init_with_setup_async().await.map_err(|error| {
        unusable(
            "wgpu",
            &format!("{error}; install a graphics driver with Vulkan, Metal or DirectX 12, or use the CPU"),
        )
    })?;
    let info = setup.adapter.get_info();
    let name = if info.name.is_empty() { "unnamed adapter".to_owned() } else { info.name };
    Ok(GPU.get_or_init(|| (device, format!("{name} ({:?})", info.backend))).clone())
}

#[cfg(not(feature = "wgpu"))]
async fn gpu() -> Result<(Device, String), Error> {
    Err(unusable("wgpu", "this build has no GPU support; build it with `--features wgpu`, or use the CPU"))
}

fn unusable(device: &str, reason: &str) -> Error {
    Error::Device { device: device.to_owned(), reason: reason.to_owned() }
}

/// Reads tensors from their device in one transaction: the one way that works on every device, browsers included.
///
/// # Errors
/// [`Error::DeviceLost`] if the device fails.
pub async fn read(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, Error> {
    let lost = |error: String| Error::DeviceLost(error);
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.map_err(|error| lost(error.to_string()))?;
    data.into_iter().map(|data| data.try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}")))).collect()
}
