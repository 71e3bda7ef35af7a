//! What differs between machines: devices, reading from them, and the clock.

mod allocator;
mod device;
mod faults;
mod gpu;

pub use allocator::keep_memory;
pub use device::{DeviceKind, DeviceName, device, open};
pub use faults::{report_fault, watch_faults};
pub use gpu::adapter_of;
pub use mmrec_ops::parallel::{map, map_chunks, threads, workers};

use std::sync::OnceLock;

use burn::tensor::{Device, Tensor, Transaction};
use web_time::Instant;

use crate::Error;

/// Seconds since some fixed moment of this process, which never run backwards: the time of day may be set.
pub fn now() -> f64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_secs_f64()
}

/// Reads tensors from their device in one transaction: the one way that works on every device, browsers included.
///
/// # Errors
/// [`Error::DeviceLost`] if the device fails, [`Error::DeviceFault`] if it complained since it was opened.
pub async fn read(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, Error> {
    let device = tensors.first().map(Tensor::device);
    let values = transfer(tensors).await;
    // Only now: what a GPU has to say about results comes before them. It may also be why they did not come.
    device.map_or(Ok(()), |device| trust(&device))?;
    values
}

/// Refuses a device that complained since it was opened.
///
/// # Errors
/// [`Error::DeviceFault`] with its first complaint.
pub fn trust(device: &Device) -> Result<(), Error> {
    faults::fault_of(&device.clone().inner()).map_or(Ok(()), |what| Err(Error::DeviceFault(what)))
}

async fn transfer(tensors: Vec<Tensor<1>>) -> Result<Vec<Vec<f32>>, Error> {
    let lost = |error: String| Error::DeviceLost(faults::clause(&error));
    let transaction = tensors.into_iter().fold(Transaction::default(), Transaction::register);
    let data = transaction.execute_async().await.map_err(|error| lost(error.to_string()))?;
    data.into_iter().map(|data| data.try_to_vec::<f32>().map_err(|error| lost(format!("{error:?}")))).collect()
}
