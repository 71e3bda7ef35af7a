//! The rehearsal before a GPU may train: one module takes the steps on the CPU, the GPU's takes them as well and compares.

use js_sys::Function;
use mmrec::driver::{Rehearsed, compare, rehearse};
use wasm_bindgen::prelude::*;

use crate::text::Progress;
use crate::{Engine, failed, from_js, to_js};

#[wasm_bindgen]
impl Engine {
    /// Takes the first steps of tiny models and returns what was measured.
    pub async fn rehearse(&self) -> Result<JsValue, JsError> {
        to_js(&rehearse(&self.device, |_, _| ()).await.map_err(failed)?)
    }

    /// Takes them as well and throws where something else is measured than `expected`, that of the CPU. `progress`, if there is
    /// one, is called with the share that is done, 0 to 1.
    pub async fn check(&self, expected: JsValue, progress: Option<Function>) -> Result<(), JsError> {
        let expected: Vec<Rehearsed> = from_js(expected)?;
        let mut progress = Progress::new(progress);
        let found = rehearse(&self.device, |done, total| progress.at(done as f64 / total as f64)).await;
        compare(&found.map_err(failed)?, &expected).map_err(failed)
    }
}
