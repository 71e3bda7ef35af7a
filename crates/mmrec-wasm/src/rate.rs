//! Finding a learning rate, one trial at a time: between two the page may do anything, and stop. The run is left as it is.

use mmrec::driver::RateFinder;
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::settings::Settings;
use crate::{Engine, failed, from_js, to_js};

/// One trial, and what all so far say.
#[derive(Serialize)]
struct Tried {
    rate: f64,
    loss: f64,
    /// The rate that is suggested as yet, if there is one.
    suggestion: Option<f64>,
}

#[wasm_bindgen]
impl Engine {
    /// Begins to look for a learning rate for these settings on the prepared text; returns what is tried at most.
    pub fn find_rate(&mut self, settings: JsValue) -> Result<JsValue, JsError> {
        self.finder = None;
        let settings: Settings = from_js(settings)?;
        let data = self.prepared()?;
        let vocabulary = data.tokenizer.vocab();
        let finder = RateFinder::new(&settings.model(vocabulary), &settings.train, data, &self.device);
        self.finder = Some(finder.map_err(failed)?);
        to_js(&RateFinder::PLAN)
    }

    /// Tries the next rate; `undefined` when all that is worth trying was tried.
    pub async fn try_rate(&mut self) -> Result<JsValue, JsError> {
        let Some(finder) = &mut self.finder else { return Ok(JsValue::UNDEFINED) };
        match finder.advance().await.map_err(failed)? {
            Some(trial) => to_js(&Tried { rate: trial.rate, loss: trial.loss, suggestion: finder.suggestion() }),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// Forgets the trials and their model.
    pub fn end_rate(&mut self) {
        self.finder = None;
    }
}
