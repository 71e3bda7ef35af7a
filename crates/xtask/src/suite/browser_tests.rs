//! Tests in a browser: of the WebAssembly modules, and of the page from end to end.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::report::Report;
use super::{Options, Part, native, tally};
use crate::browser::Browser;
use crate::install;
use crate::paths::Paths;
use crate::wasm::{self, Kit, VARIANTS, Variant};
use crate::{node, page, shell};

/// Seconds a module's browser tests may take: they train, on a processor that may be shared.
const MODULE_TEST_SECONDS: &str = "1200";

/// Builds what the parts need, and runs them.
pub fn run(paths: &Paths, report: &mut Report, options: &Options, browser: &Browser) {
    let tools = || Kit::ready(paths).and_then(|kit| Ok((kit.test_runner(paths)?, kit)));
    let Some((runner, kit)) = report.step("tools for the browser", tools) else {
        return report.leave_out("the tests in a browser", "the tools for it are not complete");
    };
    shell::note(&format!("wasm-bindgen {}, {}", kit.bindgen_version, kit.toolchain.label));
    let asked = options.name.as_deref();
    let (mut built, mut passed) = (true, Some(0));
    for variant in &VARIANTS {
        // Build and test of a module follow each other: cargo keeps one output for both modules without threads.
        let module = format!("the {} module", variant.name);
        let module = !options.has(Part::Browser)
            || report.step(&module, || wasm::build_one(paths, &kit, variant, true)).is_some();
        built &= module;
        // With threads it is the same code, and wasm-bindgen's runner starts none: the end-to-end tests do.
        if options.has(Part::Wasm) && !variant.threads {
            let name = format!("wasm tests, {}", variant.name);
            let tests = || module_tests(paths, browser, (&kit, &runner), variant, asked);
            let more = report.step_after(module, &name, "the module was not built", tests);
            passed = passed.zip(more).map(|(passed, more)| passed + more);
        }
    }
    if options.has(Part::Wasm) && asked.is_some() && passed == Some(0) {
        report.step("wasm tests", || tally::ensure_any(0, asked));
    }
    if options.has(Part::Browser) {
        end_to_end(paths, report, asked, browser, built);
    }
}

fn module_tests(
    paths: &Paths,
    browser: &Browser,
    (kit, runner): (&Kit, &Path),
    variant: &Variant,
    asked: Option<&str>,
) -> Result<usize> {
    let webgpu = variant.name == "webgpu";
    let mut test = kit.toolchain.cargo(paths, "test", variant.threads);
    test.args(variant.arguments()).arg("--tests").args(asked);
    test.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner);
    test.env("WASM_BINDGEN_TEST_ONLY_WEB", "1").env("WASM_BINDGEN_TEST_TIMEOUT", MODULE_TEST_SECONDS);
    test.envs(browser.runner_environment(paths, webgpu)?);
    tally::run(&mut test)
}

/// The page from the modules, the program for what the two have in common, and the tests of both.
fn end_to_end(paths: &Paths, report: &mut Report, asked: Option<&str>, browser: &Browser, modules: bool) {
    let page = || page::build(paths, &install::trunk()?);
    let page = report.step_after(modules, "the page", "a module was not built", page).is_some();
    let program = report.step("the program", || native::program(paths)).is_some();
    let tests = || end_to_end_tests(paths, asked, browser);
    report.step_after(page && program, "end-to-end tests", "the page or the program was not built", tests);
}

fn end_to_end_tests(paths: &Paths, asked: Option<&str>, browser: &Browser) -> Result<()> {
    let (files, pattern) = chosen(end_to_end_files(paths)?, asked)?;
    let mut test = shell::command(node::program());
    // One after the other: each trains in a browser of its own and expects to have the processor.
    test.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]).current_dir(&paths.root);
    test.args(pattern.map(|words| format!("--test-name-pattern={words}"))).args(&files);
    test.env("MMREC_BIN", paths.native_binary()).env("DIST_DIR", paths.at("dist"));
    test.env("CHROME_PATH", &browser.browser).env("CHROMEDRIVER", &browser.driver);
    // Without it its test says that it was left out.
    test.env("FIREFOX_PATH", browser.firefox.as_deref().unwrap_or(Path::new("")));
    tally::ensure_any(tally::run(&mut test)?, asked)
}

/// The files to run and, where not all of their tests are asked for, words of the names of those that are.
fn chosen(files: Vec<PathBuf>, asked: Option<&str>) -> Result<(Vec<PathBuf>, Option<&str>)> {
    let Some(name) = asked else { return Ok((files, None)) };
    let named = |file: &&PathBuf| file.file_name().is_some_and(|file| file == format!("{name}.test.mjs").as_str());
    if let Some(file) = files.iter().find(named) {
        return Ok((vec![file.clone()], None));
    }
    let mut with = Vec::new();
    for file in &files {
        if fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?.contains(name) {
            with.push(file.clone());
        }
    }
    // Where no file has the words, they may be put together from parts.
    Ok((if with.is_empty() { files } else { with }, asked))
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
