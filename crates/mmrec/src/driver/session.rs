//! A training session.

mod course;
mod steps;

use std::collections::VecDeque;

use burn::tensor::Device;

use super::watch::Watch;
use super::{Event, Finish, PendingAction, SaveKind};
use crate::Error;
use crate::checkpoint::{Adapter, Best, Checkpoint, Growth, LearnedText, Progress, learn, stored};
use crate::config::{ModelConfig, SampleConfig, TrainConfig};
use crate::data::{Dataset, Sampler};
use crate::generate::{Generator, next_logits};
use crate::inspect::Inspection;
use crate::model::{adapted_weight, collect_weights};
use crate::platform::read;
use crate::train::{Evaluation, Measured, ReplicaGroup, Trainer, check_precision, trainable_specs};

/// A model in training on a text.
#[derive(Debug)]
pub struct Session {
    model: ModelConfig,
    data: Dataset,
    /// The state after the last step whose loss was read and found finite.
    committed: Trainer,
    /// The state after the last step; ahead of `committed` by the steps in `unread`.
    speculative: Trainer,
    replicas: ReplicaGroup,
    unread: Vec<Measured>,
    /// Seconds that the unread steps took so far.
    unread_seconds: f64,
    watch: Watch,
    progress: Progress,
    /// The texts that the model learned, this one last.
    texts: Vec<LearnedText>,
    pending: VecDeque<PendingAction>,
    /// Whether the shell was asked for the save that is pending first.
    saving: bool,
    evaluation: Option<Evaluation>,
    sample: Option<(Generator, String)>,
    finished: bool,
}

impl Session {
    /// A new run on `data`.
    ///
    /// # Errors
    /// [`Error::Config`] if a setting is out of range, [`Error::Data`] if the text is too short for one batch.
    pub fn new(model: ModelConfig, train: TrainConfig, data: Dataset, device: &Device) -> Result<Self, Error> {
        model.validate()?;
        train.validate()?;
        if train.is_partial() {
            return Err(Error::NothingLearned);
        }
        data.check(train.context, train.batch)?;
        check_precision(&train, device)?;
        let trainer = Trainer::fresh(&model, &train, device);
        let progress = beginning(train, &data);
        Ok(Self::build(model, data, trainer, progress, Vec::new()))
    }

    /// A new run on `data` that begins with the weights of a checkpoint, grown or not, and with its moments where it has any. The
    /// run has its own settings and its own schedule, and trains all weights, or what `train` says.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::OtherTokenizer`] if the text's tokenizer is not the checkpoint's.
    pub fn start_from(
        checkpoint: &Checkpoint,
        train: TrainConfig,
        data: Dataset,
        device: &Device,
    ) -> Result<Self, Error> {
        checkpoint.model.validate()?;
        train.validate()?;
        train.validate_for(&checkpoint.model)?;
        if checkpoint.tokenizer != data.tokenizer {
            let (model, tokenizer) = (checkpoint.tokenizer.to_string(), data.tokenizer.to_string());
            return Err(Error::OtherTokenizer { model, text: data.name, tokenizer });
        }
        data.check(train.context, train.batch)?;
        check_precision(&train, device)?;
        let trainer = checkpoint.build_new_trainer(&train, device);
        let progress = Progress { warm_moments: trainer.optimizer.is_warm(), ..beginning(train, &data) };
        Ok(Self::build(checkpoint.model.clone(), data, trainer, progress, checkpoint.learned()))
    }

    /// Continues a checkpoint on the text it was trained on, exactly where it stood.
    ///
    /// # Errors
    /// [`Error::NotResumable`] for a checkpoint without progress, [`Error::OtherText`] for another text.
    pub fn resume(checkpoint: &Checkpoint, data: Dataset, device: &Device) -> Result<Self, Error> {
        let progress = checkpoint.progress.clone().ok_or(Error::NotResumable)?;
        if progress.data_fingerprint != data.fingerprint {
            return Err(Error::OtherText { trained: progress.data_name, given: data.name });
        }
        data.check(progress.train.context, progress.train.batch)?;
        check_precision(&progress.train, device)?;
        let trainer = checkpoint.build_trainer(device).ok_or(Error::NotResumable)?;
        Ok(Self::build(checkpoint.model.clone(), data, trainer, progress, checkpoint.learned()))
    }

