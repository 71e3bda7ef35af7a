//! Text to batches: reading, splitting, token storage, preparation on disk, and seeded crops.
//!
//! Nothing here opens a file: readers and writers are passed in, so the same code serves the terminal and the
//! browser. Positions and counts of tokens are `u64` everywhere, also where `usize` has 32 bits.

mod dataset;
mod documents;
mod entropy;
mod error;
mod fingerprint;
mod index;
mod order;
mod prepare;
mod random;
mod sampler;
mod shard;
mod split;
mod stories;
pub mod text;
mod tokens;
mod verify;

pub use dataset::{Dataset, DatasetOptions};
pub use documents::DOCUMENT_END;
pub(crate) use documents::unfinished;
pub use entropy::{Entropies, entropies};
pub use error::DataError;
pub(crate) use fingerprint::hex;
pub use index::{FIRST_SHARD, INDEX_FILE, INDEX_FORMAT, PreparedIndex, ShardInfo};
pub use order::natural_order;
pub use prepare::{
    DEFAULT_SHARD_TOKENS, Phase, PrepareOptions, PrepareProgress, Prepared, ShardSink, TextSource, TextSources, prepare,
};
pub use sampler::{Sampler, validation_windows};
pub use shard::Shard;
pub use split::{MAX_FRACTION, MIN_FRACTION, default_fraction};
pub use stories::sample_stories;
pub use tokens::Tokens;
pub use verify::{verify, verify_shard};
