//! Both memories in one operation: from a token's projection to what it takes out of them.
//!
//! On the CPU it is one kernel, on GPUs a few; they keep nothing for the backward pass but their inputs. Elsewhere a
//! composition of [`recurrent_memory`](super::recurrent_memory) and [`attend`](super::hierarchy::attend) serves, which is also
//! their reference.

#[cfg_attr(not(feature = "wgpu"), path = "no_gpu.rs")]
mod gpu;
mod kernel;
mod token;

use burn::tensor::{Device, Tensor};

use super::hierarchy::Sizes;
use super::{Kernel, fused, has_kernels};
use kernel::{Geometry, Parameters};
pub use token::{After, Before, memory_token, turns};

/// Whether [`memory`] runs on `device` for rows of `blocks` blocks and `heads` heads of `d` channels.
pub fn has_memory_kernels(device: &Device, sizes: Sizes, blocks: usize, heads: usize, d: usize) -> bool {
    has_kernels(device) || gpu::has_kernels(device, sizes, blocks, heads, d)
}

/// (r + ctx) ⊙ silu(e) on a device that [has kernels](has_memory_kernels) for it.
///
/// # Shapes
/// - `projection`: q, k, v, e, then salience, decay gate and write gate per head: `[batch, time, 4·width + 3·heads]`; `time` is
///   a multiple of the block length
/// - `decay` (δ), `score_scale` (η): `[heads]`; `read_norm` (nh): `[width]`; `level_bias`: `[levels, heads]`
/// - returns: `[batch, time, width]`
pub fn memory(
    sizes: Sizes,
    projection: Tensor<3>,
    decay: Tensor<1>,
    read_norm: Tensor<1>,
    score_scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> Tensor<3> {
    let device = projection.device();
    let ([batch, time, _], [heads], [width]) = (projection.dims(), decay.dims(), read_norm.dims());
    let inputs = vec![
        projection.into_dispatch(),
        decay.into_dispatch(),
        read_norm.into_dispatch(),
        score_scale.into_dispatch(),
        level_bias.into_dispatch(),
    ];
    if !has_kernels(&device) {
        return gpu::apply(sizes, inputs);
    }
    fused::apply(Memory { geometry: Geometry::new(batch, time, heads, width / heads, sizes) }, inputs)
}

#[derive(Debug)]
struct Memory {
    geometry: Geometry,
}

impl Kernel for Memory {
    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[0][1], inputs[2][0]]
    }

    fn forward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]]) -> Vec<f32> {
        kernel::forward(&self.geometry, inputs[0], &parameters(inputs))
    }

    fn backward(&self, _shapes: &[Vec<usize>], inputs: &[&[f32]], gradient: &[f32]) -> Vec<Vec<f32>> {
        let of = kernel::backward(&self.geometry, inputs[0], &parameters(inputs), gradient);
        vec![of.projection, of.decay, of.read_norm, of.score_scale, of.level_bias]
    }
}

fn parameters<'a>(inputs: &[&'a [f32]]) -> Parameters<'a> {
    Parameters { decay: inputs[1], read_norm: inputs[2], score_scale: inputs[3], level_bias: inputs[4] }
}
