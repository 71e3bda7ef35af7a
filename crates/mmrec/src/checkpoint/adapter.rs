//! An adapter on the host: the factors by which a fine-tuned model differs from its base.

use super::Stored;
use crate::config::{AdapterConfig, ModelConfig};
use crate::model::{Model, adapted_weight};
use crate::platform;

/// What low-rank fine-tuning learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    /// Which matrices are adapted, and how.
    pub config: AdapterConfig,
    /// A and B of one matrix after the other, in the order of [`adapter_specs`](crate::model::adapter_specs).
    pub factors: Vec<Stored>,
}

/// Why an adapter cannot be used with a model.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// It was trained for another base.
    #[error(
        "it was trained for a model of {made_for} and this one is {given}: give the checkpoint that it was trained for, or fine-tune this one by mmrec finetune --lora"
    )]
    OtherBase {
        /// The adapter's base, in words.
        made_for: String,
        /// The model at hand, in words.
        given: String,
    },
    /// It was trained for a model with another tokenizer.
    #[error(
        "it was trained for a model with the {made_for}, and this one has another, the {given}: give the checkpoint that it was trained for"
    )]
    OtherTokenizer {
        /// The tokenizer of the adapter's base, in words.
        made_for: String,
        /// The tokenizer of the model at hand, in words.
        given: String,
    },
    /// The model has an adapter already.
    #[error(
        "the checkpoint is one of a run that trains an adapter, and has it in it: leave --adapter out, or give the checkpoint that the run began with"
    )]
    Adapted,
}

impl Adapter {
    /// The model with this adapter attached.
    pub(super) fn attach(&self, model: Model, config: &ModelConfig) -> Model {
        let mut factors = self.factors.iter();
        model.with_adapters(config, &self.config, |_| {
            factors.next().map(|factor| factor.values.clone()).unwrap_or_default()
        })
    }

    /// Adds `share` of what the adapter adds to the matrices among `weights`.
    pub(super) fn add_to(&self, weights: &mut [Stored], share: f32) {
        let scale = share * self.config.scale() as f32;
        for factors in self.factors.chunks_exact(2) {
            let matrix = weights.iter_mut().find(|weight| adapted_weight(&factors[0].name) == Some(&*weight.name));
            if let Some(matrix) = matrix {
                add_product(matrix, [&factors[0].values, &factors[1].values], scale);
            }
        }
    }
}

/// W += scale · A · B, row by row; shapes `[inputs, outputs]`, `[inputs, rank]` and `[rank, outputs]`.
fn add_product(matrix: &mut Stored, [a, b]: [&[f32]; 2], scale: f32) {
    let [inputs, outputs] = matrix.shape[..] else { return };
    let rank = a.len() / inputs;
    platform::map_chunks(&mut matrix.values, outputs, |index, row| {
        for (factor, from) in a[index * rank..][..rank].iter().zip(b.chunks_exact(outputs)) {
            row.iter_mut().zip(from).for_each(|(value, from)| *value += scale * factor * from);
        }
    });
}
