//! Drives a session: shows, writes and saves what happens, until it ends or somebody stops it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail};
use mmrec::config::Stage;
use mmrec::data::DataError;
use mmrec::driver::{Event, Finish, Point, SaveKind, Session};
use serde_json::json;

use super::anew;
use super::config_file;
use super::ladder::Ladder;
use super::start::Started;
use crate::io::atomic_file;
use crate::run::folder::{Lost, RunFolder};
use crate::run::loss_svg::{self, Axis, Curves};
use crate::run::metrics::{Line, Metrics};
use crate::terminal::format;
use crate::terminal::interrupt::{self, Interrupted};
use crate::terminal::output::{Output, is_unread, name, path_text};
use crate::terminal::progress::{Progress, seconds_left};
use crate::terminal::shell::Suggestion;

/// Least time between two drawings of `loss.svg`.
const DRAW_EVERY: Duration = Duration::from_secs(5);

/// The last checkpoint is at most this old, however rare the periodic ones are.
const SAVE_EVERY: Duration = Duration::from_secs(300);

/// A session at work.
pub struct Runner {
    folder: RunFolder,
    session: Session,
    metrics: Metrics,
    output: Output,
    progress: Progress,
    shown: Shown,
    drawn: Option<Instant>,
    /// Whether it was told that there is no drawing.
    undrawn: bool,
    saved: Instant,
    /// The step that was saved last.
    saved_step: u64,
    /// Steps that were taken and seconds that they took when this began.
    began: (u64, f64),
}

/// What the progress shows.
#[derive(Default)]
struct Shown {
    point: Option<Point>,
    val_loss: Option<f32>,
}

impl Runner {
    /// Ready to go.
    pub fn new(started: Started, output: Output) -> Self {
        let Started { folder, session, metrics } = started;
        Self {
            progress: Progress::training(output, session.progress().train.steps),
            shown: Shown::default(),
            drawn: None,
            undrawn: false,
            saved: Instant::now(),
            saved_step: session.step(),
            began: (session.step(), session.progress().seconds),
            folder,
            session,
            metrics,
            output,
        }
    }

    /// Trains to the end; gives back what it worked on, and what is to be said of the end.
    pub fn run(mut self, device: &str) -> Result<(Started, String)> {
        let trained = self.announce(device).and_then(|()| self.train());
        let ended = trained.and_then(|end| self.metrics.sync().map(|()| end));
        let ended = ended.map_err(|error| self.rescue(error));
        self.draw();
        self.progress.leave();
        let message = self.conclude(ended?)?;
        Ok((Started { folder: self.folder, session: self.session, metrics: self.metrics }, message))
    }

    fn announce(&self, device: &str) -> Result<()> {
        let (session, data) = (&self.session, self.session.data());
        let (model, train) = (session.model_config(), &session.progress().train);
        self.output.value(&json!({
            "type": "start",
            "run": path_text(self.folder.path()),
            "stage": Stage::of(model),
            "parameters": model.parameters(),
            "trained_parameters": session.trained_parameters(),
            "vocabulary": model.vocab,
            "device": device,
            "data": data.name,
            "train_tokens": data.train.len(),
            "val_tokens": data.validation.len(),
            "uniform_loss": self.uniform(),
            "step": session.step(),
            "steps": train.steps,
        }))?;
        self.progress.say(&format!(
            "{}{}{} on {device}; {}: {} to train on, {} for validation, vocabulary of {}",
            Stage::of(model).map_or(String::new(), |stage| format!("{stage}, ")),
            format::count(model.parameters(), "parameter"),
            trained_part(session),
            name(&data.name),
            format::count(data.train.len(), "token"),
            format::thousands(data.validation.len()),
            format::thousands(model.vocab as u64),
        ));
        let from =
            if session.step() > 0 { format!("going on from step {}", session.step()) } else { "starting".to_owned() };
        self.progress.say(&format!(
            "{from}: {} of {} x {} x {} tokens; guessing uniformly would give a loss of {:.3}",
            format::count(train.steps, "step"),
            train.batch,
            train.context,
            train.accum,
            self.uniform(),
        ));
        Ok(())
    }

    /// Loss of guessing uniformly, ln V.
    fn uniform(&self) -> f64 {
        (self.session.model_config().vocab as f64).ln()
    }

    fn train(&mut self) -> Result<(Finish, String)> {
        loop {
            if interrupt::requested() {
                return Err(self.stop()?.into());
            }
            let events = pollster::block_on(self.session.advance())?;
            // Only the last of several steps is reported; the others were read along with it.
            let last_step = events.iter().rposition(|event| matches!(event, Event::Step(_)));
            for (index, event) in events.into_iter().enumerate() {
                let passed_over = matches!(event, Event::Step(_)) && Some(index) != last_step;
                if passed_over {
                    continue;
                }
                if let Some(end) = self.handle(event)? {
                    return Ok(end);
                }
            }
            self.metrics.flush_before(self.session.step())?;
            if self.saved.elapsed() >= SAVE_EVERY {
                self.save(SaveKind::Last)?;
            }
            if self.drawn.is_none_or(|drawn| drawn.elapsed() >= DRAW_EVERY) {
                self.draw();
            }
        }
    }

