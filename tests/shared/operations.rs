//! The operations around the memories as compositions of the framework's operations, as they stand in the model's definition, and
//! as kernels, at any sizes.

use burn::tensor::activation::{log_softmax, silu};
use burn::tensor::{Int, Tensor, TensorData};
use mmrec::ops::{
    Rotary, attend_window, by_head, causal_attention, join_heads, linear, linear_onto, norm_shift, rms_norm, swiglu,
    token_losses, token_shift,
};

use crate::case::{Case, random};

/// The norm of `[batch, time, dim]`, with a token shift or without.
pub fn norm_case([batch, time, dim]: [usize; 3], shifted: bool, seed: u64) -> Case<'static> {
    let mut inputs = vec![random(batch * time * dim, seed), random(dim, seed + 1)];
    if shifted {
        inputs.push(random(dim, seed + 2));
    }
    let call = move |function: fn(Tensor<3>, Tensor<1>, Option<Tensor<1>>) -> Tensor<3>| {
        move |x: &[Tensor<1>]| {
            let out = function(x[0].clone().reshape([batch, time, dim]), x[1].clone(), x.get(2).cloned());
            out.reshape([batch * time * dim])
        }
    };
    Case { inputs, plain: Box::new(call(plain_norm_shift)), kernel: Box::new(call(norm_shift)) }
}

/// The gate on `[rows, 2 · hidden]`.
pub fn gate_case(rows: usize, hidden: usize, seed: u64) -> Case<'static> {
    let call = move |function: fn(Tensor<2>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| function(x[0].clone().reshape([rows, 2 * hidden])).reshape([rows * hidden])
    };
    let inputs = vec![random(rows * 2 * hidden, seed)];
    Case { inputs, plain: Box::new(call(plain_swiglu)), kernel: Box::new(call(swiglu)) }
}

/// The product of `[rows, inputs]` with `[inputs, outputs]`, onto a stream or not.
pub fn linear_case([rows, inputs, outputs]: [usize; 3], onto: bool, seed: u64) -> Case<'static> {
    let counts = [rows * inputs, inputs * outputs, rows * outputs];
    let values = counts.iter().zip(seed..).take(if onto { 3 } else { 2 });
    let call = move |function: fn(Tensor<2>, Tensor<2>, Option<Tensor<2>>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| {
            let stream = x.get(2).map(|stream| stream.clone().reshape([rows, outputs]));
            let (x, weight) = (x[0].clone().reshape([rows, inputs]), x[1].clone().reshape([inputs, outputs]));
            function(x, weight, stream).reshape([rows * outputs])
        }
    };
    let kernel = |x, weight, stream: Option<Tensor<2>>| match stream {
        Some(stream) => linear_onto(stream, x, weight),
        None => linear(x, weight),
    };
    Case {
        inputs: values.map(|(count, seed)| random(*count, seed)).collect(),
        plain: Box::new(call(plain_linear)),
        kernel: Box::new(call(kernel)),
    }
}

/// Causal attention of `[batch, time, 3 · heads · 2 · half]`.
pub fn attention_case([batch, time, heads, half]: [usize; 4], window: usize, seed: u64) -> Case<'static> {
    let width = heads * 2 * half;
    let call = move |function: fn(Tensor<3>, usize, usize) -> Tensor<3>| {
        move |x: &[Tensor<1>]| {
            let out = function(x[0].clone().reshape([batch, time, 3 * width]), heads, window);
            out.reshape([batch * time * width])
        }
    };
    let inputs = vec![random(batch * time * 3 * width, seed)];
    Case { inputs, plain: Box::new(call(plain_attention)), kernel: Box::new(call(causal_attention)) }
}

/// The losses of `[rows, vocab]` logits.
pub fn loss_case(rows: usize, vocab: usize, seed: u64) -> Case<'static> {
    let call = move |function: fn(Tensor<3>, Tensor<2, Int>) -> Tensor<2>| {
        move |x: &[Tensor<1>]| {
            let targets: Vec<i32> = (0..rows).map(|row| (row * 7 % vocab) as i32).collect();
            let targets = Tensor::from_data(TensorData::new(targets, [1, rows]), &x[0].device());
            function(x[0].clone().reshape([1, rows, vocab]) * 3.0, targets).reshape([rows])
        }
    };
    let inputs = vec![random(rows * vocab, seed)];
    Case { inputs, plain: Box::new(call(plain_token_losses)), kernel: Box::new(call(token_losses)) }
}

/// Attention over the window, of queries and keys turned by their positions.
fn plain_attention(projection: Tensor<3>, heads: usize, window: usize) -> Tensor<3> {
    let [_, time, columns] = projection.dims();
    let rotary = Rotary::new(0, time, columns / 3 / heads, &projection.device());
    let [query, key, value] = by_head(projection, heads);
    join_heads(attend_window(rotary.rotate(query), rotary.rotate(key), value, window))
}

/// The norm, then the token shift where `mix` is given.
fn plain_norm_shift(x: Tensor<3>, weight: Tensor<1>, mix: Option<Tensor<1>>) -> Tensor<3> {
    let normed = rms_norm(x, weight.unsqueeze::<3>());
    match mix {
        Some(mix) => token_shift(normed, mix, None),
        None => normed,
    }
}

/// silu of the first half times the second.
fn plain_swiglu(x: Tensor<2>) -> Tensor<2> {
    let hidden = x.dims()[1] / 2;
    silu(x.clone().narrow(1, 0, hidden)) * x.narrow(1, hidden, hidden)
}

/// −log softmax at the targets.
fn plain_token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, time, vocab] = logits.dims();
    let log_probabilities = log_softmax(logits.reshape([batch * time, vocab]), 1);
    log_probabilities.gather(1, targets.reshape([batch * time, 1])).neg()
}

/// x · W, onto a stream if there is one.
fn plain_linear(x: Tensor<2>, weight: Tensor<2>, stream: Option<Tensor<2>>) -> Tensor<2> {
    let product = x.matmul(weight);
    match stream {
        Some(stream) => stream + product,
        None => product,
    }
}
