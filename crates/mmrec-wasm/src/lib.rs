//! MM-Rec for the browser: a thin surface over `mmrec` that a Web Worker drives.
//!
//! Objects cross as plain JavaScript objects with snake_case fields. Every method that can fail throws an `Error` whose message
//! is the whole chain of causes.

mod engine;
mod faults;
mod inside;
mod learned;
mod pack;
mod rate;
mod rehearsal;
mod settings;
mod text;
#[cfg(feature = "threads")]
mod threads;

pub use engine::Engine;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

/// A Rust value as a plain JavaScript object.
fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(|error| thrown(&error))
}

/// A plain JavaScript object as a Rust value.
fn from_js<T: DeserializeOwned>(value: JsValue) -> Result<T, JsError> {
    serde_wasm_bindgen::from_value(value).map_err(|error| thrown(&error))
}

fn thrown(error: &dyn std::error::Error) -> JsError {
    JsError::new(&mmrec::explain(error))
}

fn failed(error: impl Into<mmrec::Error>) -> JsError {
    thrown(&error.into())
}
