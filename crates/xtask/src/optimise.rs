//! wasm-opt (npm's binaryen), with its results kept by the fingerprint of what went in.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::{node, shell};

/// How hard wasm-opt tries. LLVM has optimised already: `-O2` and above took three times as long, ran no faster, and, having
/// inlined more, were larger to download.
pub const LEVEL: &str = "-O1";
/// The features the compiler may have used; wasm-opt refuses a module that needs one it was not told of.
const FEATURES: [&str; 8] = [
    "--enable-simd",
    "--enable-threads",
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-multivalue",
];
/// Modules kept in the cache: a few states of each.
const KEPT: usize = 12;

/// Optimises a module, or takes the result from an earlier time.
pub fn in_place(paths: &Paths, module: &Path) -> Result<()> {
    let version = shell::read(&paths.at("node_modules/binaryen/package.json"))?;
    let key = shell::fingerprint(&[&shell::read(module)?, &version, LEVEL.as_bytes(), FEATURES.join(" ").as_bytes()]);
    let dir = paths.cache.join("wasm-opt");
    fs::create_dir_all(&dir)?;
    let kept = dir.join(format!("{key}.wasm"));
    if !kept.is_file() {
        let start = Instant::now();
        let partial = dir.join(format!("{key}.part"));
        let mut command = node::script(paths, "binaryen/bin/wasm-opt");
        command.arg(LEVEL).args(FEATURES).arg(module).arg("-o").arg(&partial);
        shell::run(&mut command)?;
        fs::rename(&partial, &kept)?;
        shell::note(&format!("wasm-opt took {:.0} s", start.elapsed().as_secs_f64()));
        prune(&dir)?;
    }
    fs::copy(&kept, module).with_context(|| format!("cannot copy {}", kept.display()))?;
    Ok(())
}

/// Says how large a module is, as it is and as a server would send it.
pub fn report(module: &Path) -> Result<()> {
    const SCRIPT: &str = "const z=require('zlib'),b=require('fs').readFileSync(process.argv[1]);\
        const q={params:{[z.constants.BROTLI_PARAM_QUALITY]:9,[z.constants.BROTLI_PARAM_LGWIN]:22}};\
        const m=n=>(n/1e6).toFixed(2)+' MB';\
        console.log(`${m(b.length)}, gzip ${m(z.gzipSync(b).length)}, brotli ${m(z.brotliCompressSync(b,q).length)}`)";
    let sizes = shell::capture(shell::command(node::program()).args(["-e", SCRIPT]).arg(module))?;
    shell::note(&format!("{}: {sizes}", module.display()));
    Ok(())
}

fn prune(dir: &Path) -> Result<()> {
    let age = |file: &PathBuf| fs::metadata(file).and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut files: Vec<PathBuf> = fs::read_dir(dir)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort_by_key(|file| std::cmp::Reverse(age(file)));
    for file in files.iter().skip(KEPT) {
        fs::remove_file(file)?;
    }
    Ok(())
}
