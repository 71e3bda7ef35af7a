//! Folders that this program wrote: those of runs, and prepared data.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::file_names;
use super::folder::looks_like_one;
use super::settings_file::{DataOrigin, SettingsFile};
use crate::io::prepared_data::is_prepared;
use crate::terminal::output;

/// What a folder is, if this program wrote it.
pub fn what_is(folder: &Path) -> Option<&'static str> {
    if looks_like_one(folder) {
        return Some("a run of mmrec");
    }
    is_prepared(folder).then_some("prepared data")
}

/// The folder of prepared data that `path` means: itself or, for a run's folder, the one that the run is trained on. None for
/// anything else; the data of a run may be gone.
pub fn find_prepared(path: &Path) -> Result<Option<PathBuf>> {
    let trained_on = SettingsFile::read(&path.join(file_names::CONFIG)).ok().and_then(|file| file.data);
    let recorded = trained_on.as_ref().map(|data| data.path.clone());
    let candidates = [Some(path.to_owned()), Some(path.join(file_names::DATA)), recorded];
    let found = candidates.into_iter().flatten().find(|folder| is_prepared(folder));
    match (found, trained_on) {
        (None, Some(DataOrigin { name, path: place, .. })) => bail!(
            "{} is the folder of a run on {}, whose prepared data are no longer there nor at {}: give the text itself, or the new \
             place of the data",
            path.display(),
            output::name(&name),
            place.display()
        ),
        (found, _) => Ok(found),
    }
}
