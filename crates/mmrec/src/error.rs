//! The crate's error: what went wrong, with its cause chained.

use crate::checkpoint::CheckpointError;
use crate::config::{ConfigError, Precision};
use crate::data::DataError;
use crate::grow::GrowError;
use crate::inspect::InspectError;
use crate::tokenizer::TokenizerError;

/// Anything that can go wrong here. Each variant's text says what happened and what to do; causes are chained as `source`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is out of range.
    #[error("the configuration is not valid")]
    Config(#[from] ConfigError),
    /// A text cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A checkpoint cannot be used.
    #[error("the checkpoint cannot be used")]
    Checkpoint(#[from] CheckpointError),
    /// A model cannot grow as asked.
    #[error("the model cannot grow like this")]
    Grow(#[from] GrowError),
    /// What was asked about a model cannot be shown.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// A checkpoint was trained on another text than the one at hand.
    #[error(
        "the checkpoint was trained on {trained:?}, and {given:?} is another text (or another tokenizer or split): resume with the text it was trained on, or start a new run"
    )]
    OtherText {
        /// The name of the text in the checkpoint.
        trained: String,
        /// The name of the text given.
        given: String,
    },
    /// A text's tokens are not those of the model.
    #[error(
        "the model has the {model}, and {text:?} was made into tokens by the {tokenizer}: make the text into tokens anew with the model's tokenizer, or train a new model on it"
    )]
    OtherTokenizer {
        /// The model's tokenizer, in words.
        model: String,
        /// The name of the text.
        text: String,
        /// The text's tokenizer, in words.
        tokenizer: String,
    },
    /// A checkpoint holds a model without the state of its training.
    #[error(
        "the checkpoint holds a model only, not the state of its training: it can write and be evaluated, but not resumed"
    )]
    NotResumable,
    /// A run with fresh weights is to train only a part of them.
    #[error(
        "freeze and lora keep weights as they are, and a new model has learned nothing to keep: begin with a checkpoint (mmrec finetune), or leave them out"
    )]
    NothingLearned,
    /// There is no such device.
    #[error("the device \"{device}\" cannot be used: {reason}")]
    Device {
        /// The device asked for.
        device: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The device lacks a type of numbers.
    #[error("this device cannot compute in {0}: train in f32 (--precision f32), or on a device that has it")]
    Precision(Precision),
    /// The device failed while at work.
    #[error("the device failed while its results were read: {0}")]
    DeviceLost(String),
    /// A GPU complained, at no particular call.
    #[error("the GPU reported an error, after which nothing it computes can be trusted: {0}")]
    DeviceFault(String),
    /// A device takes other steps than the CPU.
    #[error(
        "the device does not compute what the CPU does: in step {step} of a tiny {model} its {measure} is {found}, on the CPU {expected}"
    )]
    Unsound {
        /// The model that took the steps.
        model: String,
        /// The step, from 1.
        step: u64,
        /// What differs.
        measure: &'static str,
        /// On the device.
        found: f32,
        /// On the CPU.
        expected: f32,
    },
    /// Another device that shares the steps failed.
    #[error("{peer} failed while it computed its share of a step: {reason}")]
    Peer {
        /// Its name.
        peer: String,
        /// What happened.
        reason: String,
    },
    /// The model gives numbers that are not finite.
    #[error("the model's output is not finite (NaN or infinity): its weights are damaged; use an earlier checkpoint")]
    NotFinite,
}

/// An error with all its causes in one line, as a person should see it.
pub fn explain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
