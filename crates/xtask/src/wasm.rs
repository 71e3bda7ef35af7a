//! `cargo xtask wasm`: crates/mmrec-wasm for one thread, for all threads, and for WebGPU, as modules in web/wasm/.
//!
//! Separate modules, because a visitor should fetch only what is used: the GPU's is several times larger, and shared memory
//! works only on pages that are served with the headers for it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result};

use crate::install;
use crate::paths::Paths;
use crate::toolchain::{PROFILE, TRIPLE, Toolchain};
use crate::{inputs, node, optimise, shell};

/// A file of an npm package that the page loads, and what is put around it.
struct Vendored {
    source: &'static str,
    name: &'static str,
    before: &'static str,
    after: &'static str,
}

/// The files of uPlot and fflate. uPlot has been made small only as a script, which is made a module here. As it is loaded it asks
/// `Intl` for the browser's language, which throws where that is no language tag ("C", in containers and kiosks), and then there
/// are no charts: it sees the page's language in its place, which always is one.
const VENDORED: [Vendored; 3] = [
    Vendored {
        source: "uplot/dist/uPlot.iife.min.js",
        name: "uPlot.esm.js",
        before: "const navigator = { language: document.documentElement.lang };\n",
        after: "export default uPlot;\n",
    },
    Vendored { source: "uplot/dist/uPlot.min.css", name: "uPlot.min.css", before: "", after: "" },
    Vendored { source: "fflate/esm/browser.js", name: "fflate.js", before: "", after: "" },
];

/// Options of `cargo xtask wasm`.
#[derive(clap::Args)]
pub struct Options {
    /// Leave wasm-opt out: larger and somewhat slower modules, sooner. `trunk serve` without --release does so too
    #[arg(long)]
    dev: bool,
}

/// One of the builds.
pub struct Variant {
    /// Its folder in web/wasm.
    pub name: &'static str,
    features: &'static str,
    /// Whether it runs on several threads with shared memory.
    pub threads: bool,
}

/// All builds.
pub const VARIANTS: [Variant; 3] = [
    Variant { name: "cpu", features: "cpu", threads: false },
    Variant { name: "threads", features: "threads", threads: true },
    Variant { name: "webgpu", features: "wgpu", threads: false },
];

impl Variant {
    /// The cargo arguments that select this build.
    pub fn arguments(&self) -> [&'static str; 4] {
        ["--package", "mmrec-wasm", "--features", self.features]
    }
}

/// What every module is built with.
pub struct Kit {
    /// The compiler.
    pub toolchain: Toolchain,
    /// wasm-bindgen's version.
    pub bindgen_version: String,
}

impl Kit {
    /// Finds or installs compiler and npm packages.
    pub fn ready(paths: &Paths) -> Result<Self> {
        node::packages(paths)?;
        let toolchain = Toolchain::ready(paths)?;
        for threads in [false, true] {
            paths.adopt(&paths.wasm_target(threads), &["--profile", PROFILE, "--target", TRIPLE])?;
        }
        Ok(Self { toolchain, bindgen_version: install::bindgen_version(paths)? })
    }

    /// Finds or installs what runs the tests of the modules.
    pub fn test_runner(&self, paths: &Paths) -> Result<PathBuf> {
        install::test_runner(paths, &self.bindgen_version)
    }
}

/// Builds what is out of date. Called by Trunk, it follows Trunk's profile.
pub fn run(paths: &Paths, options: &Options) -> Result<()> {
    let debug = env::var("TRUNK_PROFILE").is_ok_and(|profile| profile == "debug");
    build(paths, &Kit::ready(paths)?, !(options.dev || debug))
}

/// Builds the modules whose inputs changed.
pub fn build(paths: &Paths, kit: &Kit, optimised: bool) -> Result<()> {
    VARIANTS.iter().try_for_each(|variant| build_one(paths, kit, variant, optimised))
}

/// Builds one module where its inputs changed, and puts the packages' files beside it.
pub fn build_one(paths: &Paths, kit: &Kit, variant: &Variant, optimised: bool) -> Result<()> {
    Job::new(paths, kit, variant, optimised)?.done()
}

/// The building of one module.
pub struct Job<'a> {
    paths: &'a Paths,
    kit: &'a Kit,
    variant: &'a Variant,
    optimised: bool,
    /// Whether whatever else the machine does goes first.
    behind: bool,
    /// The fingerprint of its inputs.
    key: String,
}

