//! Systems whose allocator is left as it is.

/// Does nothing here.
pub fn keep_memory() {}
