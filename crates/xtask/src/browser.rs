//! A Chromium-like browser and its driver, and Firefox, for the tests.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

use crate::paths::Paths;
use crate::{debian, shell};

const BROWSERS: [&str; 7] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge"];
const ELSEWHERE: [&str; 6] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
    "/usr/lib/chromium/chromium",
];
const DRIVERS: [&str; 2] = ["chromedriver", "msedgedriver"];
const FIREFOXES: [&str; 2] = ["firefox-esr", "firefox"];
const FIREFOX_ELSEWHERE: [&str; 2] =
    ["/Applications/Firefox.app/Contents/MacOS/firefox", r"C:\Program Files\Mozilla Firefox\firefox.exe"];
const DEBIAN_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Works headless, as root, without a network, and leaves nothing behind.
const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];
/// WebGPU on the processor, for machines without a GPU.
const WEBGPU_FLAGS: [&str; 2] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];

/// What the browser tests drive.
pub struct Browser {
    /// The browser's program.
    pub browser: PathBuf,
    /// The program that speaks WebDriver for it.
    pub driver: PathBuf,
    /// Firefox, for its one test. Nobody has to install it for that.
    pub firefox: Option<PathBuf>,
}

impl Browser {
    /// Finds a browser, its driver and Firefox (`CHROME_PATH`, `CHROMEDRIVER` and `FIREFOX_PATH` first), or installs Debian's.
    pub fn ready() -> Result<Self> {
        if (browser().is_none() || driver().is_none()) && debian::can_install() {
            debian::install(&DEBIAN_PACKAGES)?;
        }
        if firefox().is_none() && debian::can_install() {
            debian::install(&FIREFOXES[..1])?;
        }
        let browser = browser().context(
            "no Chromium, Chrome or Edge was found: install one, or name its program in CHROME_PATH \
             (`cargo xtask test --quick` does without)",
        )?;
        let driver = driver().context(
            "no chromedriver was found: install the one of your browser's version, or name it in CHROMEDRIVER \
             (`cargo xtask test --quick` does without)",
        )?;
        Ok(Self { browser, driver, firefox: firefox() })
    }

    /// The line for the log: which programs, which versions.
    pub fn describe(&self) -> String {
        let version = |program: &Path| shell::capture(shell::command(program).arg("--version")).unwrap_or_default();
        let firefox = self.firefox.as_deref().map_or_else(|| "no Firefox".to_owned(), version);
        format!("{} ({}), {}, {firefox}", self.browser.display(), version(&self.browser), version(&self.driver))
    }

    /// The environment in which wasm-bindgen's test runner finds and starts this browser.
    pub fn runner_environment(&self, paths: &Paths, webgpu: bool) -> Result<Vec<(&'static str, PathBuf)>> {
        let edge = self.driver.file_stem().is_some_and(|name| name == "msedgedriver");
        let (variable, options) =
            if edge { ("MSEDGEDRIVER", "ms:edgeOptions") } else { ("CHROMEDRIVER", "goog:chromeOptions") };
        let extra = if webgpu { &WEBGPU_FLAGS[..] } else { &[] };
        let flags: Vec<&str> = FLAGS.iter().chain(extra).copied().collect();
        let capabilities = json!({ options: { "args": flags, "binary": self.browser } });
        let name = if webgpu { "webdriver-webgpu.json" } else { "webdriver.json" };
        let file = paths.cache.join(name);
        fs::write(&file, capabilities.to_string()).with_context(|| format!("cannot write {}", file.display()))?;
        Ok(vec![(variable, self.driver.clone()), ("WASM_BINDGEN_TEST_WEBDRIVER_JSON", file)])
    }
}

/// Mesa's software Vulkan, so that the GPU tests run natively without a GPU. Only ever a bonus.
pub fn software_vulkan() -> Result<()> {
    let drivers = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let present = drivers.iter().any(|dir| fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()));
    if !present && debian::can_install() {
        debian::install(&["mesa-vulkan-drivers"])?;
    }
    Ok(())
}

fn browser() -> Option<PathBuf> {
    let known = ELSEWHERE.iter().map(PathBuf::from).find(|file| file.is_file());
    named("CHROME_PATH").or_else(|| BROWSERS.iter().find_map(|name| shell::which(name))).or(known)
}

fn driver() -> Option<PathBuf> {
    let named = named("CHROMEDRIVER").or_else(|| named("MSEDGEDRIVER"));
    named.or_else(|| DRIVERS.iter().find_map(|name| shell::which(name)))
}

fn firefox() -> Option<PathBuf> {
    let known = FIREFOX_ELSEWHERE.iter().map(PathBuf::from).find(|file| file.is_file());
    named("FIREFOX_PATH").or_else(|| FIREFOXES.iter().find_map(|name| shell::which(name))).or(known)
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file())
}
