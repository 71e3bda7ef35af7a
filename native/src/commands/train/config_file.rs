//! A run's `config.toml`, which people read, and may have changed by hand when the run goes on.

use std::path::Path;

use anyhow::{Context, Result};
use mmrec::driver::Session;

use crate::args::differences::{Difference, asked_beyond, in_words};
use crate::io::{atomic_file, files};
use crate::run::file_names::LADDER;
use crate::run::folder::RunFolder;
use crate::run::settings_file::{Origin, SettingsFile};
use crate::terminal::output::note;
use crate::terminal::shell::Suggestion;

/// What the file of a run says.
#[derive(Debug)]
pub struct Recorded {
    /// As it stands there; `None` where there is none.
    text: Option<String>,
    /// What it means.
    pub settings: Option<SettingsFile>,
}

impl Recorded {
    /// Reads the file of the run in `folder`. The run can go on without it.
    pub fn read(folder: &RunFolder) -> Self {
        let text = files::read_text(&folder.config(), files::SETTINGS).ok();
        let settings = SettingsFile::read(&folder.config());
        if let (Some(_), Err(error)) = (&text, &settings) {
            note(&format!("what this file says is not used: {error:#}"));
        }
        Self { text, settings: settings.ok() }
    }

    /// Writes what holds from now on, unless the file says that already. A file that somebody changed is kept.
    pub fn replace(&self, folder: &RunFolder, session: &Session, origin: Origin) -> Result<()> {
        let now = content(folder, session, origin)?;
        let says_that =
            self.settings.as_ref().is_some_and(|old| toml::from_str(&now).is_ok_and(|new: SettingsFile| *old == new));
        if says_that {
            return Ok(());
        }
        folder.check()?;
        if self.is_changed(session)? {
            self.keep_changed(folder, session)?;
        }
        atomic_file::write(&folder.config(), now.as_bytes())
    }

    /// Whether somebody changed it. What a run wrote for an earlier state, as where it was killed before it wrote anew, is its own.
    fn is_changed(&self, session: &Session) -> Result<bool> {
        let Some(text) = &self.text else { return Ok(false) };
        match (SettingsFile::is_as_written(text), &self.settings) {
            (Some(as_written), _) => Ok(!as_written),
            (None, Some(settings)) => Ok(!asked_beyond(settings, &session.progress().train)?.is_empty()),
            (None, None) => Ok(true),
        }
    }

    fn keep_changed(&self, folder: &RunFolder, session: &Session) -> Result<()> {
        let kept = folder.changed_config();
        atomic_file::link_or_copy(&folder.config(), &kept)?;
        let asked = match &self.settings {
            Some(settings) => asked_beyond(settings, &session.progress().train)?,
            None => Vec::new(),
        };
        let what = match asked.is_empty() {
            true => String::new(),
            false => format!(
                " ({}). A run goes on with the settings of its checkpoint; others are asked for by options ({})",
                in_words(&asked),
                asked.iter().map(Difference::option).collect::<Vec<_>>().join(" ")
            ),
        };
        note(&format!(
            "{} is not as the run left it{what}. It is kept as {}",
            folder.config().display(),
            kept.display()
        ));
        Ok(())
    }
}

/// What the run in `folder` began with, as it recorded that.
pub fn origin(folder: &RunFolder) -> Result<Origin> {
    let path = folder.config();
    let origin = SettingsFile::read(&path)?.origin();
    origin.with_context(|| format!("{} does not say where the text came from", path.display()))
}

/// Tells what of the run that the settings at `path` are of is not repeated by a run with fresh weights.
pub fn tell_what_is_not_repeated(path: &Path, settings: &SettingsFile) {
    let shown = path.display();
    if let Some(from) = &settings.from {
        let again = Suggestion::new("train").words("--from").path(from).words("--config").path(path);
        note(&format!(
            "the run of {shown} began with the weights of {}, and this one begins with fresh ones; the same again begins with: {again}",
            from.display()
        ));
    }
    if path.with_file_name(LADDER).exists() {
        note(&format!("{shown} holds the settings of one stage of a progressive run: this one has that stage alone"));
    }
}

/// Writes the settings of a new run, or of a stage.
pub fn write(folder: &RunFolder, session: &Session, origin: Origin) -> Result<()> {
    folder.check()?;
    atomic_file::write(&folder.config(), content(folder, session, origin)?.as_bytes())
}

/// What the run writes there.
fn content(folder: &RunFolder, session: &Session, origin: Origin) -> Result<String> {
    SettingsFile::of_run(session.model_config(), &session.progress().train, origin, folder.keep())
}
