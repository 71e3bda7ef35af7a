//! Cargo-installed tools: wasm-bindgen-cli and trunk.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::paths::{self, Paths};
use crate::shell;

/// The last release that builds with the toolchain of rust-toolchain.toml.
const TRUNK_VERSION: &str = "0.21.14";

/// These programs run for seconds; in their own profiles one of them is optimised as a whole, which takes minutes.
const QUICKLY_COMPILED: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
];

/// wasm-bindgen's version in Cargo.lock. The library, what binds a module to JavaScript and what runs its tests are of one version.
pub fn bindgen_version(paths: &Paths) -> Result<String> {
    locked_version(paths, "wasm-bindgen")
}

/// Finds or installs what runs `#[wasm_bindgen_test]`s in a browser, a program of wasm-bindgen-cli.
pub fn test_runner(paths: &Paths, version: &str) -> Result<PathBuf> {
    if let Some(found) = shell::which("wasm-bindgen").and_then(|file| test_runner_in(file.parent()?, version)) {
        return Ok(found);
    }
    let home = paths.cache.join("tools").join(format!("wasm-bindgen-{version}"));
    if test_runner_in(&home.join("bin"), version).is_none() {
        cargo_install("wasm-bindgen-cli", version, Some(&home))?;
    }
    let missing = || format!("{} lacks wasm-bindgen {version} after its installation", home.display());
    test_runner_in(&home.join("bin"), version).with_context(missing)
}

/// Finds trunk, or installs it where cargo puts programs.
pub fn trunk() -> Result<PathBuf> {
    let cargo_bin = || {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| env::home_dir().map(|dir| dir.join(".cargo")))?;
        Some(home.join("bin").join(if cfg!(windows) { "trunk.exe" } else { "trunk" }))
    };
    let find = || shell::which("trunk").or_else(|| cargo_bin().filter(|file| file.is_file()));
    if let Some(found) = find() {
        return Ok(found);
    }
    cargo_install("trunk", TRUNK_VERSION, None)?;
    find().context("trunk is not found after its installation: is cargo's bin folder on the search path?")
}

fn test_runner_in(dir: &Path, version: &str) -> Option<PathBuf> {
    let file = |name: &str| dir.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let answer = shell::capture(shell::command(file("wasm-bindgen")).arg("--version")).ok()?;
    let equal = answer.split_whitespace().any(|word| word == version);
    Some(file("wasm-bindgen-test-runner")).filter(|runner| equal && runner.is_file())
}

/// Installs a program with its own lock file, or without where that lock file cannot be satisfied (a dependency it
/// names may have been yanked or be missing from a mirror).
fn cargo_install(package: &str, version: &str, home: Option<&Path>) -> Result<()> {
    shell::note(&format!("installing {package} {version} (some minutes, once)"));
    let install = |locked: bool| {
        let mut command = shell::command(paths::cargo());
        command.args(["install", package, "--version", version]);
        command.args(home.map(|_| "--root")).args(home);
        command.args(locked.then_some("--locked")).env_remove("CARGO_TARGET_DIR");
        command.envs(QUICKLY_COMPILED);
        command
    };
    shell::run_unless_refused(&mut install(true)).or_else(|error| {
        shell::note(
            "not with the dependencies that it was released with; the newest that fit are taken in their place",
        );
        shell::run(&mut install(false)).map_err(|second| second.context(error))
    })
}

/// A package's version in Cargo.lock.
fn locked_version(paths: &Paths, package: &str) -> Result<String> {
    let lock = fs::read_to_string(paths.at("Cargo.lock")).context("cannot read Cargo.lock")?;
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    match version {
        Some(version) => Ok(version.to_owned()),
        None => bail!("Cargo.lock does not list {package}"),
    }
}
