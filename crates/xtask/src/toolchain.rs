//! A compiler with a standard library for `wasm32-unknown-unknown`.
//!
//! First choice: rustup's, with the target installed. Where rustup cannot download it (only package registries are
//! reachable), Debian's `rustc-web` with `rust-web-src` builds the standard library along with the crate. The two use
//! the same commands; only the environment differs.

use std::env;
use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::paths::{self, Paths};
use crate::{debian, shell};

/// The one target of the page.
pub const TRIPLE: &str = "wasm32-unknown-unknown";
/// The workspace's profile for it.
pub const PROFILE: &str = "page";
/// Every browser with WebGPU or module workers has SIMD; Flex's kernels are several times slower without.
const SIMD: &str = "-C target-feature=+simd128";
/// One memory that all threads share, as large as 32 bits allow; the last exports are what a new thread is set up with.
const THREADS: &str = "-C target-feature=+simd128,+atomics,+bulk-memory,+mutable-globals \
    -C link-arg=--shared-memory -C link-arg=--import-memory -C link-arg=--max-memory=4294967296 \
    -C link-arg=--export=__wasm_init_tls -C link-arg=--export=__tls_size -C link-arg=--export=__tls_align \
    -C link-arg=--export=__tls_base -C link-arg=--export=__heap_base";
