//! Work on several threads, where there are any.

#[cfg(feature = "threads")]
mod rayon;
#[cfg(not(feature = "threads"))]
mod single;

#[cfg(feature = "threads")]
pub use self::rayon::{for_each_chunk, map, map_chunks, threads, workers};
#[cfg(not(feature = "threads"))]
pub use single::{for_each_chunk, map, map_chunks, threads, workers};
