//! Systems without limits of the kind that `ulimit` sets.

/// There is none.
pub fn address_space() -> Option<u64> {
    None
}

/// There is none.
pub fn data() -> Option<u64> {
    None
}