/// The standard library of rustup's target has no atomics: with threads it is built along.
const BUILD_STD: [(&str, &str); 2] = [("RUSTC_BOOTSTRAP", "1"), ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")];

const FLAGS_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS";
const LINKER_VARIABLE: &str = "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 3] = ["rust-web-src", "rustc-web", "cargo-web"];
const DOWNLOAD_HOST: &str = "static.rust-lang.org:443";

/// A way to build for the browser.
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    environment: Vec<(&'static str, PathBuf)>,
    /// For people: where the standard library comes from.
    pub label: &'static str,
}

impl Toolchain {
    /// Finds the toolchain, or installs what it needs. `MMREC_WASM_STD=rustup|debian` skips the search.
    pub fn ready(paths: &Paths) -> Result<Self> {
        match env::var("MMREC_WASM_STD").as_deref() {
            Ok("rustup") => add_target().and_then(|()| add_sources()).map(|()| Self::rustup()),
            Ok("debian") => Self::debian_installed(),
            Ok(other) => bail!("MMREC_WASM_STD must be `rustup` or `debian`, it is `{other}`"),
            Err(_) => Self::search(paths),
        }
    }

    /// `cargo <subcommand>` for the browser, with the target directory of modules with or without threads.
    pub fn cargo(&self, paths: &Paths, subcommand: &str, threads: bool) -> Command {
        let mut command = shell::command(&self.cargo);
        command.args([subcommand, "--locked", "--profile", PROFILE, "--target", TRIPLE]).current_dir(&paths.root);
        command.env("CARGO_TARGET_DIR", paths.wasm_target(threads));
        command.env(FLAGS_VARIABLE, if threads { THREADS } else { SIMD });
        if threads {
            command.envs(BUILD_STD);
        }
        // Global flags would replace ours; the library path of rustup's toolchain is not for another compiler.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// What, beside the sources, decides the output.
    pub fn identity(&self) -> Result<String> {
        let version = shell::capture(shell::command(&self.rustc).arg("-vV"))?;
        Ok(format!("{}\n{version}\n{SIMD}\n{THREADS}", self.label))
    }

    fn search(paths: &Paths) -> Result<Self> {
        if target_installed() && sources_installed() {
            return Ok(Self::rustup());
        }
        // Remembered, because asking a host that does not answer costs time on every run.
        let refused = paths.cache.join("rustup-target-refused");
        if !refused.exists() {
            match add_target().and_then(|()| add_sources()) {
                Ok(()) => return Ok(Self::rustup()),
                Err(error) => shell::note(&format!("rustup cannot add what {TRIPLE} needs: {error:#}")),
            }
        }
        let toolchain = Self::debian_installed()?;
        fs::write(&refused, "delete this file to try rustup again\n")?;
        Ok(toolchain)
    }

    fn rustup() -> Self {
        let label = "rustup's standard library";
        Self { cargo: paths::cargo(), rustc: rustc(), environment: Vec::new(), label }
    }

    fn debian_installed() -> Result<Self> {
        if !debian_complete() {
            if !debian::can_install() {
                bail!(
                    "no standard library for {TRIPLE}: run `rustup target add {TRIPLE}`, or on Debian, as root, \
                     `apt-get install {}`",
                    DEBIAN_PACKAGES.join(" ")
                );
            }
            debian::install(&DEBIAN_PACKAGES)?;
        }
        Self::debian()
    }

    fn debian() -> Result<Self> {
        let environment =
            vec![("RUSTC", DEBIAN_RUSTC.into()), ("RUSTDOC", "/usr/bin/rustdoc".into()), (LINKER_VARIABLE, linker()?)];
        // Building std is an unstable feature of cargo and of the compiler.
        let environment = environment.into_iter().chain(BUILD_STD.map(|(name, value)| (name, value.into()))).collect();
        let label = "Debian's standard library sources";
        Ok(Self { cargo: "/usr/bin/cargo".into(), rustc: DEBIAN_RUSTC.into(), environment, label })
    }
}

fn rustc() -> PathBuf {
    env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from)
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    shell::capture(shell::command(rustc).args(["--print", "sysroot"])).ok().map(PathBuf::from)
}

fn target_installed() -> bool {
    sysroot(&rustc()).is_some_and(|root| root.join("lib/rustlib").join(TRIPLE).join("lib").is_dir())
}

fn debian_complete() -> bool {
    let sources = sysroot(Path::new(DEBIAN_RUSTC)).map(|root| root.join("lib/rustlib/src/rust/library/std"));
    sources.is_some_and(|dir| dir.is_dir()) && Path::new("/usr/bin/cargo").is_file()
}

fn sources_installed() -> bool {
    sysroot(&rustc()).is_some_and(|root| root.join("lib/rustlib/src/rust/library/std").is_dir())
}

fn add_target() -> Result<()> {
    if target_installed() { Ok(()) } else { rustup(&["target", "add", TRIPLE]) }
}

fn add_sources() -> Result<()> {
    if sources_installed() { Ok(()) } else { rustup(&["component", "add", "rust-src"]) }
}

/// Asks rustup for a download, within bounds: the host may be unreachable without saying so.
fn rustup(arguments: &[&str]) -> Result<()> {
    let rustup = shell::which("rustup").context("rustup is not on the search path")?;
    let proxied = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "RUSTUP_DIST_SERVER"];
    if !proxied.iter().any(|name| env::var_os(name).is_some()) {
        reachable(DOWNLOAD_HOST)?;
    }
    shell::note(&format!("rustup {}", arguments.join(" ")));
    shell::run_within(shell::command(rustup).args(arguments), Duration::from_secs(300))
}

fn reachable(host: &str) -> Result<()> {
    let addresses = host.to_socket_addrs().with_context(|| format!("cannot resolve {host}"))?;
    let connects = |address| TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok();
    if !addresses.into_iter().take(3).any(connects) {
        bail!("{host} does not answer");
    }
    Ok(())
}

/// Debian's rustc ships no wasm linker; rustup's `rust-lld` does, and so does Debian's `lld`.
fn linker() -> Result<PathBuf> {
    let bundled = || -> Option<PathBuf> {
        let host = shell::capture(shell::command(rustc()).args(["--print", "host-tuple"])).ok()?;
        Some(sysroot(&rustc())?.join("lib/rustlib").join(host).join("bin/rust-lld"))
    };
    if let Some(lld) = bundled().filter(|file| file.is_file()) {
        return Ok(lld);
    }
    if shell::which("wasm-ld").is_none() && debian::can_install() {
        debian::install(&["lld"])?;
    }
    shell::which("wasm-ld").context("no linker for WebAssembly: install rustup's toolchain or Debian's `lld`")
}