    /// Saves because somebody asked to stop.
    fn stop(&mut self) -> Result<Interrupted> {
        self.progress.say("stopping: saving the run (again to stop at once)");
        let (path, step) = (self.save(SaveKind::Last)?, self.session.step());
        // Ctrl-C ends a whole pipeline: the reader may be gone.
        let _ = self.output.value(&json!({ "type": "interrupted", "step": step, "file": path_text(&path) }));
        self.progress.say(&format!("stopped after step {step}; go on with: {}", Ladder::way_on(&self.folder)));
        Ok(Interrupted)
    }

    /// Saves what an error would lose, as far as that goes, and says how to go on.
    fn rescue(&mut self, error: Error) -> Error {
        if error.is::<Interrupted>() {
            return error;
        }
        if is_unread(&error)
            && interrupt::requested()
            && let Ok(interrupted) = self.stop()
        {
            return interrupted.into();
        }
        if let Err(lost) = self.folder.check() {
            let saved = format::count(self.saved_step, "step");
            // Of an error that is no more than this, nothing is to be added.
            let error = if error.is::<Lost>() { error } else { error.context(lost) };
            return error.context(format!(
                "the run stopped before its end, and was last saved after {saved}; where its folder was moved to, it goes on by \
                 --resume with --out and that place"
            ));
        }
        // Lines of metrics that are not written come back from the checkpoint's history.
        let _ = self.metrics.sync();
        // Who knows what a failure of its own device left, or what was learned from a text that somebody changed.
        let is_sound = !is_loss_of_own(&error) && !is_change_of_text(&error);
        let saved = is_sound && self.write_checkpoint(SaveKind::Last).is_ok();
        let state = match saved {
            true => format!("is saved with all {} that were done", format::count(self.session.step(), "step")),
            false => format!("was last saved after step {}", self.saved_step),
        };
        let way_on = Ladder::way_on(&self.folder);
        let said = if is_loss_of_peer(&error) {
            format!(
                "the run lost a device and stopped; it {state}: go on with the devices that are there by {way_on} \
                 (and --workers, if any are left)"
            )
        } else if is_loss_of_own(&error) {
            format!(
                "the run's device failed and the run stopped; it {state}: go on from there by {way_on} \
                 (and --device cpu, if it fails again)"
            )
        } else {
            format!("the run stopped before its end; it {state}: go on by {way_on}")
        };
        error.context(said)
    }

    fn handle(&mut self, event: Event) -> Result<Option<(Finish, String)>> {
        if !matches!(event, Event::Save { .. }) {
            self.output.value(&event)?;
        }
        match event {
            Event::Step(point) => {
                self.metrics.add(Line::from(&point))?;
                self.shown.point = Some(point);
                self.show("", false);
            }
            Event::Evaluating { done, total, .. } => self.show(&format!("  evaluating {done}/{total}"), false),
            Event::Eval { step, epoch, val_loss, val_bpc, val_perplexity, val_accuracy, best } => {
                self.session.data().check_unchanged()?;
                self.metrics.add(Line {
                    step,
                    epoch,
                    val_loss: Some(val_loss),
                    val_bpc: Some(val_bpc),
                    val_perplexity: Some(val_perplexity),
                    val_accuracy: Some(val_accuracy),
                    ..Line::default()
                })?;
                self.shown.val_loss = Some(val_loss);
                self.show(if best { "  best so far" } else { "" }, true);
            }
            Event::Sample { step, text } => self.progress.say(&format!("--- sample at step {step}\n{text}\n---")),
            Event::Save { kind, step } => {
                let path = self.save(kind)?;
                self.output.value(&json!({ "type": "saved", "kind": kind, "step": step, "file": path_text(&path) }))?;
            }
            Event::Finished { reason, message } => return Ok(Some((reason, message))),
        }
        Ok(None)
    }

    fn show(&mut self, more: &str, important: bool) {
        let Some(point) = &self.shown.point else { return };
        let steps = self.session.progress().train.steps;
        let mut message = format!("loss {:.4}", point.train_loss);
        if let Some(val_loss) = self.shown.val_loss {
            message.push_str(&format!("  val {val_loss:.4}"));
        }
        message.push_str(&format!("  {} tokens/s", format::thousands(point.tokens_per_s as u64)));
        // By seconds of training, which interruptions are no part of; evaluations and samples come on top.
        let (step, seconds) = self.began;
        let (done, left) = (point.step.saturating_sub(step), steps.saturating_sub(point.step));
        if let Some(left) = seconds_left(point.seconds - seconds, done, left) {
            message.push_str(&format!("  {} left", format::duration(left)));
        }
        message.push_str(more);
        if matches!(self.progress, Progress::Lines(_)) {
            message = format!("step {}/{steps}  {message}", point.step);
        }
        self.progress.show(point.step, &message, important);
    }

