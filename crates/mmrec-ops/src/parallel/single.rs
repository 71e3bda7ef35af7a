//! Work where there is one thread.

use burn::tensor::Device;

/// Threads for one operation.
pub fn threads() -> usize {
    1
}

/// Passes over parts of a batch that run at once on a device.
pub fn workers(_device: &Device) -> usize {
    1
}

/// What `work` makes of every item, in their order.
pub fn map<T, R>(items: &[T], work: impl Fn(usize, &T) -> R) -> Vec<R> {
    items.iter().enumerate().map(|(index, item)| work(index, item)).collect()
}

/// What `work` makes of every chunk of `size` values, in their order.
pub fn map_chunks<R>(values: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) -> R) -> Vec<R> {
    values.chunks_mut(size).enumerate().map(|(index, chunk)| work(index, chunk)).collect()
}

/// Has `work` fill chunks of `size` values, the same of all three.
pub fn for_each_chunk(values: [&mut [f32]; 3], size: usize, work: impl Fn(usize, [&mut [f32]; 3])) {
    let [a, b, c] = values.map(|values| values.chunks_mut(size));
    a.zip(b).zip(c).enumerate().for_each(|(index, ((a, b), c))| work(index, [a, b, c]));
}
