//! What fine-tuning leaves as it is.

use mmrec::config::TrainConfig;

/// What fine-tuning leaves as it is.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct TuneFlags {
    /// Leave the embedding and the first N blocks as they are: less memory and time
    #[arg(long, value_name = "N")]
    pub freeze: Option<usize>,
    /// Leave all weights as they are and train adapters of this rank beside the matrices of the blocks [1 to the width]
    #[arg(long, value_name = "RANK", value_parser = clap::value_parser!(u16).range(1..))]
    pub lora: Option<u16>,
    /// What the adapters are scaled by, times their rank [default: the rank] [above 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true, requires = "lora")]
    pub lora_alpha: Option<f64>,
}

impl TuneFlags {
    /// Sets what was given.
    pub fn apply(&self, train: &mut TrainConfig) {
        train.freeze = self.freeze.unwrap_or(train.freeze);
        let Some(rank) = self.lora else { return };
        train.lora = usize::from(rank);
        // A run that is resumed has one already.
        if train.lora_alpha == 0.0 {
            train.lora_alpha = f64::from(rank);
        }
        train.lora_alpha = self.lora_alpha.unwrap_or(train.lora_alpha);
    }
}
