//! Running the real binary on small texts.

#![allow(dead_code, reason = "each test crate uses its share")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A model and a training of a few seconds.
pub const SETTINGS: &str = "\
[model]
width = 16
layers = 1
heads = 2
block = 8
slots = 2
fan_in = 2
levels = 2
feed_forward = 32
dropout = 0.1

[train]
context = 32
batch = 4
accum = 2
steps = 40
lr = 0.01
warmup = 5
eval_every = 10
eval_windows = 6
save_every = 20
";

/// A folder for one test, with the settings file in it.
pub struct Room(tempfile::TempDir);

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; `None` for a process that was killed.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Room {
    /// An empty one.
    pub fn new() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        room.write("settings.toml", SETTINGS.as_bytes());
        room
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file into it.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes the usual text, which a small model learns something from.
    pub fn write_text(&self) {
        let lines =
            (0..600).map(|i| format!("The {} of number {} is {}.\n", THINGS[i % 7], i % 10, COLOURS[(i * i) % 5]));
        self.write("text.txt", lines.collect::<String>().as_bytes());
    }

    /// The binary, to be run in the room. `line` is cut at blanks.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmrec"));
        command.current_dir(self.0.path()).args(line.split_whitespace()).stdin(Stdio::null());
        // What the program remembers of GPUs is not the person's who runs the tests.
        command.env("MMREC_CACHE", self.path("cache"));
        for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, line: &str) -> Ran {
        finish(self.command(line))
    }

    /// Runs a command that must succeed; the JSON values that it printed.
    pub fn json(&self, line: &str) -> Vec<Value> {
        let ran = self.run(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
        json_lines(&ran.stdout)
    }

    /// Runs a command that must fail with `code`; what it said.
    pub fn refusal(&self, line: &str, code: i32) -> String {
        let ran = self.run(line);
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{line}: {}", ran.stderr);
        ran.stderr
    }

    /// Starts a command in the background.
    pub fn start(&self, line: &str) -> Child {
        self.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Names of the files in a folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The lines of a run's metrics.
    pub fn metrics(&self, run: &str) -> Vec<Value> {
        json_lines(&fs::read_to_string(self.path(run).join("metrics.jsonl")).unwrap())
    }

    /// The same as text, without what the clock put in.
    pub fn timeless_metrics(&self, run: &str) -> String {
        without_clock(&fs::read_to_string(self.path(run).join("metrics.jsonl")).unwrap())
    }

    /// Waits until there is a file.
    pub fn wait_for(&self, name: &str) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.path(name).exists() {
            assert!(Instant::now() < deadline, "there never was {name}");
            sleep(Duration::from_millis(2));
        }
    }

    /// Waits until a run has written `lines` lines of metrics.
    pub fn wait_for_lines(&self, run: &str, lines: usize) {
        let path = self.path(run).join("metrics.jsonl");
        let deadline = Instant::now() + Duration::from_secs(60);
        while fs::read_to_string(&path).map_or(0, |text| text.lines().count()) < lines {
            assert!(Instant::now() < deadline, "{} never had {lines} lines", path.display());
            sleep(Duration::from_millis(2));
        }
    }
}

const THINGS: [&str; 7] = ["house", "river", "lamp", "wind", "garden", "stone", "clock"];
const COLOURS: [&str; 5] = ["green", "red", "grey", "yellow", "blue"];

/// Runs a command to its end.
pub fn finish(mut command: Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Kills a process; whether it died of that, and had not ended by itself.
pub fn kill(mut child: Child) -> bool {
    child.kill().unwrap();
    was_killed(child.wait().unwrap())
}

/// Whether a process ended by being killed.
#[cfg(unix)]
pub fn was_killed(status: ExitStatus) -> bool {
    std::os::unix::process::ExitStatusExt::signal(&status) == Some(libc::SIGKILL)
}

/// Whether a process ended by being killed.
#[cfg(not(unix))]
pub fn was_killed(status: ExitStatus) -> bool {
    !status.success()
}

/// Waits until nothing more fits into a pipe, by how many bytes wait in it to be read.
#[cfg(unix)]
pub fn wait_until_full(pipe: &impl std::os::fd::AsRawFd) {
    // Of 64 KiB on Linux, where the end of a page is left empty that a line does not fit into; elsewhere a pipe may be smaller.
    const FULL: libc::c_int = if cfg!(target_os = "linux") { 60_000 } else { 12_000 };
    let mut waiting: libc::c_int = 0;
    let deadline = Instant::now() + Duration::from_secs(60);
    while waiting < FULL {
        assert!(Instant::now() < deadline, "the pipe was never full: {waiting} bytes");
        sleep(Duration::from_millis(2));
        // SAFETY: the descriptor is open, and the call writes one number.
        assert_eq!(unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &mut waiting) }, 0);
    }
}

/// Every line as JSON.
pub fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// The values with this `type`.
pub fn of_type<'a>(values: &'a [Value], kind: &str) -> Vec<&'a Value> {
    values.iter().filter(|value| value["type"] == kind).collect()
}

/// A checkpoint's header, with what the clock put in taken out, and its tensors as bytes.
pub fn content(path: &Path) -> (Value, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let end = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    // Parsed, because the order of the metadata is left to chance; its values are texts and stay as they are.
    let mut header: Value = serde_json::from_slice(&bytes[8..end]).unwrap();
    let metadata = header["__metadata__"].as_object_mut().unwrap();
    metadata.remove("checksum");
    let progress = without_clock(metadata["progress"].as_str().unwrap());
    metadata.insert("progress".to_owned(), progress.into());
    (header, bytes[end..].to_vec())
}

/// Takes out the numbers that differ between two runs of the same steps. As text, not as parsed numbers: those could hide a
/// difference in a last digit.
pub fn without_clock(json: &str) -> String {
    ["seconds", "tokens_per_s"].iter().fold(json.to_owned(), |json, key| {
        let mut parts = json.split(key);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |out, part| out + key + &part[part.find([',', '}']).unwrap()..])
    })
}
