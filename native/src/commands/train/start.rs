//! From arguments to a session: a new run, or one to go on with.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mmrec::Error as LibraryError;
use mmrec::checkpoint::Progress;
use mmrec::config::ModelConfig;
use mmrec::data::{Dataset, PrepareOptions, PreparedIndex};
use mmrec::driver::{SaveKind, Session};
use mmrec::tokenizer::Tokenizer;

use super::config_file::{self, Recorded};
use super::from::{self, Source};
use super::ladder::Ladder;
use super::{anew, course, fits, reading};
use crate::args::requested::RequestedSettings;
use crate::args::run::RunArgs;
use crate::args::text::TextFlags;
use crate::commands::data::name_of;
use crate::distributed::Devices;
use crate::io::text_files::Inputs;
use crate::io::{atomic_file, prepare, prepared_data, skipped};
use crate::run::folder::RunFolder;
use crate::run::keep::Keep;
use crate::run::metrics::{Line, Metrics};
use crate::run::own_folders;
use crate::run::settings_file::{DataOrigin, Origin, SettingsFile};
use crate::terminal::interrupt;
use crate::terminal::output::{self, Output, note};

/// A session and where it writes.
pub struct Started {
    /// The run's folder.
    pub folder: RunFolder,
    /// The session.
    pub session: Session,
    /// `metrics.jsonl`.
    pub metrics: Metrics,
}

/// Starts a run that begins with `source`, and climbs `ladder` if there is one.
pub fn new_run(
    args: &RunArgs,
    source: Source,
    requested: &RequestedSettings<'_>,
    ladder: Option<&Ladder>,
    devices: &Devices,
    output: Output,
) -> Result<Started> {
    // Mistakes in settings come before anything is written; what depends on the text is filled in below.
    let (model, train) = source.settings(requested, 256, 0)?;
    // With the fewest tokens that a text can have; once more with those that it has.
    fits::check(args, &ModelConfig { vocab: 2, ..model }, &train, devices)?;
    let given = args.data.as_deref().context("--data is missing")?;
    let mut folder = RunFolder::create(&args.out)?;
    folder.set_keep(keep(args, requested, None), 0);
    let climbs = ladder.map_or(Ok(()), |ladder| ladder.write(&folder));
    match climbs.and_then(|()| begin(args, requested, source, given, &folder, devices, output)) {
        Ok((session, metrics)) => Ok(Started { folder, session, metrics }),
        Err(error) => {
            folder.discard();
            Err(error)
        }
    }
}

fn begin(
    args: &RunArgs,
    requested: &RequestedSettings<'_>,
    source: Source,
    given: &Path,
    folder: &RunFolder,
    devices: &Devices,
    output: Output,
) -> Result<(Session, Metrics)> {
    // A settings file of a run says how its text was read.
    let flags = match own_folders::find_prepared(given)? {
        Some(_) => args.text.clone(),
        None => reading::over(&args.text, requested.origin()),
    };
    let dataset = open_data(given, &args.text, &flags, source.tokenizer(), None, folder, output)?;
    interrupt::check()?;
    let (model, train) = source.settings(requested, dataset.tokenizer.vocab(), dataset.train.len())?;
    requested.tell_what_is_without_effect(&model, &train);
    fits::check(args, &model, &train, devices)?;
    let data = origin(&dataset, given, &flags)?;
    let from = source.path().map(atomic_file::absolute).transpose()?;
    let mut session = source.session(model, train, dataset, &devices.home)?;
    devices.share(&mut session)?;
    config_file::write(folder, &session, Origin { from, data })?;
    let metrics = Metrics::create(&folder.metrics())?;
    // After all that belongs to it: from now on there is a run, and it can be resumed.
    folder.save(SaveKind::Last, 0, &pollster::block_on(session.checkpoint())?)?;
    Ok((session, metrics))
}

