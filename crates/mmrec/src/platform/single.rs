//! Work where there is one thread.

use burn::tensor::Device;

/// Passes over parts of a batch that run at once on a device.
pub fn workers(_device: &Device) -> usize {
    1
}

/// What `work` makes of every item, in their order.
pub fn map<T, R>(items: &[T], work: impl Fn(usize, &T) -> R) -> Vec<R> {
    items.iter().enumerate().map(|(index, item)| work(index, item)).collect()
}
