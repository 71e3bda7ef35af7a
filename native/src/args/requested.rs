//! The settings that a run gets: what was asked for, over what holds without it.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use mmrec::config::{ModelConfig, Stage, TrainConfig};

use super::differences::{Difference, between, can_grow, differences, in_words};
use super::training::TrainFlags;
use super::tuning::TuneFlags;
use crate::run::settings_file::{DataOrigin, SettingsFile, overlay, table};
use crate::terminal::failure::Usage;
use crate::terminal::output::note;

/// What the command line says about settings.
#[derive(Debug)]
pub struct RequestedSettings<'a> {
    /// `--stage`.
    pub stage: Option<Stage>,
    /// `--config`, with its path for errors.
    pub file: Option<(&'a Path, SettingsFile)>,
    /// The flags.
    pub flags: &'a TrainFlags,
    /// Those of fine-tuning, where it is that.
    pub tuning: Option<&'a TuneFlags>,
}

impl RequestedSettings<'_> {
    /// The settings of a new run on a text of `train_tokens` training tokens and `vocab` different ones.
    pub fn for_new_run(&self, vocab: usize, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        let mut model = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.base(path, vocab)?,
            (None, Some(stage)) => stage.config(vocab),
            (None, None) => return Err(Usage("choose a model with --stage NAME or --config FILE".to_owned()).into()),
        };
        let mut train = self.overlay_train(TrainConfig::for_model(&model))?;
        self.flags.apply(&mut model, &mut train, train_tokens)?;
        validate(&model, &train)?;
        Ok((model, train))
    }

    /// The settings of a new run that begins with a model of these sizes, on a text of `train_tokens` training tokens. Sizes may
    /// be said again, and the dropout may change.
    pub fn for_run_from(&self, model: &ModelConfig, train_tokens: u64) -> Result<(ModelConfig, TrainConfig)> {
        let mut wanted = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.over(path, model)?,
            (None, Some(stage)) => stage.like(model),
            (None, None) => model.clone(),
        };
        let defaults = match self.tuning {
            Some(tuning) => TrainConfig::for_tuning(&wanted, tuning.lora.is_some()),
            None => TrainConfig::for_model(&wanted),
        };
        let mut train = self.overlay_train(defaults)?;
        self.apply(&mut wanted, &mut train, train_tokens)?;
        validate(&wanted, &train)?;
        let same_dropout = ModelConfig { dropout: model.dropout, ..wanted.clone() };
        let differences = between(&table(model)?, &table(&same_dropout)?);
        if !differences.is_empty() {
            return Err(Usage(format!(
                "a run from a checkpoint keeps its sizes: {}. Leave these out{}, or train a model with fresh weights",
                in_words(&differences),
                if can_grow(&differences) { ", make the model larger first by mmrec grow" } else { "" }
            ))
            .into());
        }
        Ok((wanted, train))
    }

    /// What a run of `model` and `train` goes on with, and what it does not take over of what is asked for.
    pub fn for_resume(&self, model: &ModelConfig, train: &TrainConfig, train_tokens: u64) -> Result<Course> {
        let mut wanted_model = match (&self.file, self.stage) {
            (Some((path, file)), _) => file.base(path, model.vocab)?,
            (None, Some(stage)) => stage.like(model),
            (None, None) => model.clone(),
        };
        let mut wanted = self.overlay_train(train.clone())?;
        self.apply(&mut wanted_model, &mut wanted, train_tokens)?;
        validate(&wanted_model, &wanted)?;
        let course = train.with_course_of(&wanted);
        let trained = ModelConfig { dropout: wanted_model.dropout, ..model.clone() };
        let dropout = between(&table(model)?, &table(&trained)?);
        Ok(Course {
            sizes: between(&table(&trained)?, &table(&wanted_model)?),
            training: [dropout.clone(), differences(&course, &wanted)?].concat(),
            all: [dropout, differences(train, &wanted)?].concat(),
            train: course,
        })
    }

    /// How the text of the run was read that the settings file is of.
    pub fn origin(&self) -> Option<&DataOrigin> {
        self.file.as_ref().and_then(|(_, file)| file.data.as_ref())
    }

    /// Tells which flags change nothing with these settings.
    pub fn tell_what_is_without_effect(&self, model: &ModelConfig, train: &TrainConfig) {
        self.flags.without_effect(model, train).iter().for_each(|why| note(why));
    }

    fn apply(&self, model: &mut ModelConfig, train: &mut TrainConfig, train_tokens: u64) -> Result<()> {
        if let Some(tuning) = self.tuning {
            tuning.apply(train);
        }
        self.flags.apply(model, train, train_tokens)
    }

    fn overlay_train(&self, base: TrainConfig) -> Result<TrainConfig> {
        match &self.file {
            None => Ok(base),
            Some((path, file)) => {
                overlay(&base, &file.train).with_context(|| format!("[train] of {} cannot be used", path.display()))
            }
        }
    }
}