/// Goes on with a run.
pub fn resumed_run(
    args: &RunArgs,
    requested: &RequestedSettings<'_>,
    devices: &Devices,
    output: Output,
) -> Result<Started> {
    let mut folder = RunFolder::open(&args.out)?;
    let (checkpoint, path) = folder.newest_checkpoint(&note)?;
    let file = Recorded::read(&folder);
    let keep = keep(args, requested, file.settings.as_ref());
    let recorded = file.settings.as_ref().and_then(|settings| settings.data.clone());
    let given = data_of_run(args, &folder, recorded.as_ref())?;
    let asked = reading::beyond(&args.text, recorded.as_ref());
    let flags = reading::over(&args.text, recorded.as_ref());
    let progress = checkpoint.progress.as_ref().ok_or(LibraryError::NotResumable);
    let progress = progress
        .map_err(|error| anew::if_another_text(error.into(), &folder, &given, || true))
        .with_context(|| format!("{} cannot be resumed", path.display()))?;
    let dataset = open_data(&given, &asked, &flags, Some(&checkpoint.tokenizer), Some(progress), &folder, output);
    let dataset = dataset.map_err(|error| anew::if_another_text(error, &folder, &given, || true))?;
    interrupt::check()?;
    let data = match (&args.data, recorded) {
        (None, Some(recorded)) => recorded,
        _ => origin(&dataset, &given, &flags)?,
    };
    let origin = Origin { from: file.settings.as_ref().and_then(|settings| settings.from.clone()), data };
    let train_tokens = dataset.train.len();
    if let Some(progress) = &checkpoint.progress {
        let course = requested.for_resume(&checkpoint.model, &progress.train, train_tokens)?;
        fits::check(args, &checkpoint.model, &course.train, devices)?;
    }
    let is_readable = || from::is_readable(&dataset, &checkpoint.tokenizer);
    let session = Session::resume(&checkpoint, dataset.clone(), &devices.home);
    let session = session.map_err(|error| anew::if_another_text(error.into(), &folder, &given, is_readable));
    let mut session = session.with_context(|| format!("{} cannot be resumed", path.display()))?;
    // The session has its own of all that, and a save needs as much again.
    drop(checkpoint);
    devices.share(&mut session)?;
    let course = requested.for_resume(session.model_config(), &session.progress().train, train_tokens)?;
    if let Some(refusal) = anew::refusal(&folder, &origin.data.path, &course) {
        return Err(refusal);
    }
    let changed = course::take_over(&mut session, &folder, course.train)?;
    requested.tell_what_is_without_effect(session.model_config(), &session.progress().train);
    let history = session.progress().history.iter().map(Line::from);
    let metrics = Metrics::resume(&folder.metrics(), session.step(), history)?;
    folder.set_keep(keep, session.step());
    file.replace(&folder, &session, origin)?;
    if changed {
        // So that a kill before the next checkpoint does not bring the old settings back.
        folder.save(SaveKind::Last, session.step(), &pollster::block_on(session.checkpoint())?)?;
    }
    Ok(Started { folder, session, metrics })
}

/// How many checkpoints of steps stay: as is said now, else by the settings that are given, else as it was.
fn keep(args: &RunArgs, requested: &RequestedSettings<'_>, recorded: Option<&SettingsFile>) -> Keep {
    let given = requested.file.as_ref().map(|(_, file)| file);
    let said = given.into_iter().chain(recorded).map(|file| file.keep).find(|keep| !keep.is_all());
    args.keep.or(said).unwrap_or_default()
}

/// The data to resume on: what is given, else what the run prepared itself, else what it was given.
fn data_of_run(args: &RunArgs, folder: &RunFolder, recorded: Option<&DataOrigin>) -> Result<PathBuf> {
    match (&args.data, recorded) {
        (Some(path), _) => Ok(path.clone()),
        (None, _) if prepared_data::is_prepared(&folder.data()) => Ok(folder.data()),
        (None, Some(recorded)) if recorded.path.exists() => Ok(recorded.path.clone()),
        (None, Some(recorded)) => bail!(
            "the text that {} is trained on, {}, is no longer at {}: give its new place by --data, as in: {} NEW-PLACE",
            folder.path().display(),
            output::name(&recorded.name),
            recorded.path.display(),
            Ladder::way_on(folder).words("--data"),
        ),
        (None, None) => {
            bail!("which text {} was trained on is not recorded there: give it by --data", folder.path().display())
        }
    }
}

