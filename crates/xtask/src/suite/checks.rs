//! What is checked without running anything of ours.

use anyhow::{Context, Result};

use super::report::Report;
use crate::paths::Paths;
use crate::{node, shell};

/// Folders with JavaScript, each with the project that says how it is checked.
const JAVASCRIPT: [&str; 2] = ["web", "tests/e2e"];

/// Choices of the program's features that nothing else here builds. Each is checked by itself, since features of one add to another's.
const FEATURES: [&str; 2] = ["", "wgpu"];
/// Those for GPUs of one kind, which can be compiled on any machine.
const OF_ONE_GPU: &str = "vulkan,metal,cuda";

/// Formatting, types, lints, features, documentation.
pub fn run(paths: &Paths, report: &mut Report, has_packages: bool) {
    report.step("formatting", || shell::run(&mut paths.cargo(["fmt", "--all", "--check"])));
    report.step_after(has_packages, "types of the JavaScript", "the tools are not complete", || types(paths));
    report.step("lints", || lints(paths));
    report.step("features", || features(paths));
    report.step("documentation", || documentation(paths));
}

fn types(paths: &Paths) -> Result<()> {
    let check = |project| {
        let mut tsc = node::script(paths, "typescript/bin/tsc");
        shell::run(tsc.args(["--noEmit", "--project", project])).with_context(|| format!("in {project}"))
    };
    JAVASCRIPT.into_iter().try_for_each(check)
}

fn lints(paths: &Paths) -> Result<()> {
    let mut clippy = paths.cargo(["clippy", "--workspace", "--all-targets", "--release", "--locked"]);
    shell::run(clippy.args(["--features", "mmrec-cli/workers", "--", "-D", "warnings"]))
}

fn features(paths: &Paths) -> Result<()> {
    let check = |features| {
        let mut clippy = paths.cargo(["clippy", "--package", "mmrec-cli", "--release", "--locked"]);
        clippy.args(["--no-default-features", "--features", features, "--", "-D", "warnings"]);
        clippy
    };
    FEATURES.into_iter().try_for_each(|features| shell::run(&mut check(features)))?;
    // As on docs.rs: CUDA's compiler is not fetched, which only linking needs.
    shell::run(check(OF_ONE_GPU).env("DOCS_RS", "1"))
}

fn documentation(paths: &Paths) -> Result<()> {
    let mut doc = paths.cargo(["doc", "--workspace", "--lib", "--no-deps", "--release", "--locked"]);
    shell::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
}
