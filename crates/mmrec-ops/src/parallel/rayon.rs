//! Work on several threads.

use burn::tensor::Device;
use rayon::prelude::*;

/// Threads for one operation.
pub fn threads() -> usize {
    rayon::current_num_threads()
}

/// Passes over parts of a batch that run at once on `device`: as many as there are threads on the CPU, and one on a GPU, which
/// wants all its work from one thread.
pub fn workers(device: &Device) -> usize {
    if device.clone().inner() == Device::flex() { threads() } else { 1 }
}

/// What `work` makes of every item, in their order.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(usize, &T) -> R + Sync) -> Vec<R> {
    match items {
        [item] => vec![work(0, item)],
        _ => items.par_iter().enumerate().map(|(index, item)| work(index, item)).collect(),
    }
}

/// What `work` makes of every chunk of `size` values, in their order.
pub fn map_chunks<R: Send>(values: &mut [f32], size: usize, work: impl Fn(usize, &mut [f32]) -> R + Sync) -> Vec<R> {
    values.par_chunks_mut(size).enumerate().map(|(index, chunk)| work(index, chunk)).collect()
}

/// Has `work` fill chunks of `size` values, the same of all three.
pub fn for_each_chunk(values: [&mut [f32]; 3], size: usize, work: impl Fn(usize, [&mut [f32]; 3]) + Sync) {
    let [a, b, c] = values.map(|values| values.par_chunks_mut(size));
    a.zip(b).zip(c).enumerate().for_each(|(index, ((a, b), c))| work(index, [a, b, c]));
}
