//! A module without a GPU, of which nothing has to be heard.

use js_sys::Function;

/// There is nothing to listen to.
pub fn listen(_listener: Option<Function>) {}
