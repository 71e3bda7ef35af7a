//! Whether a model can grow as asked.

use super::{GrowError, Target};
use crate::checkpoint::Checkpoint;
use crate::config::ModelConfig;

/// Refuses what is not a growth of `from`.
pub(super) fn check(from: &Checkpoint, target: &Target) -> Result<(), GrowError> {
    let new = &target.model;
    new.validate()?;
    if target.tokenizer.vocab() != new.vocab {
        return Err(GrowError::Vocabulary { vocab: new.vocab, tokens: target.tokenizer.vocab() });
    }
    if !target.tokenizer.extends(&from.tokenizer) {
        let (from, to) = (from.tokenizer.to_string(), target.tokenizer.to_string());
        return Err(GrowError::Tokenizer { from, to });
    }
    check_sizes(&from.model, new)
}

/// Refuses sizes that a model of the sizes `old` cannot grow into.
///
/// # Errors
/// [`GrowError`], if `new` is not larger in some size and at least as large in all.
pub fn check_sizes(old: &ModelConfig, new: &ModelConfig) -> Result<(), GrowError> {
    if old.is_gpt() || new.is_gpt() {
        return Err(GrowError::Gpt);
    }
    kept(old, new)?;
    grown(old, new)?;
    let sizes = ModelConfig { dropout: old.dropout, ..new.clone() };
    if sizes == *old { Err(GrowError::Nothing) } else { Ok(()) }
}

/// The sizes of the hierarchy's geometry, which slots of a text of any length depend on, and the form of the gates.
fn kept(old: &ModelConfig, new: &ModelConfig) -> Result<(), GrowError> {
    let sizes = [
        ("block", old.chunk, new.chunk),
        ("slots", old.slots, new.slots),
        ("fan_in", old.merge_factor, new.merge_factor),
    ];
    // Columns of the fused projection and a projection of low rank are different functions.
    let gates = (old.gate_rank == 0).then_some(("gate_rank", 0, new.gate_rank));
    match sizes.into_iter().chain(gates).find(|(_, from, to)| from != to) {
        Some((field, from, to)) => Err(GrowError::Differs { field, from, to }),
        None => Ok(()),
    }
}

fn grown(old: &ModelConfig, new: &ModelConfig) -> Result<(), GrowError> {
    let sizes = [
        ("vocab", old.vocab, new.vocab),
        ("width", old.width, new.width),
        ("layers", old.layers, new.layers),
        ("heads", old.heads, new.heads),
        ("levels", old.levels, new.levels),
        ("feed_forward", old.feed_forward, new.feed_forward),
        ("gate_rank", old.gate_rank, new.gate_rank),
    ];
    if let Some((field, from, to)) = sizes.into_iter().find(|(_, from, to)| from > to) {
        return Err(GrowError::Smaller { field, from, to });
    }
    let (from, to) = (old.head_width(), new.head_width());
    // A rotary pair keeps its speed only where the new pairs' speeds are a refinement of the old ones'.
    if to.is_multiple_of(from) { Ok(()) } else { Err(GrowError::HeadWidth { from, to }) }
}