    /// Goes on with a larger model, `grown` (see [`grow`](crate::grow::grow)), where `before`, the progress of the smaller one, left
    /// off: the same place in the text, the same curve. The schedule begins anew and takes `train.steps` more steps. `parameters`
    /// are those of the smaller model.
    ///
    /// # Errors
    /// As [`start_from`](Self::start_from), and [`Error::OtherText`] for another text.
    pub fn resume_grown(
        before: &Progress,
        parameters: u64,
        grown: &Checkpoint,
        train: TrainConfig,
        data: Dataset,
        device: &Device,
    ) -> Result<Self, Error> {
        if before.data_fingerprint != data.fingerprint {
            return Err(Error::OtherText { trained: before.data_name.clone(), given: data.name });
        }
        let train = TrainConfig { steps: before.step.saturating_add(train.steps), ..train };
        let mut session = Self::start_from(grown, train, data, device)?;
        let Progress { train, warm_moments, .. } = session.progress;
        let growth = Growth { step: before.step, flops: before.flops, parameters };
        let growths = before.grown.iter().copied().chain([growth]).collect();
        session.progress = Progress {
            train,
            warm_moments,
            grown: growths,
            best: None,
            evals_since_best: 0,
            pending: Vec::new(),
            ..before.clone()
        };
        for trainer in [&mut session.committed, &mut session.speculative] {
            (trainer.step, trainer.schedule_start) = (before.step, before.step);
        }
        Ok(session)
    }

    /// `texts`: what the model learned before.
    fn build(
        model: ModelConfig,
        data: Dataset,
        trainer: Trainer,
        progress: Progress,
        mut texts: Vec<LearnedText>,
    ) -> Self {
        learn(&mut texts, LearnedText::of(&data, progress.train.context));
        Self {
            model,
            texts,
            data,
            committed: trainer.clone(),
            speculative: trainer,
            replicas: ReplicaGroup::default(),
            unread: Vec::new(),
            unread_seconds: 0.0,
            watch: Watch::default(),
            pending: progress.pending.iter().copied().collect(),
            progress,
            saving: false,
            evaluation: None,
            sample: None,
            finished: false,
        }
    }

    /// Shares all further steps with other devices. The losses stay what they were, but for rounding and for the masks of dropout.
    pub fn train_with(&mut self, replicas: ReplicaGroup) {
        self.replicas = replicas;
    }

    /// Does one bounded piece of work and says what happened. After [`Event::Finished`] nothing is left to do and the list is
    /// empty, unless [`set_steps`](Self::set_steps) asks for more.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails, [`Error::Peer`] if another one does that shares the steps,
    /// [`Error::Data`] if the text can no longer be read. The steps before stay.
    pub async fn advance(&mut self) -> Result<Vec<Event>, Error> {
        // Only a shell that goes on has saved: until then, every checkpoint still asks for it.
        if std::mem::take(&mut self.saving) {
            self.pending.pop_front();
        }
        if self.finished {
            return Ok(Vec::new());
        }
        match self.pending.front().copied() {
            Some(PendingAction::Evaluate) => self.evaluate().await,
            Some(PendingAction::Sample) => self.write_sample().await,
            Some(PendingAction::Save(kind)) => {
                self.saving = true;
                Ok(vec![Event::Save { kind, step: self.step() }])
            }
            Some(PendingAction::Finish(reason)) => {
                // It stays due: a checkpoint of a run that has ended says so.
                self.finished = true;
                Ok(vec![Event::Finished { reason, message: self.finish_message(reason) }])
            }
            None => self.train().await,
        }
    }

