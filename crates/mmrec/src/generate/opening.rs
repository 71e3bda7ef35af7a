//! What a text begins like that is given nothing to begin with.

use burn::tensor::Tensor;

use super::generator::row;
use crate::Error;
use crate::config::ModelConfig;
use crate::data::DOCUMENT_END;
use crate::model::{Model, State};
use crate::platform::read;
use crate::tokenizer::Tokenizer;

/// Bytes that UTF-8 has no use for, so that no model was ever shown one.
const IMPOSSIBLE: [usize; 13] = [0xC0, 0xC1, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF];
/// Where a document may end, one way or another.
const PLACES: [&str; 3] = ["\n", ".", "e"];
/// How many nats likelier than an impossible byte the end of a document must be somewhere, to be one that was learned.
const MARGIN: f32 = 3.0;

/// A text begins as after the end of a document, where the model knows documents; else like a new line.
///
/// The characters of a text tell whether there were documents. Byte tokens do not: there the model must find an end likelier than
/// what never was.
pub(super) async fn opening(model: &Model, config: &ModelConfig, tokenizer: &Tokenizer) -> Result<Vec<u16>, Error> {
    let knows = match tokenizer {
        Tokenizer::Char(_) => tokenizer.unknown(DOCUMENT_END.encode_utf8(&mut [0; 4])).is_empty(),
        Tokenizer::Byte | Tokenizer::Bpe(_) => {
            let after = |place: &&str| follows(model, config, &tokenizer.encode(place));
            let found = read(PLACES.iter().map(after).collect()).await?;
            found.iter().any(|logits| is_learned(logits))
        }
    };
    Ok(tokenizer.encode(if knows { "\0" } else { "\n" }))
}

/// The logits of what follows some tokens.
fn follows(model: &Model, config: &ModelConfig, ids: &[u16]) -> Tensor<1> {
    row(model.prefill(model.ids(ids), &mut State::new(config)))
}

fn is_learned(logits: &[f32]) -> bool {
    let never = IMPOSSIBLE.iter().map(|byte| logits[*byte]).fold(f32::NEG_INFINITY, f32::max);
    logits[DOCUMENT_END as usize] > never + MARGIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_as_unlikely_as_the_impossible_was_never_learned() {
        let mut logits = vec![0.0; 300];
        assert!(!is_learned(&logits));
        logits[0] = 4.0;
        assert!(is_learned(&logits));
        logits[0xFE] = 2.0;
        assert!(!is_learned(&logits));
    }
}