impl<'a> Job<'a> {
    /// Nothing is built yet.
    pub fn new(paths: &'a Paths, kit: &'a Kit, variant: &'a Variant, optimised: bool) -> Result<Self> {
        let sources = inputs::fingerprint(paths)?;
        let level = if optimised { optimise::LEVEL } else { "" };
        let made_with = [kit.toolchain.identity()?, kit.bindgen_version.clone()].concat();
        let key = [sources.as_bytes(), made_with.as_bytes(), variant.features.as_bytes(), level.as_bytes()];
        Ok(Self { paths, kit, variant, optimised, behind: false, key: shell::fingerprint(&key) })
    }

    /// The same with whatever else the machine does going first.
    pub fn behind(self) -> Self {
        Self { behind: true, ..self }
    }

    /// Builds what [`build_one`] says.
    pub fn done(&self) -> Result<()> {
        vendor(self.paths)?;
        if self.is_current() {
            shell::note(&format!("web/wasm/{} is up to date", self.variant.name));
            return Ok(());
        }
        self.make().with_context(|| format!("cannot build the {} module", self.variant.name))
    }

    fn output(&self) -> PathBuf {
        self.paths.at("web/wasm").join(self.variant.name)
    }

    /// The fingerprint of what web/wasm holds; kept outside web/, which is copied to the served folder.
    fn stamp(&self) -> PathBuf {
        self.paths.at("node_modules/.cache/mmrec").join(format!("{}.inputs", self.variant.name))
    }

    /// Whether there is nothing to build.
    pub fn is_current(&self) -> bool {
        let present = ["mmrec_wasm.js", "mmrec_wasm_bg.wasm"].iter().all(|file| self.output().join(file).is_file());
        present && fs::read_to_string(self.stamp()).is_ok_and(|known| known == self.key)
    }

    fn make(&self) -> Result<()> {
        let mode = if self.optimised { "optimised" } else { "without wasm-opt" };
        shell::note(&format!("building web/wasm/{} ({mode}, {})", self.variant.name, self.kit.toolchain.label));
        let bindgen = self.compile()?;
        let staged = self.target().join("bindgen").join(self.variant.name);
        self.bind(&bindgen, &staged)?;
        let module = staged.join("mmrec_wasm_bg.wasm");
        if self.optimised {
            optimise::in_place(self.paths, &module)?;
        }
        replace(&staged, &self.output())?;
        let stamp = self.stamp();
        fs::create_dir_all(stamp.parent().context("a stamp has a folder")?)?;
        fs::write(&stamp, &self.key)?;
        optimise::report(&self.output().join("mmrec_wasm_bg.wasm"))
    }

    /// Compiles the module, and meanwhile what binds it to JavaScript.
    fn compile(&self) -> Result<PathBuf> {
        thread::scope(|scope| {
            let bindgen = scope.spawn(|| binder(self.paths));
            let mut cargo = self.kit.toolchain.cargo(self.paths, "build", self.variant.threads);
            cargo.arg("--lib").args(self.variant.arguments());
            let compiled = shell::run(&mut if self.behind { shell::behind(&cargo) } else { cargo });
            let bindgen = bindgen.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            compiled.and(bindgen)
        })
    }

    fn target(&self) -> PathBuf {
        self.paths.wasm_target(self.variant.threads)
    }

    fn bind(&self, bindgen: &Path, staged: &Path) -> Result<()> {
        remove(staged)?;
        let compiled = self.target().join(TRIPLE).join(PROFILE).join("mmrec_wasm.wasm");
        shell::run(shell::command(bindgen).arg(compiled).arg(staged))
    }
}

/// Builds `mmrec-bindgen`.
fn binder(paths: &Paths) -> Result<PathBuf> {
    shell::run(&mut paths.cargo(["build", "--package", "mmrec-bindgen", "--profile", "tool", "--locked"]))?;
    Ok(paths.built("tool", "mmrec-bindgen"))
}

/// Moves a finished folder to where the page looks. Copied, since the cache may be on another file system.
pub fn replace(from: &Path, to: &Path) -> Result<()> {
    remove(to)?;
    copy(from, to)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target).with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    Ok(())
}

/// Copies what the page loads from npm packages, only where it differs (Trunk watches the folder's parent).
fn vendor(paths: &Paths) -> Result<()> {
    let dir = paths.at("web/vendor");
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for Vendored { source, name, before, after } in VENDORED {
        let bytes = [before.into(), shell::read(&paths.at("node_modules").join(source))?, after.into()].concat();
        if fs::read(dir.join(name)).is_ok_and(|known| known == bytes) {
            continue;
        }
        fs::write(dir.join(name), bytes).with_context(|| format!("cannot write web/vendor/{name}"))?;
    }
    Ok(())
}
