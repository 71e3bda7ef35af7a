//! What tells a file or a folder from one that took its place.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// Of something that is there, or is still open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// None where the system does not tell.
    pub fn of(metadata: &Metadata) -> Option<Self> {
        Some(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}
