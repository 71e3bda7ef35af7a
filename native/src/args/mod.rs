//! Arguments that several commands have, and what they ask for.

pub mod adapters;
pub mod compute;
pub mod differences;
pub mod prompt;
pub mod requested;
pub mod run;
pub mod sharing;
pub mod text;
pub mod training;
pub mod tuning;

/// Whole numbers that a settings file can hold: TOML knows signed ones only.
pub fn whole() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(0..=i64::MAX as u64)
}