/// Opens prepared data, or prepares a text into the run's folder as `flags` say, by the model's `tokenizer` where there is one, and
/// only the text of `progress` where there is that. `asked` is what the command line says of it.
fn open_data(
    given: &Path,
    asked: &TextFlags,
    flags: &TextFlags,
    tokenizer: Option<&Tokenizer>,
    progress: Option<&Progress>,
    folder: &RunFolder,
    output: Output,
) -> Result<Dataset> {
    if let Some(prepared) = own_folders::find_prepared(given)? {
        reading::refuse_of_prepared(asked, &prepared, &prepared_data::index(&prepared)?.tokenizer)?;
        return prepared_data::open(&prepared, output);
    }
    let (mut inputs, skipped) = Inputs::collect(&[given.to_owned()], Some(folder.path()), own_folders::what_is)?;
    skipped::tell(&skipped, note);
    if let Some(tokenizer) = tokenizer {
        reading::refuse_other_tokens(asked, tokenizer)?;
    }
    let options = match tokenizer {
        // It is there already, so nothing of another is left to choose.
        Some(tokenizer) => TextFlags { tokenizer: Some(tokenizer.kind()), vocab: None, ..flags.clone() },
        None => flags.clone(),
    };
    let options = options.options(&name_of(&[given.to_owned()]))?;
    let options = PrepareOptions { given: tokenizer.cloned(), ..options };
    adopt(&mut inputs, &options, progress, folder, output)?;
    prepared_data::open(&folder.data(), output)
}

/// Prepares a text to the run's `data`, unless exactly that is there already. Nothing stays of a text that a run cannot go on with.
fn adopt(
    inputs: &mut Inputs,
    options: &PrepareOptions,
    progress: Option<&Progress>,
    folder: &RunFolder,
    output: Output,
) -> Result<()> {
    let target = folder.data();
    let (prepared, PreparedIndex { fingerprint, .. }) = prepare::prepare_beside(inputs, options, &target, output)?;
    let is_there = prepared_data::is_prepared(&target);
    if is_there && prepared_data::index(&target)?.fingerprint == fingerprint {
        return Ok(());
    }
    let another = |message: String| -> Result<AnotherText> {
        let is_readable = match &options.given {
            Some(tokenizer) => from::is_readable(&prepared_data::open(prepared.path(), output)?, tokenizer),
            None => true,
        };
        Ok(AnotherText { message, is_readable })
    };
    if is_there && !folder.clear_old_data()? {
        bail!(another(format!(
            "{} is not the text that {} was prepared from (or the tokenizer, the split or its content changed): give that text, or \
             start a new run with another --out",
            options.name,
            target.display()
        ))?);
    }
    if let Some(progress) = progress.filter(|progress| progress.data_fingerprint != fingerprint) {
        let (trained, given) = (progress.data_name.clone(), options.name.clone());
        bail!(another(LibraryError::OtherText { trained, given }.to_string())?);
    }
    folder.publish_data(prepared, &fingerprint)
}

/// A run was trained on another text than the one that is given.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct AnotherText {
    message: String,
    /// Whether the run's model can read the text that is given.
    pub is_readable: bool,
}

fn origin(dataset: &Dataset, given: &Path, flags: &TextFlags) -> Result<DataOrigin> {
    Ok(DataOrigin {
        name: dataset.name.clone(),
        path: atomic_file::absolute(given)?,
        fingerprint: dataset.fingerprint.clone(),
        tokenizer: dataset.tokenizer.kind(),
        // Of a larger limit than a text has use for, it is what came of it that makes the same tokenizer again.
        vocab: dataset.tokenizer.kind().has_chosen_vocab().then(|| dataset.tokenizer.vocab() as u32),
        validation: flags.val,
        lossy: flags.lossy,
    })
}
