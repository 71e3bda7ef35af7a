//! The ladder: seven sizes from 0.23 M to 7.38 B parameters.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ConfigError, ModelConfig};

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// 0.23 M parameters.
    Tiny,
    /// 1.96 M parameters.
    Mini,
    /// 10.2 M parameters.
    Small,
    /// 52.5 M parameters.
    Base,
    /// 252.6 M parameters.
    Medium,
    /// 569.9 M parameters.
    Large,
    /// 7.38 B parameters.
    #[serde(rename = "7b")]
    SevenB,
}

impl Stage {
    /// Every rung, smallest first.
    pub const ALL: [Stage; 7] =
        [Stage::Tiny, Stage::Mini, Stage::Small, Stage::Base, Stage::Medium, Stage::Large, Stage::SevenB];

    /// The name used in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Tiny => "tiny",
            Stage::Mini => "mini",
            Stage::Small => "small",
            Stage::Base => "base",
            Stage::Medium => "medium",
            Stage::Large => "large",
            Stage::SevenB => "7b",
        }
    }

    /// The vocabulary that the ladder's parameter counts assume.
    pub fn default_vocab(self) -> usize {
        match self {
            Stage::Tiny | Stage::Mini | Stage::Small | Stage::Base => 256,
            Stage::Medium => 8_192,
            Stage::Large => 16_384,
            Stage::SevenB => 32_000,
        }
    }

    /// This rung's model for a vocabulary of `vocab` tokens.
    pub fn config(self, vocab: usize) -> ModelConfig {
        let (width, heads, layers, feed_forward, levels) = match self {
            Stage::Tiny => (64, 2, 4, 144, 3),
            Stage::Mini => (192, 6, 4, 480, 3),
            Stage::Small => (384, 12, 6, 800, 4),
            Stage::Base => (768, 12, 8, 1_536, 4),
            Stage::Medium => (1_536, 24, 8, 3_584, 5),
            Stage::Large => (2_048, 32, 10, 4_736, 5),
            Stage::SevenB => (4_096, 32, 24, 17_280, 5),
        };
        ModelConfig {
            vocab,
            width,
            layers,
            heads,
            chunk: 16,
            slots: 8,
            merge_factor: 4,
            levels,
            feed_forward,
            dropout: 0.0,
            gate_rank: 0,
            planning: false,
            window: 0,
        }
    }

    /// This rung's model with the vocabulary and the options of `model`.
    pub fn like(self, model: &ModelConfig) -> ModelConfig {
        self.config(model.vocab).with_options_of(model)
    }

    /// The rung whose sizes `config` has (whatever its vocabulary and options), if any.
    pub fn of(config: &ModelConfig) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| stage.like(config) == *config)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Stage::ALL
            .into_iter()
            .find(|stage| stage.name() == name)
            .ok_or_else(|| ConfigError::UnknownStage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_counts_and_horizons_are_the_ladders() {
        let expected = [
            (227_944, 2_720),
            (1_958_712, 2_720),
            (10_242_864, 10_912),
            (52_544_832, 10_912),
            (252_595_008, 43_680),
            (569_856_192, 43_680),
            (7_381_329_152, 43_680),
        ];
        for (stage, (parameters, horizon)) in Stage::ALL.into_iter().zip(expected) {
            let config = stage.config(stage.default_vocab());
            config.validate().expect("a preset is valid");
            assert_eq!(config.parameters(), parameters, "{stage}");
            assert_eq!(config.horizon(), horizon, "{stage}");
            assert_eq!(Stage::of(&config), Some(stage));
        }
    }

    #[test]
    fn names_round_trip() {
        for stage in Stage::ALL {
            assert_eq!(stage.name().parse(), Ok(stage));
            assert_eq!(serde_json::to_value(stage).expect("serialises"), stage.name());
        }
        assert!("huge".parse::<Stage>().expect_err("unknown").to_string().contains("tiny, mini"));
    }
}
