//! Where things are: the checkout, the cache, and the target directories.
//!
//! Build outputs and tools go to a cache outside the checkout, so that a fresh clone (or CI's) does not start from
//! nothing. The page's modules have a target directory of their own: they may be built by another compiler.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::shell;

/// The workspace members, whose artefacts cargo keys by name and not by checkout.
const MEMBERS: [&str; 4] = ["mmrec", "mmrec-ops", "mmrec-wasm", "mmrec-cli"];

/// What runs on this machine, with all that is optional in it. Every command names the same: with other features cargo would compile
/// once more what the packages have in common.
pub const NATIVE: [&str; 8] = [
    "--workspace",
    "--exclude",
    "mmrec-bindgen",
    "--exclude",
    "mmrec-wasm",
    "--features",
    "mmrec-cli/workers",
    "--locked",
];

/// The places every command works with.
pub struct Paths {
    /// The checkout.
    pub root: PathBuf,
    /// Tools, optimised modules and (by default) target directories.
    pub cache: PathBuf,
    /// `CARGO_TARGET_DIR` of native builds.
    pub native_target: PathBuf,
}

impl Paths {
    /// Finds the checkout this runs in and the cache of this account.
    pub fn find() -> Result<Self> {
        let root = root()?;
        let cache = cache()?;
        fs::create_dir_all(&cache).with_context(|| format!("cannot create the cache directory {}", cache.display()))?;
        let given = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty() && !ci());
        let native_target = given.map_or_else(|| cache.join("target-native"), |dir| root.join(dir));
        Ok(Self { root, cache, native_target })
    }

    /// `cargo` for native work: in the checkout, with the native target directory.
    pub fn cargo<const N: usize>(&self, arguments: [&str; N]) -> Command {
        let mut command = shell::command(cargo());
        command.args(arguments).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.native_target);
        command
    }

    /// The native program, once it is built.
    pub fn native_binary(&self) -> PathBuf {
        self.built("release", "mmrec")
    }

    /// A program of this project's, once it is built with a profile.
    pub fn built(&self, profile: &str, name: &str) -> PathBuf {
        self.native_target.join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// `CARGO_TARGET_DIR` of wasm builds; modules with threads have flags of their own, under which everything is built anew.
    pub fn wasm_target(&self, threads: bool) -> PathBuf {
        self.cache.join(if threads { "target-wasm-threads" } else { "target-wasm" })
    }

    /// A file or folder of the checkout.
    pub fn at(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// Makes a target directory this checkout's own.
    ///
    /// Cargo takes a member's artefact for fresh when its sources are older, even if it came from another checkout that
    /// shares the directory. So the members' artefacts (not the dependencies') are dropped when the checkout changes;
    /// `build` says which build's, in cargo's words.
    pub fn adopt(&self, target: &Path, build: &[&str]) -> Result<()> {
        let stamp = target.join(".mmrec-checkout");
        let owner = self.root.to_string_lossy();
        match fs::read_to_string(&stamp) {
            Ok(known) if known == owner => return Ok(()),
            Ok(_) => {
                let members = MEMBERS.iter().flat_map(|name| ["--package", name]);
                let mut clean = self.cargo(["clean", "--quiet"]);
                clean.args(build).args(members).env("CARGO_TARGET_DIR", target);
                shell::run(&mut clean)?;
            }
            Err(_) => fs::create_dir_all(target)?,
        }
        fs::write(&stamp, owner.as_bytes()).with_context(|| format!("cannot write {}", stamp.display()))
    }
}

/// Whether this is a continuous-integration run.
pub fn ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Cargo: rustup's, which follows rust-toolchain.toml; where it is not on the search path, the one that runs this program.
pub fn cargo() -> PathBuf {
    let running = || env::var_os("CARGO").map(PathBuf::from);
    let found = shell::which("cargo").is_some();
    if found { None } else { running() }.unwrap_or_else(|| PathBuf::from("cargo"))
}

/// The checkout: cargo names this package's folder; otherwise look upwards from here.
fn root() -> Result<PathBuf> {
    let start = match env::var_os("CARGO_MANIFEST_DIR") {
        Some(manifest) => PathBuf::from(manifest),
        None => env::current_dir()?,
    };
    let root = start.ancestors().find(|dir| dir.join("Cargo.lock").is_file() && dir.join("crates/xtask").is_dir());
    let root = root.with_context(|| format!("{} is not inside the mmrec checkout", start.display()))?;
    Ok(root.to_path_buf())
}

/// `MMREC_CACHE`, or the platform's cache folder.
fn cache() -> Result<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(dir) = variable("MMREC_CACHE") {
        ensure!(dir.is_absolute(), "MMREC_CACHE must be an absolute path, it is {}", dir.display());
        return Ok(dir);
    }
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else {
        let home = variable("HOME");
        let usual = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(usual)))
    };
    Ok(base.context("no home directory: set MMREC_CACHE to a folder for tools and build outputs")?.join("mmrec"))
}
