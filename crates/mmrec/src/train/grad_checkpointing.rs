//! Gradient checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): forward and backward with the memory
//! of one block. Only the blocks' inputs are kept, and each block is computed once more when its gradients are taken.

use burn::module::Module;
use burn::tensor::{Int, Tensor};

use super::gradients::{Gradients, take_gradients};
use super::is_trainable;
use super::step::LossAndGrads;
use crate::config::TrainConfig;
use crate::model::{Dropout, Model};
use crate::ops::cross_entropy;

/// Loss and gradients of inputs and targets `[batch, time]`, as those of one graph over the whole model; its loss counts for
/// `loss_weight` of the step's. Blocks before the first one that `train` trains are passed through once.
pub(super) fn backprop_checkpointed(
    model: &Model,
    [inputs, targets]: [Tensor<2, Int>; 2],
    loss_weight: f32,
    dropout: Dropout,
    train: &TrainConfig,
) -> LossAndGrads {
    let time = inputs.dims()[1];
    let (saved, x) = SavedActivations::forward(model, inputs, model.blocks.len(), dropout, train);
    let x = as_leaf(x);
    let loss = cross_entropy(model.logits(x.clone(), time), targets) * loss_weight;
    let mut of = loss.backward();
    let mut gradients = take_gradients("planner", &model.planner, &mut of);
    gradients.extend(take_gradients("norm", &model.norm, &mut of));
    gradients.extend(take_gradients("head", &model.head, &mut of));
    gradients.extend(saved.backward(model, input_grad(&x, &mut of)));
    LossAndGrads { loss: loss.inner(), gradients, aux: Gradients::new() }
}

/// What is kept of a forward pass through the first blocks.
pub(super) struct SavedActivations<'a> {
    inputs: Tensor<2, Int>,
    /// The number, the input and the dropout of every block that is trained.
    blocks: Vec<(usize, Tensor<3>, Dropout)>,
    train: &'a TrainConfig,
}

impl<'a> SavedActivations<'a> {
    /// Runs tokens `[batch, time]` through the first `blocks` blocks without a graph; gives the stream after them as well.
    pub fn forward(
        model: &Model,
        inputs: Tensor<2, Int>,
        blocks: usize,
        mut dropout: Dropout,
        train: &'a TrainConfig,
    ) -> (Self, Tensor<3>) {
        let plain = model.valid();
        let tables = plain.tables(inputs.dims()[1]);
        let mut x = plain.embed(inputs.clone().inner());
        let mut saved = Vec::with_capacity(blocks);
        for block in 0..blocks {
            if block >= train.freeze {
                saved.push((block, x.clone(), dropout.clone()));
            }
            x = plain.through(block, x, tables.as_ref(), &mut dropout);
        }
        (Self { inputs, blocks: saved, train }, x)
    }

    /// The gradients of what is trained of the embedding and of these blocks, from that of the stream after them.
    pub fn backward(self, model: &Model, mut output_grad: Tensor<3>) -> Gradients {
        let tables = model.tables(self.inputs.dims()[1]);
        let mut gradients = Gradients::new();
        for (block, x, mut dropout) in self.blocks.into_iter().rev() {
            let x = as_leaf(x);
            let mut of = backward_from(model.through(block, x.clone(), tables.as_ref(), &mut dropout), output_grad);
            gradients.extend(take_gradients(&format!("blocks.{block}"), &model.blocks[block], &mut of));
            output_grad = input_grad(&x, &mut of);
        }
        if is_trainable(self.train, "embedding") {
            let mut of = backward_from(model.embed(self.inputs), output_grad);
            gradients.extend(take_gradients("embedding", &model.embedding, &mut of));
        }
        gradients
    }
}

/// A constant as the beginning of a graph.
pub(super) fn as_leaf(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_inner(x).require_grad()
}

/// The gradient of such a beginning.
pub(super) fn input_grad(x: &Tensor<3>, of: &mut burn::tensor::Gradients) -> Tensor<3> {
    x.grad_remove(of).expect("what comes after reads the stream")
}

/// The gradients of a graph's beginnings from that of its end: Σ yᵢ gᵢ has just this gradient.
fn backward_from(y: Tensor<3>, output_grad: Tensor<3>) -> burn::tensor::Gradients {
    (y * Tensor::from_inner(output_grad)).sum().backward()
}
