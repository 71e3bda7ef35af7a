//! Before a GPU computes anything here, it has to take the first steps of tiny models as the CPU does. What came of it is
//! remembered for that GPU with that driver and this version.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use mmrec::driver::{compare, rehearse};
use mmrec::{Device, explain, platform};

use crate::io::{atomic_file, files};
use crate::terminal::interrupt;
use crate::terminal::output::note;

/// More than what is remembered of a thousand GPUs.
const MAX_BYTES: u64 = 1 << 20;

/// What is remembered: nothing of a GPU that is sound, else what was wrong, by version, GPU and driver.
type Outcomes = BTreeMap<String, Option<String>>;

/// Refuses a GPU that does not compute what the CPU does. Devices that are no GPUs are taken as they are.
pub fn check(device: &Device) -> Result<()> {
    let Some(adapter) = platform::adapter_of(device) else { return Ok(()) };
    let key = format!("mmrec {}; {adapter}", env!("CARGO_PKG_VERSION"));
    let file = file();
    let mut outcomes = file.as_deref().map(recall).unwrap_or_default();
    let wrong = match outcomes.get(&key) {
        Some(known) => known.clone(),
        None => {
            note(&format!("checking the GPU against the CPU, once for this driver and version: {adapter}"));
            let wrong = rehearsal(device)?;
            outcomes.insert(key, wrong.clone());
            let told = serde_json::to_vec_pretty(&outcomes)?;
            // Where it cannot be written, the check is made again next time.
            let _ = file.as_ref().map(|file| remember(file, &told));
            wrong
        }
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let again = file
        .map_or(String::new(), |file| format!("; to have this driver checked once more, delete {}", file.display()));
    Err(anyhow!(wrong).context(format!(
        "the GPU cannot be trusted: {adapter}. Use the CPU (--device cpu), or another device or driver{again}"
    )))
}

/// What is wrong with the GPU, if anything.
fn rehearsal(device: &Device) -> Result<Option<String>> {
    let (cpu, _) = pollster::block_on(platform::device("cpu"))?;
    let expected = pollster::block_on(rehearse(&cpu, |_, _| ()))?;
    let found = pollster::block_on(rehearse(device, |_, _| ()));
    interrupt::check()?;
    let agreed = found.and_then(|found| compare(&found, &expected));
    Ok(agreed.err().map(|error| explain(&error)))
}

fn recall(file: &Path) -> Outcomes {
    let read = files::read(file, MAX_BYTES).ok();
    read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

fn remember(file: &Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    atomic_file::write(file, bytes)
}

/// In the folder that `MMREC_CACHE` names, or in the platform's for what can be made again.
fn file() -> Option<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let usual = || {
        if cfg!(windows) {
            return variable("LOCALAPPDATA");
        }
        let home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(home)))
    };
    let folder = variable("MMREC_CACHE").or_else(|| Some(usual()?.join("mmrec")));
    folder.filter(|folder| folder.is_absolute()).map(|folder| folder.join("gpus.json"))
}