    async fn evaluate(&mut self) -> Result<Vec<Event>, Error> {
        let (train, validation) = (&self.progress.train, &self.data.validation);
        let model = self.committed.trained_model();
        let evaluation =
            self.evaluation.get_or_insert_with(|| Evaluation::new(validation.len(), train.context, train.eval_windows));
        evaluation.advance(&model, validation, train.batch).await?;
        let (done, total) = evaluation.progress();
        if !evaluation.is_done() {
            return Ok(vec![Event::Evaluating { step: self.step(), done, total }]);
        }
        let per_character = validation.len() as f64 / self.data.validation_chars.max(1) as f64;
        let metrics = evaluation.metrics(per_character);
        self.evaluation = None;
        self.pending.pop_front();
        let best = metrics.loss.is_finite() && self.progress.best.is_none_or(|best| metrics.loss < best.loss);
        self.apply_evaluation(best, metrics.loss);
        if let Some(point) = self.progress.history.last_mut().filter(|point| point.step == self.progress.step) {
            point.val_loss = Some(metrics.loss);
            point.val_bpc = Some(metrics.bpc);
            point.val_perplexity = Some(metrics.perplexity);
            point.val_accuracy = Some(metrics.accuracy);
        }
        Ok(vec![Event::Eval {
            step: self.step(),
            epoch: self.progress.tokens as f64 / self.data.train.len() as f64,
            val_loss: metrics.loss,
            val_bpc: metrics.bpc,
            val_perplexity: metrics.perplexity,
            val_accuracy: metrics.accuracy,
            best,
        }])
    }

    /// Draws the consequences of an evaluation: a best checkpoint, or an early end.
    fn apply_evaluation(&mut self, best: bool, loss: f32) {
        let progress = &mut self.progress;
        if best {
            progress.best = Some(Best { step: progress.step, loss });
            progress.evals_since_best = 0;
            self.pending.push_front(PendingAction::Save(SaveKind::Best));
            return;
        }
        progress.evals_since_best += 1;
        let ends = self.pending.iter().any(|action| matches!(action, PendingAction::Finish(_)));
        if progress.train.patience > 0 && progress.evals_since_best >= progress.train.patience && !ends {
            self.pending.retain(|action| !matches!(action, PendingAction::Save(SaveKind::Step)));
            self.pending.extend([PendingAction::Save(SaveKind::Last), PendingAction::Finish(Finish::Plateau)]);
        }
    }

    async fn write_sample(&mut self) -> Result<Vec<Event>, Error> {
        let (mut generator, mut text) = match self.sample.take() {
            Some(sample) => sample,
            None => (self.sample_generator()?, self.progress.train.sample_prompt.clone()),
        };
        if let Some(piece) = generator.next().await? {
            text.push_str(&piece);
            self.sample = Some((generator, text));
            return Ok(Vec::new());
        }
        self.pending.pop_front();
        Ok(vec![Event::Sample { step: self.step(), text }])
    }

    fn sample_generator(&self) -> Result<Generator, Error> {
        let train = &self.progress.train;
        let options = SampleConfig { max_tokens: train.sample_tokens, seed: train.seed, ..SampleConfig::default() };
        self.generator(&train.sample_prompt, &options)
    }

    fn finish_message(&self, reason: Finish) -> String {
        let step = self.step();
        let best = self.progress.best.map_or(String::new(), |best| {
            format!(" The best validation loss was {:.4} at step {}.", best.loss, best.step)
        });
        match reason {
            Finish::Steps => format!("All {step} steps are done.{best}"),
            Finish::Plateau => {
                let (stale, plural) =
                    (self.progress.evals_since_best, if self.progress.evals_since_best == 1 { "" } else { "s" });
                format!("Stopped at step {step}: {stale} evaluation{plural} brought no better validation loss.{best}")
            }
            Finish::NotFinite => format!(
                "Stopped: the loss or its gradient became NaN or infinite after step {step}. The state of step {step} is kept. Try a lower learning rate or a longer warm-up.{best}"
            ),
        }
    }

