//! Forward and backward with the memory of one block: only the blocks' inputs are kept, and each block is computed once more
//! when its gradients are taken.

use burn::module::Module;
use burn::tensor::{Gradients, Int, Tensor};

use super::is_trained;
use super::trainer::{Pass, gradients};
use crate::config::TrainConfig;
use crate::model::{Dropout, Model};
use crate::ops::cross_entropy;

/// Loss and gradients of inputs and targets `[batch, time]`, as those of one graph over the whole model; its loss counts for
/// `share` of the step's. Blocks before the first one that `train` trains are passed through once.
pub(super) fn recomputed(
    model: &Model,
    [inputs, targets]: [Tensor<2, Int>; 2],
    share: f32,
    mut dropout: Dropout,
    train: &TrainConfig,
) -> Pass {
    let time = inputs.dims()[1];
    let plain = model.valid();
    let tables = plain.tables(time);
    let mut x = plain.embed(inputs.clone().inner());
    let mut kept = Vec::with_capacity(model.blocks.len());
    for block in 0..model.blocks.len() {
        if block >= train.freeze {
            kept.push((block, x.clone(), dropout.clone()));
        }
        x = plain.through(block, x, tables.as_ref(), &mut dropout);
    }

    let x = leaf(x);
    let loss = cross_entropy(model.logits(x.clone(), time), targets) * share;
    let mut of = loss.backward();
    let (norm, head) = (gradients(&model.norm, &mut of), gradients(&model.head, &mut of));
    let mut parts = vec![head, norm];
    let mut gradient = taken(&x, &mut of);
    let tables = model.tables(time);
    for (block, x, mut dropout) in kept.into_iter().rev() {
        let x = leaf(x);
        let mut of = backward(model.through(block, x.clone(), tables.as_ref(), &mut dropout), gradient);
        parts.push(gradients(&model.blocks[block], &mut of));
        gradient = taken(&x, &mut of);
    }
    if is_trained(train, "embedding") {
        parts.push(gradients(&model.embedding, &mut backward(model.embed(inputs), gradient)));
    }
    Pass { loss: loss.inner(), gradients: parts.into_iter().rev().flatten().collect() }
}

/// A constant as the beginning of a graph.
fn leaf(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_inner(x).require_grad()
}

fn taken(x: &Tensor<3>, gradients: &mut Gradients) -> Tensor<3> {
    x.grad_remove(gradients).expect("every block reads its input")
}

/// The gradients of a graph's beginnings from that of its end: Σ yᵢ gᵢ has just this gradient.
fn backward(y: Tensor<3>, gradient: Tensor<3>) -> Gradients {
    (y * Tensor::from_inner(gradient)).sum().backward()
}
