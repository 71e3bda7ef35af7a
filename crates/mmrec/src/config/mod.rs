//! Every setting of a model and of its training, defined once for the command line, files and the page.
//!
//! Invariant: what passes `validate` can be built and trained; what does not is refused with the field, its value and the
//! allowed range.

mod adapter;
mod field;
mod model;
mod optimizer;
mod precision;
mod sample;
mod stage;
mod train;

pub use adapter::AdapterConfig;
pub use field::{Field, Range};
pub use model::ModelConfig;
pub use optimizer::OptimizerKind;
pub use precision::Precision;
pub use sample::SampleConfig;
pub use stage::Stage;
pub use train::{MAX_CONTEXT, MAX_STEPS, TrainConfig};

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// One field has a value outside its range.
    #[error("{field} = {value} is out of range: it must be {allowed}")]
    OutOfRange {
        /// The field's name, as in files.
        field: &'static str,
        /// The value given.
        value: String,
        /// The allowed range, in words.
        allowed: String,
    },
    /// A stage's name is not one of the ladder's.
    #[error("unknown stage \"{0}\": use one of tiny, mini, small, base, medium, large, 7b")]
    UnknownStage(String),
}

/// Whether a field may be left out of a file.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Refuses `value` unless `ok`, naming the field and what is allowed.
pub(crate) fn require(
    ok: bool,
    field: &'static str,
    value: impl ToString,
    allowed: impl Into<String>,
) -> Result<(), ConfigError> {
    if ok {
        return Ok(());
    }
    Err(ConfigError::OutOfRange { field, value: value.to_string(), allowed: allowed.into() })
}

/// Refuses a whole number outside `min..=max`.
pub(crate) fn require_within(field: &'static str, value: u64, min: u64, max: u64) -> Result<(), ConfigError> {
    require((min..=max).contains(&value), field, value, format!("between {min} and {max}"))
}
