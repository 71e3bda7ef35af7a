//! Why a model cannot grow as asked.

use crate::config::ConfigError;

/// Why a model cannot grow into another.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GrowError {
    /// The sizes to grow into are out of range.
    #[error("the sizes to grow into are not valid")]
    Config(#[from] ConfigError),
    /// A size would shrink.
    #[error("{field} is {from} and would shrink to {to}: a model grows, it does not shrink; choose at least {from}")]
    Smaller {
        /// The field's name, as in files.
        field: &'static str,
        /// The model's size.
        from: usize,
        /// The size asked for.
        to: usize,
    },
    /// A size that growth keeps would change.
    #[error("{field} is {from} and would become {to}: growth keeps it, and a model with another one is trained anew")]
    Differs {
        /// The field's name, as in files.
        field: &'static str,
        /// The model's size.
        from: usize,
        /// The size asked for.
        to: usize,
    },
    /// Heads would not be wider by a whole factor.
    #[error(
        "heads are {from} channels wide and would become {to}: the new width must be a whole multiple of the old one; choose width and heads so that width / heads is {from}, {} or another multiple", 2 * from
    )]
    HeadWidth {
        /// The model's head width.
        from: usize,
        /// The head width asked for.
        to: usize,
    },
    /// The tokenizer to grow into is another one.
    #[error(
        "the model has the {from}, and the {to} does not extend it: every token that there was must keep its number; keep the model's tokenizer, or train a new model"
    )]
    Tokenizer {
        /// The model's tokenizer, in words.
        from: String,
        /// The tokenizer asked for, in words.
        to: String,
    },
    /// The vocabulary of the sizes is not the tokenizer's.
    #[error("vocab is {vocab}, and the tokenizer to grow into has {tokens} tokens: they must agree")]
    Vocabulary {
        /// The vocabulary asked for.
        vocab: usize,
        /// The tokenizer's.
        tokens: usize,
    },
    /// One of both models is a GPT.
    #[error("a GPT does not grow, and no model grows into one: it is there to compare with; train a new one")]
    Gpt,
    /// Nothing would grow.
    #[error("the model has these sizes already, so there is nothing to grow: choose a larger one")]
    Nothing,
}
