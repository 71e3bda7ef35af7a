//! Both memories as a composition of plain operations and as a kernel, at any sizes.

use burn::tensor::Tensor;
use burn::tensor::activation::{sigmoid, silu, softplus};
use mmrec::ops::slot_attention::{Sizes, Slots, Tables, attend};
use mmrec::ops::{gated_linear_attention, memory, rms_norm, unit};
use proptest::prelude::*;

use crate::case::{Case, random};

/// Sizes of a call of `memory`; a head has twice `half` channels.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub batch: usize,
    pub chunks: usize,
    pub heads: usize,
    pub half: usize,
    pub sizes: Sizes,
}

pub fn shapes() -> impl Strategy<Value = (Shape, u64)> {
    let sizes = (1usize..20, 1usize..5, 2usize..4, 1usize..4).prop_map(|(chunk, slots, merge_factor, levels)| Sizes {
        chunk,
        slots,
        merge_factor,
        levels,
    });
    let shape = (1usize..3, 1usize..14, 1usize..4, 1usize..20, sizes);
    let shape = shape.prop_map(|(batch, chunks, heads, half, sizes)| Shape { batch, chunks, heads, half, sizes });
    (shape, any::<u64>())
}

pub fn memory_case(shape: Shape, seed: u64) -> Case<'static> {
    let Shape { batch, chunks, heads, half, sizes } = shape;
    let (time, d) = (chunks * sizes.chunk, 2 * half);
    let projected = heads * (4 * d + 3);
    let counts = [batch * time * projected, heads, heads * d, heads, sizes.levels * heads];
    let inputs = counts.iter().zip(seed..).map(|(count, seed)| random(*count, seed)).collect();
    let call = move |function: fn(Sizes, Tensor<3>, Tensor<1>, Tensor<1>, Tensor<1>, Tensor<2>) -> Tensor<3>| {
        move |x: &[Tensor<1>]| {
            let out = function(
                sizes,
                x[0].clone().reshape([batch, time, projected]),
                x[1].clone(),
                x[2].clone(),
                x[3].clone(),
                x[4].clone().reshape([sizes.levels, heads]),
            );
            out.reshape([batch * time * heads * d])
        }
    };
    Case { inputs, plain: Box::new(call(plain)), kernel: Box::new(call(memory)) }
}

/// (r + ctx) ⊙ silu(e), composed of the framework's operations as they stand in the model's definition; shapes as in [`memory`].
fn plain(
    sizes: Sizes,
    projection: Tensor<3>,
    decay: Tensor<1>,
    read_norm: Tensor<1>,
    score_scale: Tensor<1>,
    level_bias: Tensor<2>,
) -> Tensor<3> {
    let [batch, time, _] = projection.dims();
    let (heads, width) = (decay.dims()[0], read_norm.dims()[0]);
    let d = width / heads;
    let channels = |part: usize| projection.clone().narrow(2, part * width, width);
    let per_head = |part: usize| channels(part).reshape([batch, time, heads, d]).swap_dims(1, 2);
    let gate = |part: usize| projection.clone().narrow(2, 4 * width + part * heads, heads).swap_dims(1, 2);
    let (query, key, value) = (per_head(0), per_head(1), per_head(2));
    let rate = softplus(decay, 1.0).reshape([1, heads, 1]) * -2.0;
    let (read, _) = gated_linear_attention(
        silu(query.clone()),
        unit(silu(key.clone())),
        value.clone() * sigmoid(gate(2)).unsqueeze_dim::<4>(3),
        sigmoid(gate(1)) * rate,
        None,
        false,
    );
    let read = rms_norm(read, read_norm.reshape([1, heads, 1, d]));
    let tables = Tables::new(sizes, 0, time / sizes.chunk, d, &projection.device());
    let tokens = Slots { keys: key, values: value, log_mass: gate(0) };
    let (context, _) = attend(&tables, query, tokens, None, score_scale, level_bias);
    (read + context).swap_dims(1, 2).reshape([batch, time, width]) * silu(channels(3))
}
