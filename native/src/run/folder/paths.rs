//! Where things lie in a run's folder.

use std::path::PathBuf;

use super::RunFolder;
use crate::run::file_names::{ADAPTER, BEST, CHANGED_CONFIG, CONFIG, DATA, LADDER, LAST, LOSS_SVG, METRICS};

impl RunFolder {
    /// `config.toml`.
    pub fn config(&self) -> PathBuf {
        self.path.join(CONFIG)
    }

    /// Where a `config.toml` is kept that somebody changed.
    pub fn changed_config(&self) -> PathBuf {
        self.path.join(CHANGED_CONFIG)
    }

    /// `metrics.jsonl`.
    pub fn metrics(&self) -> PathBuf {
        self.path.join(METRICS)
    }

    /// `loss.svg`.
    pub fn loss_svg(&self) -> PathBuf {
        self.path.join(LOSS_SVG)
    }

    /// `progressive.toml`.
    pub fn ladder(&self) -> PathBuf {
        self.path.join(LADDER)
    }

    /// Where a raw text is prepared to.
    pub fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    /// `last.safetensors`.
    pub fn last(&self) -> PathBuf {
        self.path.join(LAST)
    }

    /// `best.safetensors`.
    pub fn best(&self) -> PathBuf {
        self.path.join(BEST)
    }

    /// `adapter.safetensors`.
    pub fn adapter(&self) -> PathBuf {
        self.path.join(ADAPTER)
    }
}
