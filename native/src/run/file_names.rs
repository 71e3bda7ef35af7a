//! What the files of a run are called.

pub const LAST: &str = "last.safetensors";
pub const BEST: &str = "best.safetensors";
/// What a run that trains an adapter keeps of its best and its last checkpoint besides.
pub const ADAPTER: &str = "adapter.safetensors";
pub const ADAPTER_LAST: &str = "adapter-last.safetensors";
/// The run's settings.
pub const CONFIG: &str = "config.toml";
pub const CHANGED_CONFIG: &str = "config-changed.toml";
pub const METRICS: &str = "metrics.jsonl";
pub const LOSS_SVG: &str = "loss.svg";
/// The stages of a progressive run.
pub const LADDER: &str = "progressive.toml";
/// Where a text that was not prepared is prepared to.
pub const DATA: &str = "data";
/// What a start writes besides data and settings; the checkpoint is the first to be taken away, as it is the last to be written.
pub const BEGUN: [&str; 5] = [LAST, ADAPTER_LAST, METRICS, LOSS_SVG, LADDER];

/// The name of a step's checkpoint.
pub fn step_file(step: u64) -> String {
    format!("step-{step:06}.safetensors")
}

/// The step whose checkpoint is called so. A copy that somebody named in another way is theirs.
pub fn step_of(name: &str) -> Option<u64> {
    let step = name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
    (step_file(step) == name).then_some(step)
}
