//! A block of either kind.

use burn::module::Module;

use super::{AttentionBlock, MemoryBlock};

/// One block of a model; all blocks of a model are of one kind.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "blocks are few, and the framework's modules are not boxed")]
pub enum Block {
    /// Of an MM-Rec.
    Memory(MemoryBlock),
    /// Of a GPT.
    Attention(AttentionBlock),
}

impl Block {
    /// The block, if it has memories.
    pub fn memory(&self) -> Option<&MemoryBlock> {
        match self {
            Self::Memory(block) => Some(block),
            Self::Attention(_) => None,
        }
    }

    /// The block, if it has attention instead.
    pub fn attention(&self) -> Option<&AttentionBlock> {
        match self {
            Self::Attention(block) => Some(block),
            Self::Memory(_) => None,
        }
    }
}
