//! `cargo xtask pkg`: the npm package, from the same modules the page uses.

use std::fs;

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::shell;
use crate::wasm::{self, Kit, VARIANTS};

/// What `import "mmrec"` gives: the modules by name, each fetched when it is asked for.
const INDEX: &str = r#"/** The builds of the engine; each is fetched when it is first asked for. */
export const modules = {
  cpu: () => import("./cpu/mmrec_wasm.js"),
  threads: () => import("./threads/mmrec_wasm.js"),
  webgpu: () => import("./webgpu/mmrec_wasm.js"),
};

/**
 * Loads a build, initialises it and returns its exports (`Engine` among them). "threads" is the CPU on all cores: in a worker of a
 * page that is cross-origin isolated.
 */
export async function load(build = "cpu") {
  const find = modules[build];
  if (!find) throw new Error(`unknown build "${build}": use "cpu", "threads" or "webgpu"`);
  const module = await find();
  await module.default();
  if (build === "threads") await module.initThreadPool(navigator.hardwareConcurrency);
  return module;
}
"#;

const TYPES: &str = r#"export declare const modules: {
  cpu(): Promise<typeof import("./cpu/mmrec_wasm.js")>;
  threads(): Promise<typeof import("./threads/mmrec_wasm.js")>;
  webgpu(): Promise<typeof import("./webgpu/mmrec_wasm.js")>;
};
/** Loads a build, initialises it and returns its exports (`Engine` among them). */
export declare function load(build?: "cpu"): Promise<typeof import("./cpu/mmrec_wasm.js")>;
export declare function load(build: "threads"): Promise<typeof import("./threads/mmrec_wasm.js")>;
export declare function load(build: "webgpu"): Promise<typeof import("./webgpu/mmrec_wasm.js")>;
"#;

/// Writes everything that pkg/package.json lists, beside it.
pub fn run(paths: &Paths) -> Result<()> {
    wasm::build(paths, &Kit::ready(paths)?, true)?;
    let pkg = paths.at("pkg");
    for variant in &VARIANTS {
        wasm::replace(&paths.at("web/wasm").join(variant.name), &pkg.join(variant.name))?;
    }
    for license in ["LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(paths.at(license), pkg.join(license)).with_context(|| format!("cannot copy {license}"))?;
    }
    fs::write(pkg.join("index.js"), INDEX).context("cannot write pkg/index.js")?;
    fs::write(pkg.join("index.d.ts"), TYPES).context("cannot write pkg/index.d.ts")?;
    shell::note(&format!("the package is in {}; `npm pack ./pkg` makes an archive of it", pkg.display()));
    Ok(())
}
