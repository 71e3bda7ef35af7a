//! The settings of a training as flags, which are those that the library knows.

use anyhow::{Context, Result};
use clap::builder::{Resettable, Str, ValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use mmrec::config::{Field, ModelConfig, Range, TrainConfig};
use mmrec::data::text::line_ends;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::whole;
use crate::run::settings_file::overlay;
use crate::terminal::failure::Usage;
use crate::terminal::format;

const HEADING: &str = "Training settings (over those of the stage or the file)";

/// Instead of `steps`.
const EPOCHS: Field = Field {
    name: "epochs",
    about: "Passes over the training text to take, instead of --steps; may be a fraction",
    range: Range::Number { min: 0.0, max: 1e6, above: true },
    default: "",
};

/// Another kind of model.
const GPT: Field = Field {
    name: "gpt",
    about: "Train a GPT of the same size instead, to compare with: attention over one sequence (--context) in place of the memories",
    range: Range::Switch,
    default: "",
};

fn fields() -> impl Iterator<Item = &'static Field> {
    TrainConfig::FIELDS.into_iter().chain([&EPOCHS]).chain(ModelConfig::FIELDS).chain([&GPT])
}

/// What was said of the settings of a run, by their names in a settings file: nothing of what was not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Table", into = "Table")]
pub struct TrainFlags(Table);

impl From<TrainFlags> for Table {
    fn from(flags: TrainFlags) -> Self {
        flags.0
    }
}

impl TryFrom<Table> for TrainFlags {
    type Error = String;

    fn try_from(mut table: Table) -> Result<Self, String> {
        if let Some(name) = table.keys().find(|name| fields().all(|field| field.name != name.as_str())) {
            return Err(format!("unknown field `{name}`"));
        }
        // A switch that is off says nothing.
        table.retain(|_, value| *value != Value::Boolean(false));
        Ok(Self(table))
    }
}

