//! The settings of a training as flags.

use anyhow::Result;
use mmrec::config::{ModelConfig, Precision, TrainConfig};
use mmrec::data::text::line_ends;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::whole;
use crate::run::settings_file::table;
use crate::terminal::failure::Usage;
use crate::terminal::format;

/// Settings of a run that a flag can change. Ranges are those of the library.
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Training settings (over those of the stage or the file)")]
pub struct TrainFlags {
    /// Optimizer steps to take [default: 1000]
    #[arg(long, value_name = "N", conflicts_with = "epochs", value_parser = whole())]
    pub steps: Option<u64>,
    /// Passes over the training text to take, instead of --steps; may be a fraction
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub epochs: Option<f64>,
    /// Sequences in one batch [default: 8] [1 to 4096]
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Tokens in one sequence [default: 256] [1 to 1048576]
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Batches whose gradients are added up for one step [default: 1] [1 to 4096]
    #[arg(long, value_name = "N")]
    pub accum: Option<usize>,
    /// Recompute each block in the backward pass: a fraction of the memory, a third more work, the same result
    #[arg(long)]
    pub recompute: bool,
    /// Multiply matrices in f32, or in bf16 on a device that has it; everything else stays f32 [default: f32]
    #[arg(long, value_name = "f32|bf16")]
    pub precision: Option<Precision>,
    /// Peak learning rate [default: by width, 0.00566 for tiny, 0.00327 for mini] [above 0, at most 1]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// Learning rate at the end, as a share of the peak [default: 0.1] [0 to 1]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub floor: Option<f64>,
    /// Steps over which the learning rate rises; then it falls along a cosine [default: 50]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub warmup: Option<u64>,
    /// Decay of the weight matrices per unit of learning rate [default: 0.1] [0 to 10]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,
    /// Largest global norm of the gradient [default: 1] [above 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub clip: Option<f64>,
    /// Share of activations dropped in training; 0.1 to 0.3 helps small texts over many epochs [default: 0]
    #[arg(long, value_name = "F", allow_negative_numbers = true)]
    pub dropout: Option<f64>,
    /// Give the decay and write gates a projection of their own, of this rank (DPG); 0: columns of the fused one [default: 0]
    #[arg(long, value_name = "N")]
    pub gate_rank: Option<usize>,
    /// Train the memory to plan ahead as well (UBÖO): about twice the work a step
    #[arg(long)]
    pub planning: bool,
    /// Train a GPT of the same size instead, to compare with: attention over one sequence (--context) in place of the memories
    #[arg(long, conflicts_with_all = ["gate_rank", "planning"])]
    pub gpt: bool,
    /// Seed of weights, crops and dropout: the same seed gives the same run [default: 0]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub seed: Option<u64>,
    /// Steps between evaluations on the validation part [default: 100]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub eval_every: Option<u64>,
    /// Windows an evaluation reads, evenly spaced; 0 reads the whole validation part [default: 64]
    #[arg(long, value_name = "N")]
    pub eval_windows: Option<usize>,
    /// Evaluations without a better loss after which training stops early; 0 never stops early [default: 0]
    #[arg(long, value_name = "N")]
    pub patience: Option<u32>,
    /// Steps between checkpoints that are kept, step-N.safetensors [default: 500]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub save_every: Option<u64>,
    /// Steps between lines of metrics.jsonl [default: 1] [1 to 1000]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub log_every: Option<u64>,
    /// Steps between samples of what the model writes; 0 writes none [default: 0]
    #[arg(long, value_name = "N", value_parser = whole())]
    pub sample_every: Option<u64>,
    /// What samples begin with
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub sample_prompt: Option<String>,
    /// Tokens in a sample [default: 200]
    #[arg(long, value_name = "N")]
    pub sample_tokens: Option<usize>,
}

impl TrainFlags {
    /// Sets what was given. `train_tokens` turns epochs into steps.
    pub fn apply(&self, model: &mut ModelConfig, train: &mut TrainConfig, train_tokens: u64) -> Result<()> {
        fn set<T: Clone>(to: &mut T, flag: &Option<T>) {
            if let Some(value) = flag {
                *to = value.clone();
            }
        }
        set(&mut train.steps, &self.steps);
        set(&mut train.batch, &self.batch);
        set(&mut train.context, &self.context);
        set(&mut train.accum, &self.accum);
        // Only set: a file that asks for it is not overruled by a flag that is absent.
        train.recompute |= self.recompute;
        set(&mut train.precision, &self.precision);
        set(&mut train.lr, &self.lr);
        set(&mut train.floor, &self.floor);
        set(&mut train.warmup, &self.warmup);
        set(&mut train.weight_decay, &self.weight_decay);
        set(&mut train.clip, &self.clip);
        set(&mut model.dropout, &self.dropout);
        set(&mut model.gate_rank, &self.gate_rank);
        model.planning |= self.planning;
        if self.gpt && !model.is_gpt() {
            *model = model.as_gpt(train.context);
        }
        set(&mut train.seed, &self.seed);
        set(&mut train.eval_every, &self.eval_every);
        set(&mut train.eval_windows, &self.eval_windows);
        set(&mut train.patience, &self.patience);
        set(&mut train.save_every, &self.save_every);
        set(&mut train.log_every, &self.log_every);
        set(&mut train.sample_every, &self.sample_every);
        set(&mut train.sample_prompt, &self.sample_prompt);
        set(&mut train.sample_tokens, &self.sample_tokens);
        // Also one of a settings file: pasted from Windows, it would otherwise hold characters that no text has.
        train.sample_prompt = line_ends(&train.sample_prompt).into_owned();
        if let Some(epochs) = self.epochs {
            train.steps = steps_of(epochs, train, train_tokens)?;
        }
        Ok(())
    }
}

