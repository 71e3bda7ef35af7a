//! The stages that a progressive run climbs, kept in the run's folder so that it can be resumed.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use mmrec::config::{ModelConfig, Stage, TrainConfig};
use serde::{Deserialize, Serialize};
use toml::Value;

use crate::args::requested::RequestedSettings;
use crate::args::training::TrainFlags;
use crate::io::{atomic_file, files};
use crate::run::file_names::LADDER;
use crate::run::folder::RunFolder;
use crate::terminal::failure::Usage;
use crate::terminal::shell::Suggestion;

/// How far to climb, and how each stage trains.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ladder {
    /// The last stage.
    pub to: Stage,
    /// The most steps of some stages; the others take those of `train`.
    #[serde(default)]
    pub budgets: BTreeMap<String, u64>,
    /// Settings of all stages.
    #[serde(default)]
    pub train: TrainFlags,
}

impl Ladder {
    /// The command that goes on with the run in a folder.
    pub fn way_on(folder: &RunFolder) -> Suggestion {
        let name = if folder.ladder().exists() { "progressive" } else { "train" };
        Suggestion::new(name).words("--out").path(folder.path()).words("--resume")
    }

    /// That of the run in a folder, if it has one.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(LADDER);
        if !path.exists() {
            return Ok(None);
        }
        let text =
            files::read_text(&path, files::SETTINGS).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).map(Some).with_context(|| format!("{} is not a valid ladder", path.display()))
    }

    /// Keeps it in the run's folder.
    pub fn write(&self, folder: &RunFolder) -> Result<()> {
        let text = toml::to_string(self).context("the ladder cannot be written as TOML")?;
        let head = "# The stages of this run, for `mmrec progressive --resume`.\n";
        folder.check()?;
        atomic_file::write(&folder.ladder(), format!("{head}{text}").as_bytes())
    }

    /// Takes over what of `flags` a run may change when it goes on, and gives it back; what else is asked for must be as it was.
    pub fn take_over(&mut self, flags: &TrainFlags, budgets: &BTreeMap<String, u64>) -> Result<TrainFlags> {
        if let Some((stage, _)) = budgets.iter().find(|(stage, steps)| self.budgets.get(*stage) != Some(steps)) {
            bail!(Usage(format!("a run that is resumed keeps the budgets of its stages: leave that of {stage} out")));
        }
        let kept = self.train.given().clone();
        let mut asked = flags.given().clone();
        asked.retain(|name, value| kept.get(name) != Some(value));
        if let Some(fixed) = asked.keys().find(|name| !may_change(name)) {
            bail!(Usage(format!(
                "a run that is resumed keeps the settings of its stages: leave --{} out, or begin a new run with another --out",
                fixed.replace('_', "-")
            )));
        }
        self.train = Value::Table(kept.into_iter().chain(asked.clone()).collect()).try_into()?;
        Ok(Value::Table(asked).try_into()?)
    }

    /// The stage that follows a model of these sizes; none at the end.
    pub fn after(&self, model: &ModelConfig) -> Option<Stage> {
        let parameters = |stage: Stage| stage.like(model).parameters();
        let larger =
            |stage: &Stage| parameters(*stage) > model.parameters() && parameters(*stage) <= parameters(self.to);
        Stage::ALL.into_iter().find(larger)
    }

    /// The settings of the first stage.
    pub fn first(&self, stage: Stage) -> TrainFlags {
        self.flags(stage, TrainConfig::for_model)
    }

    /// The settings of all stages with the budget of this one. But for the last stage, the rate falls from that of `defaults` only to
    /// where the next stage begins: if it fell further, the next stage's rate would first undo what the end of this one had won.
    fn flags(&self, stage: Stage, defaults: fn(&ModelConfig) -> TrainConfig) -> TrainFlags {
        let mut flags = self.train.clone();
        if let Some(steps) = self.budgets.get(stage.name()) {
            flags = flags.without("epochs").with("steps", Value::Integer(*steps as i64));
        }
        let sizes = stage.config(stage.default_vocab());
        if let Some(next) = self.after(&sizes).filter(|_| !flags.has("lr") && !flags.has("floor")) {
            let end = TrainConfig::for_grown(&next.config(next.default_vocab())).lr;
            flags = flags.with("floor", Value::Float((end / defaults(&sizes).lr).min(1.0)));
        }
        flags
    }

    /// Sizes and settings of a stage that was grown into, on a text of `train_tokens` training tokens.
    pub fn grown(&self, stage: Stage, vocab: usize, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        let flags = self.flags(stage, TrainConfig::for_grown);
        let (model, mut train) = RequestedSettings { stage: Some(stage), file: None, flags: &flags, tuning: None }
            .for_new_run(vocab, train_tokens)?;
        if !flags.has("lr") {
            train.lr = TrainConfig::for_grown(&model).lr;
        }
        Ok((model, train))
    }
}