impl Args for TrainFlags {
    fn augment_args(command: Command) -> Command {
        let before = command.get_next_help_heading().map(str::to_owned);
        let command = fields().fold(command.next_help_heading(HEADING), |command, field| command.arg(argument(field)));
        command.next_help_heading(Resettable::from(before.map(Str::from)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TrainFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for field in fields() {
            if let Some(value) = value_of(field, matches) {
                self.0.insert(field.name.to_owned(), value);
            }
        }
        Ok(())
    }
}

/// The flag of a setting. Whether a number is in range is checked with all the others, wherever they come from.
fn argument(field: &'static Field) -> Arg {
    let flag = Arg::new(field.name).long(field.flag()).help(field.help());
    let flag = match field.range {
        Range::Whole { .. } => flag.value_name("N").value_parser(whole()),
        Range::Number { .. } => {
            let name = if field.name == EPOCHS.name { "N" } else { "F" };
            flag.value_name(name).value_parser(clap::value_parser!(f64)).allow_negative_numbers(true)
        }
        Range::OneOf { options } => flag.value_name(options.join("|")).value_parser(one_of(field, options)),
        Range::Switch => flag.action(ArgAction::SetTrue),
        Range::Text { .. } => flag.value_name("TEXT").allow_hyphen_values(true),
    };
    match field.name {
        "steps" => flag.conflicts_with(EPOCHS.name),
        "gpt" => flag.conflicts_with_all(["gate_rank", "planning"]),
        _ => flag,
    }
}

fn one_of(field: &'static Field, options: &'static [&'static str]) -> ValueParser {
    ValueParser::from(move |value: &str| {
        let known = options.contains(&value);
        let refused = || format!("{} = {value} is out of range: it must be {}", field.name, field.range.words());
        if known { Ok(value.to_owned()) } else { Err(refused()) }
    })
}

fn value_of(field: &Field, matches: &ArgMatches) -> Option<Value> {
    match field.range {
        Range::Whole { .. } => matches.get_one::<u64>(field.name).map(|value| Value::Integer(*value as i64)),
        Range::Number { .. } => matches.get_one::<f64>(field.name).map(|value| Value::Float(*value)),
        Range::OneOf { .. } | Range::Text { .. } => matches.get_one::<String>(field.name).cloned().map(Value::String),
        Range::Switch => matches.get_flag(field.name).then_some(Value::Boolean(true)),
    }
}

impl TrainFlags {
    /// These settings, by name.
    pub fn of<const N: usize>(settings: [(&str, Value); N]) -> Self {
        Self(settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// All that was said, by name.
    pub fn given(&self) -> &Table {
        &self.0
    }

    /// Says something else as well.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Leaves something unsaid.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// Whether something was said of a setting.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// What was said of a setting that is a whole number.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_integer()?.try_into().ok()
    }

    /// Sets what was given. `train_tokens` turns epochs into steps.
    pub fn apply(&self, model: &mut ModelConfig, train: &mut TrainConfig, train_tokens: u64) -> Result<()> {
        *train = overlay(train, &self.among(&TrainConfig::FIELDS)).context("the settings cannot be used")?;
        *model = overlay(model, &self.among(&ModelConfig::FIELDS)).context("the settings cannot be used")?;
        if self.has(GPT.name) && !model.is_gpt() {
            *model = model.as_gpt(train.context);
        }
        // Also one of a settings file: pasted from Windows, it would otherwise hold characters that no text has.
        train.sample_prompt = line_ends(&train.sample_prompt).into_owned();
        if let Some(epochs) = self.0.get(EPOCHS.name).and_then(Value::as_float) {
            train.steps = steps_of(epochs, train, train_tokens)?;
        }
        Ok(())
    }

    fn among(&self, fields: &[&Field]) -> Table {
        let is_one = |name: &str| fields.iter().any(|field| field.name == name);
        self.0.iter().filter(|(name, _)| is_one(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Which of them change nothing beside the settings that came of them, and why.
    pub fn without_effect(&self, model: &ModelConfig, train: &TrainConfig) -> Vec<String> {
        let mut reasons = Vec::new();
        let samples = [("--sample-prompt", self.has("sample_prompt")), ("--sample-tokens", self.has("sample_tokens"))];
        for (flag, _) in samples.into_iter().filter(|(_, given)| *given && train.sample_every == 0) {
            reasons.push(format!("{flag} has no effect: no sample is written without --sample-every"));
        }
        let intervals = [
            ("--sample-every", self.whole("sample_every")),
            ("--eval-every", self.whole("eval_every")),
            ("--save-every", self.whole("save_every")),
        ];
        for (flag, _) in intervals.into_iter().filter(|(_, given)| given.is_some_and(|every| every > train.steps)) {
            reasons.push(format!("{flag} has no effect: the run ends after {}", format::count(train.steps, "step")));
        }
        let evaluations = train.steps.div_ceil(train.eval_every.max(1));
        if self.whole("patience").is_some_and(|patience| patience >= evaluations) {
            let all = format::count(evaluations, "evaluation");
            reasons.push(format!("--patience has no effect: the run has {all} in all"));
        }
        if self.whole("warmup").is_some_and(|warmup| warmup >= train.steps) {
            reasons.push(format!(
                "--warmup is as long as the run of {} or longer: the learning rate does not reach its peak",
                format::count(train.steps, "step")
            ));
        }
        if self.has("planning") && !model.plans(train.context) {
            let (context, chunks) = (train.context, 2 * model.chunk);
            reasons.push(format!(
                "--planning has no effect: a --context of {context} is less than two chunks, {chunks} tokens"
            ));
        }
        reasons
    }
}

fn steps_of(epochs: f64, train: &TrainConfig, train_tokens: u64) -> Result<u64> {
    if !(epochs > 0.0 && epochs <= 1e6) {
        return Err(Usage(format!("epochs = {epochs} is out of range: it must be {}", EPOCHS.range.words())).into());
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
        let flags =
            TrainFlags::of([("sample_prompt", "a".into()), ("sample_tokens", 3.into()), ("planning", true.into())]);
        let said = flags.without_effect(&model, &train);
        assert!(said.iter().all(|why| why.contains("has no effect")) && said.len() == 3, "{said:?}");
        let samples = TrainConfig { context: 256, sample_every: 5, ..train.clone() };
        assert!(flags.without_effect(&model, &samples).is_empty());
        let rare = TrainFlags::of([("sample_every", 9_999.into())]);
        let train = TrainConfig { sample_every: 9_999, ..train };
        assert_eq!(rare.without_effect(&model, &train).len(), 1);
        assert!(TrainFlags::default().without_effect(&model, &train).is_empty());
    }

    #[test]
    fn flags_are_what_their_settings_are_in_a_file() {
        let parse = |line: &str| {
            let command = TrainFlags::augment_args(Command::new("train"));
            let matches = command.try_get_matches_from(std::iter::once("train").chain(line.split_whitespace()));
            matches.map(|matches| TrainFlags::from_arg_matches(&matches).unwrap()).map_err(|error| error.to_string())
        };
        let flags = parse("--steps 5 --lr 1e-3 --recompute --precision bf16 --sample-prompt -x --gate-rank 2").unwrap();
        let expected = [
            ("steps", 5.into()),
            ("lr", 1e-3.into()),
            ("recompute", true.into()),
            ("precision", "bf16".into()),
            ("sample_prompt", "-x".into()),
            ("gate_rank", 2.into()),
        ];
        assert_eq!(flags, TrainFlags::of(expected));
        assert_eq!(toml::from_str::<TrainFlags>(&toml::to_string(&flags).unwrap()).unwrap(), flags);
        assert_eq!(parse("").unwrap(), TrainFlags::default());
        assert!(parse("--steps 5 --epochs 2").unwrap_err().contains("cannot be used with"));
        assert!(
            parse("--precision f64").unwrap_err().contains("precision = f64 is out of range: it must be f32 or bf16")
        );
        assert!(parse("--steps -1").unwrap_err().contains("unexpected argument '-1'"));
        // As earlier versions wrote it.
        let old: TrainFlags = toml::from_str("steps = 5\nrecompute = false\nplanning = false\ngpt = false\n").unwrap();
        assert_eq!(old, TrainFlags::of([("steps", 5.into())]));
        assert!(toml::from_str::<TrainFlags>("step = 5\n").unwrap_err().to_string().contains("unknown field `step`"));
    }

    #[test]
    fn epochs_are_rounded_up_to_steps() {
        let train = TrainConfig { context: 10, batch: 3, accum: 2, ..TrainConfig::for_model(&Stage::Tiny.config(9)) };
        assert_eq!(steps_of(2.0, &train, 601).unwrap(), 21);
        assert_eq!(steps_of(0.001, &train, 601).unwrap(), 1);
    }
}
