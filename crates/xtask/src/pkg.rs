//! `cargo xtask pkg`: the npm package. What is its own is in pkg/; the Worker, its client and the modules are those of the page, and
//! the types come from them.

use std::fs;

use anyhow::{Context, Result};

use crate::node;
use crate::paths::Paths;
use crate::shell;
use crate::wasm::{self, Kit, VARIANTS};

/// Writes what pkg/package.json lists and git does not keep, beside it.
pub fn run(paths: &Paths) -> Result<()> {
    wasm::build(paths, &Kit::ready(paths)?, true)?;
    let pkg = paths.at("pkg");
    for variant in &VARIANTS {
        wasm::replace(&paths.at("web/wasm").join(variant.name), &pkg.join("wasm").join(variant.name))?;
    }
    let mut engine = shell::command(node::program());
    shell::run(engine.arg(paths.at("crates/xtask/scripts/pkg.mjs")).arg(paths.at("web")).arg(&pkg))?;
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(paths.at(license), pkg.join(license)).with_context(|| format!("cannot copy {license}"))?;
    }
    shell::run(node::script(paths, "typescript/bin/tsc").arg("--project").arg(&pkg))
        .context("cannot write the types")?;
    shell::note(&format!("the package is in {}; `npm pack ./pkg` makes an archive of it", pkg.display()));
    Ok(())
}