impl TrainFlags {
    /// Those that were given, by their names in a file.
    pub fn given(&self) -> Result<Table> {
        let mut given = table(self)?;
        given.retain(|_, value| *value != Value::Boolean(false));
        Ok(given)
    }

    /// Which of them change nothing beside the settings that came of them, and why.
    pub fn without_effect(&self, model: &ModelConfig, train: &TrainConfig) -> Vec<String> {
        let mut reasons = Vec::new();
        let samples =
            [("--sample-prompt", self.sample_prompt.is_some()), ("--sample-tokens", self.sample_tokens.is_some())];
        for (flag, _) in samples.into_iter().filter(|(_, given)| *given && train.sample_every == 0) {
            reasons.push(format!("{flag} has no effect: no sample is written without --sample-every"));
        }
        let intervals = [
            ("--sample-every", self.sample_every),
            ("--eval-every", self.eval_every),
            ("--save-every", self.save_every),
        ];
        for (flag, _) in intervals.into_iter().filter(|(_, given)| given.is_some_and(|every| every > train.steps)) {
            reasons.push(format!("{flag} has no effect: the run ends after {}", format::count(train.steps, "step")));
        }
        let evaluations = train.steps.div_ceil(train.eval_every.max(1));
        if self.patience.is_some_and(|patience| u64::from(patience) >= evaluations) {
            let all = format::count(evaluations, "evaluation");
            reasons.push(format!("--patience has no effect: the run has {all} in all"));
        }
        if self.warmup.is_some_and(|warmup| warmup >= train.steps) {
            reasons.push(format!(
                "--warmup is as long as the run of {} or longer: the learning rate does not reach its peak",
                format::count(train.steps, "step")
            ));
        }
        if self.planning && !model.plans(train.context) {
            let (context, blocks) = (train.context, 2 * model.block);
            reasons.push(format!(
                "--planning has no effect: a --context of {context} is less than two blocks, {blocks} tokens"
            ));
        }
        reasons
    }
}

fn steps_of(epochs: f64, train: &TrainConfig, train_tokens: u64) -> Result<u64> {
    if !(epochs > 0.0 && epochs <= 1e6) {
        return Err(Usage(format!("epochs = {epochs} is out of range: it must be above 0 and at most 1000000")).into());
    }
    let per_step = (train.context as f64) * (train.batch as f64) * (train.accum as f64);
    Ok((epochs * train_tokens as f64 / per_step.max(1.0)).ceil().max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mmrec::config::Stage;

    #[test]
    fn flags_without_effect_say_why() {
        let model = ModelConfig { planning: true, ..Stage::Tiny.config(9) };
        let train = TrainConfig { context: 8, ..TrainConfig::for_model(&model) };
        let flags = TrainFlags {
            sample_prompt: Some("a".to_owned()),
            sample_tokens: Some(3),
            planning: true,
            ..TrainFlags::default()
        };
        let said = flags.without_effect(&model, &train);
        assert!(said.iter().all(|why| why.contains("has no effect")) && said.len() == 3, "{said:?}");
        let samples = TrainConfig { context: 256, sample_every: 5, ..train.clone() };
        assert!(flags.without_effect(&model, &samples).is_empty());
        let rare = TrainFlags { sample_every: Some(9_999), ..TrainFlags::default() };
        let train = TrainConfig { sample_every: 9_999, ..train };
        assert_eq!(rare.without_effect(&model, &train).len(), 1);
        assert!(TrainFlags::default().without_effect(&model, &train).is_empty());
    }

    #[test]
    fn epochs_are_rounded_up_to_steps() {
        let train = TrainConfig { context: 10, batch: 3, accum: 2, ..TrainConfig::for_model(&Stage::Tiny.config(9)) };
        assert_eq!(steps_of(2.0, &train, 601).unwrap(), 21);
        assert_eq!(steps_of(0.001, &train, 601).unwrap(), 1);
    }
}
