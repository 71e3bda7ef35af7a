//! What has been learned: figures of the text itself to hold a loss against, and what a written text shows.

use mmrec::data::{Entropies, entropies};
use mmrec::evidence::{Evidence, evidence};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::{Engine, to_js};

/// What a model of the prepared text is measured by.
#[derive(Serialize)]
struct Yardsticks {
    entropies: Option<Entropies>,
    /// What the text's own held-back part shows: as good as writing can be.
    held_back: Evidence,
}

#[wasm_bindgen]
impl Engine {
    /// How well counting predicts the validation part, and what its beginning shows of the training part.
    pub fn yardsticks(&self) -> Result<JsValue, JsError> {
        let data = self.prepared()?;
        let (training, held_back) = self.text_parts(&data);
        to_js(&Yardsticks { entropies: entropies(&data)?, held_back: evidence(held_back, training) })
    }

    /// What a text shows that a model of the prepared text wrote.
    pub fn evidence(&self, written: &str) -> Result<JsValue, JsError> {
        let data = self.prepared()?;
        to_js(&evidence(written, self.text_parts(&data).0))
    }
}
