//! A model in fewer bits, to be given away, and how much worse it predicts for it.

use mmrec::checkpoint::{Checkpoint, Packing};
use mmrec::config::{ConfigError, TrainConfig};
use mmrec::data::Tokens;
use mmrec::train::Comparison;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Engine, failed, to_js};

/// Windows that a model is compared on where its file does not say what it was evaluated on.
const WINDOWS: usize = 32;
const CONTEXT: usize = 128;
/// Windows read at a time, so that nobody waits long.
const PIECE: usize = 4;

/// Where a comparison stands.
#[derive(Serialize)]
struct Compared {
    done: usize,
    total: usize,
    /// Before and after, once all is read.
    losses: Option<[f32; 2]>,
}

#[wasm_bindgen]
impl Engine {
    /// The model of a checkpoint as a file whose weights are in "f16" or "int8". Begins to compare the two on what is held back of
    /// the prepared text, if there is one.
    pub fn pack(&mut self, bytes: &[u8], packing: &str) -> Result<Vec<u8>, JsError> {
        let checkpoint = Checkpoint::from_bytes(bytes).map_err(failed)?;
        let packing: Packing = packing.parse().map_err(|error: ConfigError| failed(error))?;
        let packed = checkpoint.pack(packing).map_err(failed)?;
        let after = Checkpoint::from_bytes(&packed).map_err(failed)?;
        let held_back = self.prepared().ok().map(|data| self.text_parts(&data).1);
        self.comparison = held_back.map(|text| {
            let models = [&checkpoint, &after].map(|checkpoint| checkpoint.build_model(&self.device));
            let tokens = Tokens::from_vec(checkpoint.tokenizer.encode(text));
            let (context, windows) = shape(checkpoint.progress.as_ref().map(|progress| &progress.train));
            Comparison::new(models, tokens, context, windows)
        });
        Ok(packed)
    }

    /// Goes on with the comparison.
    pub async fn compare(&mut self) -> Result<JsValue, JsError> {
        let Some(comparison) = &mut self.comparison else {
            return to_js(&Compared { done: 0, total: 0, losses: None });
        };
        comparison.advance(PIECE).await.map_err(failed)?;
        let ((done, total), losses) = (comparison.progress(), comparison.losses());
        if done == total {
            self.comparison = None;
        }
        to_js(&Compared { done, total, losses })
    }
}

/// Length and number of windows: as the run was evaluated, so that its last loss comes out again.
fn shape(train: Option<&TrainConfig>) -> (usize, usize) {
    train.map_or((CONTEXT, WINDOWS), |train| (train.context, train.eval_windows))
}
