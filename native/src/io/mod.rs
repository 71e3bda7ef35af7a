//! Files and what is read of them.

pub mod atomic_file;
pub mod download;
pub mod duplicates;
pub mod encodings;
pub mod files;
pub mod findings;
pub mod out_path;
pub mod prepare;
pub mod prepared_data;
pub mod shard_file;
pub mod skipped;
pub mod system_files;
pub mod temporary;
pub mod text_files;
