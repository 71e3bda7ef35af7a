//! Looking inside the loaded model. What was read last is kept, with the model as it was then, until it is ended or another model
//! is loaded.

use mmrec::inspect::Inspection;
use wasm_bindgen::prelude::*;

use crate::engine::{Engine, Run};
use crate::{failed, to_js};

#[wasm_bindgen]
impl Engine {
    /// Reads a text with the model as it is now, and returns what it expected at every token.
    pub async fn inspect_text(&mut self, text: String) -> Result<JsValue, JsError> {
        self.inspection = None;
        let inspection = match self.loaded()? {
            Run::Session(session) => session.inspect(&text).await,
            Run::Model { tokenizer, model, .. } => Inspection::new(model, tokenizer, &text).await,
        };
        to_js(self.inspection.insert(inspection.map_err(failed)?).reading())
    }

    /// The gates of one layer over that text.
    pub fn gates(&self, layer: usize) -> Result<JsValue, JsError> {
        to_js(&self.inspected()?.gates(layer).map_err(failed)?)
    }

    /// Both memories of one layer at one token of it.
    pub async fn look(&self, layer: usize, token: usize) -> Result<JsValue, JsError> {
        to_js(&self.inspected()?.look(layer, token).await.map_err(failed)?)
    }

    /// The loss over it with one part of the model switched off, by its number among the parts of what `inspect_text` returned.
    pub async fn ablate(&self, part: usize) -> Result<JsValue, JsError> {
        let inspection = self.inspected()?;
        let parts = &inspection.reading().parts;
        let part = parts.get(part).ok_or_else(|| JsError::new("there is no such part to switch off in this text"))?;
        to_js(&inspection.without(*part).await.map_err(failed)?)
    }

    /// Forgets it, and the model as it was then.
    pub fn end_inspection(&mut self) {
        self.inspection = None;
    }
}

impl Engine {
    fn inspected(&self) -> Result<&Inspection, JsError> {
        self.inspection.as_ref().ok_or_else(|| JsError::new("no text is being looked at: choose one first"))
    }
}
