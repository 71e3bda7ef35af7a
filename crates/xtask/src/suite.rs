//! `cargo xtask test`: every check, the cheapest first, ending at the first failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::browser::{self, Browser};
use crate::paths::{self, Paths};
use crate::wasm::{self, Kit, VARIANTS, Variant};
use crate::{debian, install, node, page, shell};

/// Seconds a module's browser tests may take: they train, on a processor that may be shared.
const BROWSER_TEST_SECONDS: &str = "1200";

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Leave out everything that needs a browser
    #[arg(long)]
    quick: bool,
}

/// Runs the checks in order.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    let start = Instant::now();
    paths.adopt(&paths.native_target, &["--release"])?;
    let browser = step("tools", || tools(paths, options))?;
    step("formatting", || shell::run(&mut paths.cargo(["fmt", "--all", "--check"])))?;
    step("types of the page's JavaScript", || types(paths))?;
    step("lints", || lints(paths))?;
    step("documentation", || documentation(paths))?;
    step("native tests", || native_tests(paths))?;
    if let Some(browser) = browser {
        in_browser(paths, &browser)?;
    }
    println!("\nall checks passed in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// One check with its heading and its time.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    shell::heading(name);
    let start = Instant::now();
    let result = work().with_context(|| format!("{name} failed"))?;
    println!("--- {name}: {:.1} s", start.elapsed().as_secs_f64());
    Ok(result)
}

fn tools(paths: &Paths, options: &Options) -> Result<Option<Browser>> {
    node::packages(paths)?;
    browser::software_vulkan()?;
    shell::note(&shell::capture(&mut paths.cargo(["--version"]))?);
    shell::note(&format!("node {}", shell::capture(shell::command(node::program()).arg("--version"))?));
    shell::note(&format!("build outputs in {}", paths.native_target.display()));
    if options.quick {
        return Ok(None);
    }
    let browser = Browser::ready()?;
    shell::note(&browser.describe());
    Ok(Some(browser))
}

fn types(paths: &Paths) -> Result<()> {
    shell::run(node::script(paths, "typescript/bin/tsc").args(["--noEmit", "--project", "web"]))
}

fn lints(paths: &Paths) -> Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--release", "--locked", "--", "-D", "warnings"];
    shell::run(&mut paths.cargo(clippy))
}

fn documentation(paths: &Paths) -> Result<()> {
    let mut doc = paths.cargo(["doc", "--workspace", "--lib", "--no-deps", "--release", "--locked"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}

fn native_tests(paths: &Paths) -> Result<()> {
    // This builds the program too, since it has tests of its own. Every failure is told, not the first test program's alone.
    let test = ["test", "--workspace", "--exclude", "mmrec-wasm", "--release", "--locked", "--no-fail-fast"];
    let mut test = paths.cargo(test);
    if paths::ci() && debian::can_install() {
        // A software adapter has been installed: there the GPU test must not be left out.
        test.env("MMREC_REQUIRE_GPU", "1");
    }
    shell::run(&mut test)
}

fn in_browser(paths: &Paths, browser: &Browser) -> Result<()> {
    let (kit, trunk) = step("tools for the browser", || Ok((Kit::ready(paths)?, install::trunk()?)))?;
    shell::note(&format!("wasm-bindgen {}, {}", kit.bindgen.version, kit.toolchain.label));
    for variant in &VARIANTS {
        // Build and test of a module follow each other: cargo keeps one output for both modules without threads.
        step(&format!("the {} module", variant.name), || wasm::build_one(paths, &kit, variant, true))?;
        if variant.threads {
            // The same code as the one-thread module's, and wasm-bindgen's runner starts no threads: the end-to-end tests do.
            continue;
        }
        step(&format!("wasm tests, {}", variant.name), || wasm_tests(paths, browser, &kit, variant))?;
    }
    step("the page", || page::build(paths, &trunk))?;
    step("end-to-end tests", || end_to_end(paths, browser))
}

fn wasm_tests(paths: &Paths, browser: &Browser, kit: &Kit, variant: &Variant) -> Result<()> {
    let webgpu = variant.name == "webgpu";
    let mut test = kit.toolchain.cargo(paths, "test", variant.threads);
    test.args(variant.arguments()).args(["--tests"]);
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", &kit.bindgen.test_runner);
    test.env("WASM_BINDGEN_TEST_ONLY_WEB", "1").env("WASM_BINDGEN_TEST_TIMEOUT", BROWSER_TEST_SECONDS);
    test.envs(browser.runner_environment(paths, webgpu)?);
    shell::run(&mut test)
}

fn end_to_end(paths: &Paths, browser: &Browser) -> Result<()> {
    let tests = end_to_end_files(paths)?;
    let mut test = shell::command(node::program());
    // One after the other: each trains in a browser of its own and expects to have the processor.
    test.args(["--test", "--test-concurrency=1"]).args(&tests).current_dir(&paths.root);
    test.env("MMREC_BIN", paths.native_binary()).env("DIST_DIR", paths.at("dist"));
    test.env("CHROME_PATH", &browser.browser).env("CHROMEDRIVER", &browser.driver);
    // Without it its test says that it was left out.
    test.env("FIREFOX_PATH", browser.firefox.as_deref().unwrap_or(Path::new("")));
    shell::run(&mut test)
}

fn end_to_end_files(paths: &Paths) -> Result<Vec<PathBuf>> {
    let dir = paths.at("tests/e2e");
    let entries = fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut tests: Vec<PathBuf> = files.filter(|file| file.to_string_lossy().ends_with(".test.mjs")).collect();
    ensure!(!tests.is_empty(), "{} holds no *.test.mjs", dir.display());
    tests.sort();
    Ok(tests)
}