    /// Writes a checkpoint of now.
    fn save(&mut self, kind: SaveKind) -> Result<PathBuf> {
        // Steps on another text are none of this run.
        self.session.data().check_unchanged()?;
        // Metrics first: a resume from this checkpoint expects them.
        self.metrics.sync()?;
        self.write_checkpoint(kind)
    }

    fn write_checkpoint(&mut self, kind: SaveKind) -> Result<PathBuf> {
        let checkpoint = pollster::block_on(self.session.checkpoint())?;
        let path = self.folder.save(kind, self.session.step(), &checkpoint)?;
        (self.saved, self.saved_step) = (Instant::now(), self.session.step());
        Ok(path)
    }

    /// Draws the curves. One that cannot be drawn is told once, and no reason to stop.
    fn draw(&mut self) {
        self.drawn = Some(Instant::now());
        if self.folder.check().is_err() {
            // The next save tells.
            return;
        }
        let drawn = atomic_file::write(&self.folder.loss_svg(), loss_svg::draw(&self.curves()).as_bytes());
        if let Err(error) = drawn
            && !self.undrawn
        {
            self.undrawn = true;
            self.progress.warn(&format!("the curves are not drawn: {error:#}"));
        }
    }

    fn curves(&self) -> Curves {
        let progress = self.session.progress();
        // Of a model that grew, steps are of different sizes: what they cost is what can be compared.
        let axis = match progress.grown.is_empty() {
            true => Axis::Steps(progress.train.steps),
            false => Axis::Work(progress.grown.iter().map(|growth| growth.flops).collect()),
        };
        let place = |point: &Point| if progress.grown.is_empty() { point.step as f64 } else { point.flops };
        let losses = |loss: fn(&Point) -> Option<f32>| {
            // Points of a version that did not count work have no place.
            let of_point = |point: &Point| Some((place(point), f64::from(loss(point)?))).filter(|point| point.0 > 0.0);
            progress.history.iter().filter_map(of_point).collect()
        };
        let folder = self.folder.path().file_name().map_or("run".into(), |name| name.to_string_lossy());
        Curves {
            title: format!("{folder}: {}", progress.data_name),
            axis,
            uniform: self.uniform(),
            train: losses(|point| Some(point.train_loss)),
            validation: losses(|point| point.val_loss),
        }
    }

    /// The command of a run at a third of the rate: with the best weights where they had learned something, else with fresh ones.
    fn calmer(&self) -> Suggestion {
        let progress = self.session.progress();
        let data = config_file::origin(&self.folder).map_or_else(|_| self.folder.data(), |origin| origin.data.path);
        let options = [format!("--lr {}", format::significant(progress.train.lr / 3.0))];
        let has_learned = progress.best.is_some_and(|best| f64::from(best.loss) < self.uniform());
        if has_learned || progress.train.is_partial() {
            anew::command(&self.folder, &data, &options)
        } else {
            anew::fresh(&self.folder, &data, &options)
        }
    }

    fn conclude(&self, (reason, message): (Finish, String)) -> Result<String> {
        if reason == Finish::NotFinite {
            bail!(
                "{message} It is in {}. A new run with other settings begins by {}",
                self.folder.last().display(),
                self.calmer()
            );
        }
        Ok(message)
    }
}

/// Whether another device of the run failed.
fn is_loss_of_peer(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(mmrec::Error::Peer { .. }))
}

/// Whether the device failed that holds the weights; nothing is read from it any more.
fn is_loss_of_own(error: &Error) -> bool {
    matches!(error.downcast_ref(), Some(mmrec::Error::DeviceLost(_) | mmrec::Error::DeviceFault(_)))
}

/// Whether the text became another one, so that it is not known what the weights have learned since.
fn is_change_of_text(error: &Error) -> bool {
    let is_change = |error: &DataError| matches!(error, DataError::ShardChanged { .. });
    match error.downcast_ref() {
        Some(mmrec::Error::Data(error)) => is_change(error),
        _ => error.downcast_ref().is_some_and(is_change),
    }
}

/// What is trained, where it is not the whole model.
fn trained_part(session: &Session) -> String {
    let train = &session.progress().train;
    let trained = format::thousands(session.trained_parameters());
    match (train.lora, train.freeze) {
        (0, 0) => String::new(),
        (0, frozen) => format!(" ({trained} trained, behind {})", format::count(frozen as u64, "fixed block")),
        (rank, _) => format!(" (fixed, with {trained} in adapters of rank {rank})"),
    }
}