    /// Everything needed to continue from the last step that was taken, or from the last good one where it was not finite. Steps that
    /// nothing was told of yet are among them. A save that the shell was asked for is asked for again where this is resumed, until
    /// the shell goes on: so none is lost that could not be finished.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails.
    pub async fn checkpoint(&mut self) -> Result<Checkpoint, Error> {
        if !self.unread.is_empty() {
            self.commit().await?;
        }
        let weights = collect_weights(&self.committed.model);
        let count = weights.len();
        let mut tensors: Vec<_> = weights.iter().map(|weight| weight.values.clone()).collect();
        tensors.extend(self.committed.optimizer.tensors());
        let mut values = read(tensors).await?;
        let optimizer = self.committed.optimizer.host_state(values.split_off(count));
        let tensors = stored(&weights, values).into_iter();
        let (factors, weights) = tensors.partition(|tensor| adapted_weight(&tensor.name).is_some());
        Ok(Checkpoint {
            model: self.model.clone(),
            tokenizer: self.data.tokenizer.clone(),
            weights,
            adapter: self.progress.train.adapter().map(|config| Adapter { config, factors }),
            progress: Some(Progress { pending: self.pending.iter().copied().collect(), ..self.progress.clone() }),
            optimizer,
            texts: self.texts.clone(),
        })
    }

    /// Begins to write after `prompt`, with the model as it is now.
    ///
    /// # Errors
    /// [`Error::Config`] if an option is out of range.
    pub fn generator(&self, prompt: &str, options: &SampleConfig) -> Result<Generator, Error> {
        Generator::new(&self.committed.trained_model(), &self.model, &self.data.tokenizer, prompt, options)
    }

    /// The logits of the token that follows `prompt`.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] if the device fails.
    pub async fn logits(&self, prompt: &str) -> Result<Vec<f32>, Error> {
        next_logits(&self.committed.trained_model(), &self.model, &self.data.tokenizer, prompt).await
    }

    /// Looks inside the model, as it is now, while it reads `text`.
    ///
    /// # Errors
    /// As [`Inspection::new`].
    pub async fn inspect(&self, text: &str) -> Result<Inspection, Error> {
        Inspection::new(&self.committed.trained_model(), &self.data.tokenizer, text).await
    }

    /// Optimizer steps taken.
    pub fn step(&self) -> u64 {
        self.progress.step
    }

    /// Whether training has ended.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// How many numbers are trained: all of the model's, or those that the settings leave or add.
    pub fn trained_parameters(&self) -> u64 {
        trainable_specs(&self.model, &self.progress.train).iter().map(|spec| spec.len() as u64).sum()
    }

    /// Settings and state of the run.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The model's sizes.
    pub fn model_config(&self) -> &ModelConfig {
        &self.model
    }

    /// The text.
    pub fn data(&self) -> &Dataset {
        &self.data
    }
}

/// Where a new run stands.
fn beginning(train: TrainConfig, data: &Dataset) -> Progress {
    Progress {
        sampler: Sampler::new(train.seed),
        train,
        step: 0,
        tokens: 0,
        seconds: 0.0,
        history: Vec::new(),
        best: None,
        evals_since_best: 0,
        warm_moments: false,
        grown: Vec::new(),
        flops: 0.0,
        pending: Vec::new(),
        data_name: data.name.clone(),
        data_fingerprint: data.fingerprint.clone(),
    }
}

/// What a step brings with it. The last step is always evaluated and saved.
fn actions_after(train: &TrainConfig, step: u64) -> Vec<PendingAction> {
    let every = |n: u64| n > 0 && step.is_multiple_of(n);
    let last = step >= train.steps;
    let mut actions = Vec::new();
    if every(train.eval_every) || last {
        actions.push(PendingAction::Evaluate);
    }
    if every(train.sample_every) {
        actions.push(PendingAction::Sample);
    }
    if last {
        actions.extend([PendingAction::Save(SaveKind::Last), PendingAction::Finish(Finish::Steps)]);
    } else if every(train.save_every) {
        actions.push(PendingAction::Save(SaveKind::Step));
    }
    actions
}
