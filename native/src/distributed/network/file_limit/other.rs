//! Systems without a limit of the kind that `ulimit -n` sets.

use anyhow::Result;

/// There is none.
pub fn check() -> Result<()> {
    Ok(())
}
