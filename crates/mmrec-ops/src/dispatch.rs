//! Every operation by the implementation that the device of its inputs has: a kernel, or the [reference].

use burn::tensor::{DType, Device, Int, Tensor};

use super::bridge::{apply_kernel, apply_kernel_untracked, runs_cpu_kernels};
use super::reference::AdamWStep;
use super::reference::slot_attention::Sizes;
use super::{cpu, gpu, reference};

/// `token_shift(rms_norm(x, weight), mix)` from the beginning of a text; without `mix` the norm alone.
///
/// # Shapes
/// - `x`: `[batch, time, dim]`
/// - `weight`, `mix` (μ): `[dim]`
pub fn norm_shift(x: Tensor<3>, weight: Tensor<1>, mix: Option<Tensor<1>>) -> Tensor<3> {
    if !runs_cpu_kernels(&x.device()) {
        return reference::norm_shift(x, weight, mix);
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    match mix {
        Some(mix) => apply_kernel(cpu::NormShift, [x, weight, mix.into_dispatch()]),
        None => apply_kernel(cpu::NormShift, [x, weight]),
    }
}

/// x · W, `[rows, inputs]` and `[inputs, outputs]` to `[rows, outputs]`; in the precision of W, which x is rounded to.
pub fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if runs_cpu_kernels(&x.device()) && weight.dtype() != DType::BF16 {
        apply_kernel(cpu::Linear, [x.into_dispatch(), weight.into_dispatch()])
    } else {
        reference::linear(x, weight)
    }
}

/// stream + x · W in one pass; shapes as in [`linear`], the stream's those of the output.
pub fn linear_onto(stream: Tensor<2>, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    if runs_cpu_kernels(&x.device()) && weight.dtype() == DType::F32 {
        apply_kernel(cpu::Linear, [x.into_dispatch(), weight.into_dispatch(), stream.into_dispatch()])
    } else {
        stream + linear(x, weight)
    }
}

/// silu(g) ⊙ p of rows that hold g and then p, `[rows, 2·hidden]` to `[rows, hidden]`.
pub fn swiglu(x: Tensor<2>) -> Tensor<2> {
    if runs_cpu_kernels(&x.device()) { apply_kernel(cpu::Swiglu, [x.into_dispatch()]) } else { reference::swiglu(x) }
}

/// What causal attention over a window gives every token of a text from its beginning on.
///
/// # Shapes
/// - `projection`: q, k, v of every token, `[batch, time, 3·width]`
/// - returns: `[batch, time, width]`
pub fn causal_attention(projection: Tensor<3>, heads: usize, window: usize) -> Tensor<3> {
    if runs_cpu_kernels(&projection.device()) {
        apply_kernel(cpu::CausalAttention { heads, window }, [projection.into_dispatch()])
    } else {
        reference::causal_attention(projection, heads, window)
    }
}

/// Mean cross-entropy in nats per token, `[1]`.
///
/// # Shapes
/// - `logits`: `[batch, time, vocab]`
/// - `targets`: `[batch, time]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    token_losses(logits, targets).mean()
}

/// Cross-entropy of every token in nats, `[batch · time, 1]`; shapes as in [`cross_entropy`].
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    if !runs_cpu_kernels(&logits.device()) {
        return reference::token_losses(logits, targets);
    }
    let targets = targets.into_data().iter::<i64>().map(|target| target as usize).collect();
    apply_kernel(cpu::CrossEntropy { targets }, [logits.into_dispatch()])
}

/// Whether [`memory`] runs on `device` for rows of `chunks` chunks and `heads` heads of `d` channels.
pub fn runs_memory_kernels(device: &Device, sizes: Sizes, chunks: usize, heads: usize, d: usize) -> bool {
    runs_cpu_kernels(device) || gpu::runs_memory_kernels(device, sizes, chunks, heads, d)
}

/// Both memories in one operation, from a token's projection to what it takes out of them: (r + ctx) ⊙ silu(e), on a device that
/// [runs them](runs_memory_kernels). Nothing is kept for the backward pass but the inputs.
///
/// Elsewhere a composition of [`gated_linear_attention`](super::gated_linear_attention) and
/// [`attend`](super::slot_attention::attend) serves, which is also the kernels' reference.
///
/// # Shapes
/// - `projection`: q, k, v, e, then salience, decay gate and write gate per head: `[batch, time, 4·width + 3·heads]`; `time` is
///   a multiple of the chunk length
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
    let inputs = [
        projection.into_dispatch(),
        decay.into_dispatch(),
        read_norm.into_dispatch(),
        score_scale.into_dispatch(),
        level_bias.into_dispatch(),
    ];
    if !runs_cpu_kernels(&device) {
        return gpu::memory(sizes, inputs);
    }
    apply_kernel(cpu::Memory::new(batch, time, heads, width / heads, sizes), inputs)
}

/// Σ xᵢ², `[1]`
pub fn sum_of_squares(x: Tensor<1>) -> Tensor<1> {
    if runs_cpu_kernels(&x.device()) { apply_kernel(cpu::SumOfSquares, [x.into_dispatch()]) } else { x.square().sum() }
}

/// One AdamW update: changes the moments and returns the new weight. All are one row of the same length; `scale` `[1]` clips the
/// gradient.
pub fn adamw(
    step: AdamWStep,
    weight: Tensor<1>,
    gradient: Tensor<1>,
    moments: &mut [Tensor<1>; 2],
    scale: Tensor<1>,
) -> Tensor<1> {
    if !runs_cpu_kernels(&weight.device()) {
        return reference::adamw(step, weight, gradient, moments, scale);
    }
    let [first, second] = moments;
    let [count] = weight.dims();
    let inputs = [weight, gradient, first.clone(), second.clone(), scale].map(Tensor::into_dispatch);
    let out: Tensor<2> = apply_kernel_untracked(&step, inputs.into());
    let row = |index: usize| out.clone().narrow(0, index, 1).reshape([count]);
    (*first, *second) = (row(1), row(2));
    row(0)
}