/// Whether a flag changes no number of the steps: see [`TrainConfig::with_course_of`].
fn may_change(name: &str) -> bool {
    let begins = ["eval_", "save_", "log_", "sample_"];
    ["patience", "recompute"].contains(&name) || begins.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_goes_on_changes_how_it_is_told_of_and_nothing_else() {
        let train = TrainFlags::of([("steps", 9.into()), ("eval_every", 3.into())]);
        let mut ladder = Ladder { to: Stage::Mini, budgets: BTreeMap::from([("mini".to_owned(), 7)]), train };
        let same = ladder.take_over(&ladder.train.clone(), &ladder.budgets.clone()).unwrap();
        assert!(same.given().is_empty());
        let flags = TrainFlags::of([("steps", 9.into()), ("patience", 4.into()), ("save_every", 2.into())]);
        let taken = ladder.take_over(&flags, &BTreeMap::new()).unwrap();
        assert_eq!(taken, TrainFlags::of([("patience", 4.into()), ("save_every", 2.into())]));
        let kept = ["steps", "eval_every", "patience"].map(|name| ladder.train.whole(name));
        assert_eq!(kept, [Some(9), Some(3), Some(4)]);
        let other = TrainFlags::of([("weight_decay", 0.5.into())]);
        assert!(ladder.take_over(&other, &BTreeMap::new()).unwrap_err().to_string().contains("--weight-decay"));
        let budgets = BTreeMap::from([("mini".to_owned(), 8)]);
        assert!(ladder.take_over(&TrainFlags::default(), &budgets).unwrap_err().to_string().contains("mini"));
    }

    #[test]
    fn stages_follow_each_other_up_to_the_last() {
        let ladder = Ladder { to: Stage::Small, budgets: BTreeMap::new(), train: TrainFlags::default() };
        let after = |stage: Stage| ladder.after(&stage.config(65));
        assert_eq!(after(Stage::Tiny), Some(Stage::Mini));
        assert_eq!(after(Stage::Mini), Some(Stage::Small));
        assert_eq!(after(Stage::Small), None);
        let odd = ModelConfig { layers: 5, ..Stage::Tiny.config(65) };
        assert_eq!(ladder.after(&odd), Some(Stage::Mini));
        let optional = ModelConfig { gate_rank: 1, planning: true, ..Stage::Tiny.config(65) };
        assert_eq!(ladder.after(&optional), Some(Stage::Mini));
        let lean = ModelConfig { gate_rank: 1, ..Stage::Tiny.config(65) };
        assert_eq!(ladder.after(&lean), Some(Stage::Mini), "fewer parameters than the plain stage");
    }

    #[test]
    fn a_ladder_is_read_as_it_was_written_and_budgets_win() {
        let train = TrainFlags::of([("steps", 9.into()), ("batch", 4.into())]);
        let ladder = Ladder { to: Stage::Mini, budgets: BTreeMap::from([("mini".to_owned(), 7)]), train };
        let again: Ladder = toml::from_str(&toml::to_string(&ladder).unwrap()).unwrap();
        assert_eq!(again.first(Stage::Tiny).whole("steps"), Some(9));
        let (model, train) = again.grown(Stage::Mini, 65, 1_000).unwrap();
        assert_eq!((&model, train.steps, train.batch), (&Stage::Mini.config(65), 7, 4));
        assert_eq!((train.lr, train.floor), (TrainConfig::for_grown(&model).lr, 0.1));
    }

    #[test]
    fn a_stage_ends_at_the_rate_that_the_next_begins_with() {
        let ladder = Ladder { to: Stage::Small, budgets: BTreeMap::new(), train: TrainFlags::default() };
        let ends = |train: &TrainConfig| train.lr * train.floor;
        let tiny = TrainConfig::for_model(&Stage::Tiny.config(256));
        let tiny = TrainConfig { floor: ladder.first(Stage::Tiny).given()["floor"].as_float().unwrap(), ..tiny };
        let (_, mini) = ladder.grown(Stage::Mini, 256, 1_000).unwrap();
        let (_, small) = ladder.grown(Stage::Small, 256, 1_000).unwrap();
        assert!((ends(&tiny) / mini.lr - 1.0).abs() < 1e-9 && (ends(&mini) / small.lr - 1.0).abs() < 1e-9);
        let own = Ladder { train: TrainFlags::of([("lr", 0.001.into())]), ..ladder };
        assert_eq!((own.first(Stage::Tiny).has("floor"), small.floor), (false, 0.1));
    }
}
