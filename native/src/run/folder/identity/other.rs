//! Systems that do not tell a file from one that took its place; those that let no open file be replaced need none of it.

use std::fs::Metadata;

/// Of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {}

impl Identity {
    /// None.
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }
}