fn validate(model: &ModelConfig, train: &TrainConfig) -> Result<()> {
    let checked = model.validate().and_then(|()| train.validate()).and_then(|()| train.validate_for(model));
    checked.map_err(|error| anyhow!(Usage(error.to_string())))
}

/// How a run goes on, beside what was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// The settings from here on.
    pub train: TrainConfig,
    /// Sizes of the model that would be others.
    pub sizes: Vec<Difference>,
    /// Settings of the training that would be others.
    pub training: Vec<Difference>,
    /// Those and the ones that it takes over.
    pub all: Vec<Difference>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::settings_file::Origin;
    use mmrec::config::{OptimizerKind, Precision};
    use mmrec::tokenizer::TokenizerKind;

    fn requested<'a>(flags: &'a TrainFlags, file: &str) -> RequestedSettings<'a> {
        RequestedSettings {
            stage: None,
            file: Some((Path::new("a.toml"), toml::from_str(file).unwrap())),
            flags,
            tuning: None,
        }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_stage() {
        let flags = TrainFlags::of([("lr", 0.5.into())]);
        let file = "stage = \"tiny\"\n[model]\nlayers = 2\n[train]\nlr = 0.25\nbatch = 3\n";
        let (model, train) = requested(&flags, file).for_new_run(77, 1_000).unwrap();
        assert_eq!(model, ModelConfig { layers: 2, ..Stage::Tiny.config(77) });
        assert_eq!((train.lr, train.batch, train.context), (0.5, 3, 256));
    }

    #[test]
    fn a_runs_file_describes_the_same_run() {
        let model = ModelConfig { dropout: 0.25, ..Stage::Mini.config(99) };
        let train = TrainConfig { steps: 7, sample_prompt: "\"Hé\n".to_owned(), ..TrainConfig::for_model(&model) };
        let data = DataOrigin {
            name: "x".to_owned(),
            path: "x.txt".into(),
            fingerprint: "f".to_owned(),
            tokenizer: TokenizerKind::Char,
            vocab: None,
            validation: Some(0.1),
            lossy: false,
        };
        let origin = Origin { from: Some("base.safetensors".into()), data };
        let text = SettingsFile::of_run(&model, &train, origin.clone(), "3".parse().unwrap()).unwrap();
        assert_eq!(toml::from_str::<SettingsFile>(&text).unwrap().origin(), Some(origin));
        assert!(text.contains("\nkeep = 3\n"), "{text}");
        assert_eq!(SettingsFile::is_as_written(&text), Some(true));
        assert_eq!(SettingsFile::is_as_written(&text.replace("keep = 3", "keep = 4")), Some(false));
        assert_eq!(SettingsFile::is_as_written("# Settings of mine.\nkeep = 3\n"), None);
        let flags = TrainFlags::default();
        let again = requested(&flags, &text).for_new_run(99, 1_000).unwrap();
        assert_eq!(again, (model, train));
        // Another text, another vocabulary.
        assert_eq!(requested(&flags, &text).for_new_run(42, 1_000).unwrap().0.vocab, 42);
    }

    #[test]
    fn mistakes_in_files_and_flags_are_named() {
        let flags = TrainFlags::default();
        let say = |file: &str| format!("{:#}", requested(&flags, file).for_new_run(9, 1_000).unwrap_err());
        assert!(say("stage = \"tiny\"\n[train]\nlearning_rate = 1.0").contains("unknown field `learning_rate`"));
        assert!(say("[model]\nwidth = 16").contains("missing field"));
        assert!(say("stage = \"tiny\"\n[train]\nbatch = 0").contains("batch = 0 is out of range"));
        assert!(toml::from_str::<SettingsFile>("[trian]\n").is_err());
        let flags = TrainFlags::of([("epochs", f64::NAN.into())]);
        let error = requested(&flags, "stage = \"tiny\"").for_new_run(9, 1_000).unwrap_err();
        assert!(error.to_string().contains("epochs = NaN"));
    }

    #[test]
    fn a_run_from_a_checkpoint_keeps_its_sizes() {
        let model = Stage::Tiny.config(9);
        let flags = TrainFlags::of([("dropout", 0.2.into()), ("lr", 0.5.into())]);
        let from = |stage, file: Option<&str>| {
            let file = file.map(|file| (Path::new("a.toml"), toml::from_str(file).unwrap()));
            RequestedSettings { stage, file, flags: &flags, tuning: None }
                .for_run_from(&model, 1_000)
                .map_err(|error| format!("{error:#}"))
        };
        let (kept, train) = from(None, None).unwrap();
        assert_eq!((kept, train.lr), (ModelConfig { dropout: 0.2, ..model.clone() }, 0.5));
        assert!(from(Some(Stage::Tiny), None).is_ok());
        assert!(from(Some(Stage::Mini), None).unwrap_err().contains("width is 64 there and 192 here"));
        let (kept, train) = from(None, Some("[model]\nvocab = 77\n[train]\nbatch = 3\n")).unwrap();
        assert_eq!((kept.vocab, train.batch), (9, 3));
        assert!(from(None, Some("[model]\nlayers = 5\n")).unwrap_err().contains("layers is 4 there and 5 here"));
        assert!(from(None, Some("[model]\ncolour = 5\n")).unwrap_err().contains("colour"));
    }

    #[test]
    fn a_resumed_run_keeps_what_its_numbers_come_from_and_takes_over_the_rest() {
        let model = Stage::Tiny.config(9);
        let train = TrainConfig { batch: 4, ..TrainConfig::for_model(&model) };
        let resume = |flags: &TrainFlags, stage| {
            let requested = RequestedSettings { stage, file: None, flags, tuning: None };
            requested.for_resume(&model, &train, 1_000).map_err(|error| error.to_string())
        };
        let course = resume(&TrainFlags::default(), Some(Stage::Tiny)).unwrap();
        assert_eq!(course, Course { train: train.clone(), sizes: Vec::new(), training: Vec::new(), all: Vec::new() });
        let flags = TrainFlags::of([
            ("steps", 5_000.into()),
            ("batch", 4.into()),
            ("eval_every", 7.into()),
            ("eval_windows", 8.into()),
            ("patience", 9.into()),
            ("save_every", 10.into()),
            ("log_every", 11.into()),
            ("sample_every", 12.into()),
            ("sample_prompt", "Dear\r\nyou".into()),
            ("sample_tokens", 13.into()),
            ("recompute", true.into()),
        ]);
        let course = resume(&flags, None).unwrap();
        assert!(course.sizes.is_empty() && course.training.is_empty());
        let expected = TrainConfig {
            steps: 5_000,
            eval_every: 7,
            eval_windows: 8,
            patience: 9,
            save_every: 10,
            log_every: 11,
            sample_every: 12,
            sample_prompt: "Dear\nyou".to_owned(),
            sample_tokens: 13,
            recompute: true,
            ..train.clone()
        };
        assert_eq!(course.train, expected);
        let flags = TrainFlags::of([("batch", 8.into()), ("lr", 0.001.into()), ("dropout", 0.5.into())]);
        let course = resume(&flags, Some(Stage::Mini)).unwrap();
        assert!(in_words(&course.sizes).contains("width is 64 there and 192 here"), "{:?}", course.sizes);
        assert!(in_words(&course.training).contains("batch is 4 there and 8 here"));
        let options: Vec<String> = course.training.iter().map(Difference::option).collect();
        assert_eq!(options, ["--dropout 0.5", "--batch 8", "--lr 0.001"]);
        assert_eq!(course.train, train);
        let flags = TrainFlags::of([("lr", 0.001.into()), ("steps", 5_000.into())]);
        let course = resume(&flags, None).unwrap();
        let options = |of: &[Difference]| of.iter().map(Difference::option).collect::<Vec<_>>();
        assert_eq!(options(&course.training), ["--lr 0.001"]);
        assert_eq!(options(&course.all), ["--lr 0.001", "--steps 5000"]);
    }

    #[test]
    fn what_is_left_out_is_off() {
        let train = TrainConfig::for_model(&Stage::Tiny.config(9));
        let other = TrainConfig { precision: Precision::Bf16, freeze: 2, lora_alpha: 4.0, ..train.clone() };
        let options =
            |there, here| differences(there, here).unwrap().iter().map(Difference::option).collect::<Vec<_>>();
        assert_eq!(options(&train, &other), ["--freeze 2", "--lora-alpha 4.0", "--precision bf16"]);
        assert_eq!(options(&other, &train), ["--freeze 0", "--lora-alpha 0.0", "--precision f32"]);
        assert!(in_words(&differences(&train, &other).unwrap()).contains("freeze is 0 there and 2 here"));
        let sgd = TrainConfig { optimizer: OptimizerKind::Sgd, ..train.clone() };
        assert_eq!(
            (options(&train, &sgd), options(&sgd, &train)),
            (vec!["--optimizer sgd".to_owned()], vec!["--optimizer adamw".to_owned()])
        );
    }

    #[test]
    fn growth_is_named_where_it_serves() {
        let tiny = Stage::Tiny.config(9);
        let to = |other: ModelConfig| can_grow(&between(&table(&tiny).unwrap(), &table(&other).unwrap()));
        assert!(to(ModelConfig { layers: 6, width: 128, ..tiny.clone() }));
        assert!(!to(ModelConfig { layers: 2, ..tiny.clone() }));
        assert!(!to(ModelConfig { planning: true, ..tiny.clone() }));
        assert!(!to(ModelConfig { layers: 6, gate_rank: 4, ..tiny.clone() }));
        assert!(!to(tiny.as_gpt(64)));
    }
}
