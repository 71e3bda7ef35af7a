//! Forward and backward with the memory of one block: only the blocks' inputs are kept, and each block is computed once more
//! when its gradients are taken.

use burn::module::Module;
use burn::tensor::{Gradients, Int, Tensor};

use super::is_trained;
use super::work::{Pass, gradients};
use crate::config::TrainConfig;
use crate::model::{Dropout, Model};
use crate::ops::cross_entropy;

/// Loss and gradients of inputs and targets `[batch, time]`, as those of one graph over the whole model; its loss counts for
/// `share` of the step's. Blocks before the first one that `train` trains are passed through once.
pub(super) fn recomputed(
    model: &Model,
    [inputs, targets]: [Tensor<2, Int>; 2],
    share: f32,
    dropout: Dropout,
    train: &TrainConfig,
) -> Pass {
    let time = inputs.dims()[1];
    let (kept, x) = Kept::run(model, inputs, model.blocks.len(), dropout, train);
    let x = leaf(x);
    let loss = cross_entropy(model.logits(x.clone(), time), targets) * share;
    let mut of = loss.backward();
    let top = [gradients(&model.planner, &mut of), gradients(&model.norm, &mut of), gradients(&model.head, &mut of)];
    let below = kept.back(model, taken(&x, &mut of));
    Pass {
        loss: loss.inner(),
        gradients: below.into_iter().chain(top.into_iter().flatten()).collect(),
        plans: Vec::new(),
    }
}

/// What is kept of a forward pass through the first blocks.
pub(super) struct Kept<'a> {
    inputs: Tensor<2, Int>,
    /// The number, the input and the dropout of every block that is trained.
    blocks: Vec<(usize, Tensor<3>, Dropout)>,
    train: &'a TrainConfig,
}

impl<'a> Kept<'a> {
    /// Runs tokens `[batch, time]` through the first `blocks` blocks without a graph; gives the stream after them as well.
    pub fn run(
        model: &Model,
        inputs: Tensor<2, Int>,
        blocks: usize,
        mut dropout: Dropout,
        train: &'a TrainConfig,
    ) -> (Self, Tensor<3>) {
        let plain = model.valid();
        let tables = plain.tables(inputs.dims()[1]);
        let mut x = plain.embed(inputs.clone().inner());
        let mut kept = Vec::with_capacity(blocks);
        for block in 0..blocks {
            if block >= train.freeze {
                kept.push((block, x.clone(), dropout.clone()));
            }
            x = plain.through(block, x, tables.as_ref(), &mut dropout);
        }
        (Self { inputs, blocks: kept, train }, x)
    }

    /// The gradients of what is trained of the embedding and of these blocks, in their order, from that of the stream after them.
    pub fn back(self, model: &Model, mut gradient: Tensor<3>) -> Vec<Tensor<1>> {
        let tables = model.tables(self.inputs.dims()[1]);
        let mut parts = Vec::with_capacity(self.blocks.len() + 1);
        for (block, x, mut dropout) in self.blocks.into_iter().rev() {
            let x = leaf(x);
            let mut of = backward(model.through(block, x.clone(), tables.as_ref(), &mut dropout), gradient);
            parts.push(gradients(&model.blocks[block], &mut of));
            gradient = taken(&x, &mut of);
        }
        if is_trained(self.train, "embedding") {
            parts.push(gradients(&model.embedding, &mut backward(model.embed(self.inputs), gradient)));
        }
        parts.into_iter().rev().flatten().collect()
    }
}

/// A constant as the beginning of a graph.
pub(super) fn leaf(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_inner(x).require_grad()
}

/// The gradient of such a beginning.
pub(super) fn taken(x: &Tensor<3>, gradients: &mut Gradients) -> Tensor<3> {
    x.grad_remove(gradients).expect("what comes after reads the stream")
}

/// The gradients of a graph's beginnings from that of its end: Σ yᵢ gᵢ has just this gradient.
fn backward(y: Tensor<3>, gradient: Tensor<3>) -> Gradients {
    (y * Tensor::from_inner(gradient)).sum().backward()
}
