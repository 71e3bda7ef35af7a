//! Systems without signals beside those that ctrlc knows.

/// There is none.
pub fn ignores_hangup() -> bool {
    false
}

/// There is none.
pub fn ignore_hangup() {}

/// There are none.
pub fn listen_for_limits() {}
