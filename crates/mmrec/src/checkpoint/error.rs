//! Why a file is refused.

use crate::config::ConfigError;
use crate::tokenizer::TokenizerError;

/// Why a file is not accepted as a checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file ends too early.
    #[error("the file is truncated: it has {actual} bytes and should have {expected}; copy or save it again")]
    Truncated {
        /// Bytes there should be, at least.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// The file is no safetensors file.
    #[error("this is not a safetensors file ({0}); choose a checkpoint that mmrec saved")]
    NotSafetensors(String),
    /// The file is a safetensors file of something else.
    #[error(
        "this safetensors file was not saved by mmrec (its metadata has no format \"mmrec\"; a program that rewrites a checkpoint must keep the metadata); choose a checkpoint that mmrec saved"
    )]
    Foreign,
    /// The file is an adapter, where a checkpoint is asked for.
    #[error(
        "this is an adapter, not a checkpoint: give it by --adapter, beside the checkpoint that it was trained for"
    )]
    IsAdapter,
    /// The file is a checkpoint, where an adapter is asked for.
    #[error(
        "this is a checkpoint, not an adapter: choose an adapter.safetensors that a run of mmrec finetune --lora saved"
    )]
    IsCheckpoint,
    /// The file was written by a newer version.
    #[error("the file has format version {found}, and this program reads versions up to {supported}; update mmrec")]
    Newer {
        /// The file's version.
        found: u32,
        /// The newest version read here.
        supported: u32,
    },
    /// The file was changed after it was written.
    #[error("the file is damaged: its checksum does not match its contents; use another copy or an earlier checkpoint")]
    Damaged,
    /// A part of the file makes no sense.
    #[error("the checkpoint's {part} cannot be read: {reason}")]
    Invalid {
        /// The part, such as "tokenizer".
        part: &'static str,
        /// Why not.
        reason: String,
    },
    /// The model's configuration is out of range.
    #[error("the checkpoint's model configuration is not valid")]
    Config(#[from] ConfigError),
    /// The tokenizer is not valid.
    #[error("the checkpoint's tokenizer is not valid")]
    Tokenizer(#[from] TokenizerError),
    /// A tensor is missing or has another shape.
    #[error("the tensor \"{name}\" should have shape {expected:?} in {dtype:?} and {found}")]
    Tensor {
        /// The tensor's name.
        name: String,
        /// The shape that the configuration asks for.
        expected: Vec<usize>,
        /// The type that it should be stored in.
        dtype: safetensors::Dtype,
        /// What was found.
        found: String,
    },
    /// A tensor holds values that no arithmetic gets over.
    #[error(
        "the tensor \"{name}\" holds a value that is infinite or no number, so the model cannot compute anything; use an earlier checkpoint"
    )]
    NotFinite {
        /// The tensor's name.
        name: String,
    },
    /// The file could not be put together.
    #[error("the checkpoint could not be written: {0}")]
    Write(String),
    /// The file could not be written to where it goes.
    #[error("the checkpoint could not be written")]
    File(#[from] std::io::Error),
}

impl CheckpointError {
    /// Whether something happened to the file, so that an older one may do instead. A file that is whole and refused holds what its
    /// writer meant: to go on without it could lose that.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::NotSafetensors(_) | Self::Damaged)
    }
}
