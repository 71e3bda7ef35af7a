//! `mmrec-bindgen MODULE FOLDER`: makes of a compiled module one that JavaScript can import, as `wasm-bindgen --target web` does.
//!
//! That program brings a web server and TLS with it, for its tests, and takes minutes to compile; what is needed of it half a minute.

use std::env;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let mut next = |name: &str| arguments.next().with_context(|| format!("no {name} is given"));
    let (module, folder) = (next("module")?, next("folder")?);
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).web(true)?.typescript(true).omit_default_module_path(false);
    bindgen.generate(folder)
}
