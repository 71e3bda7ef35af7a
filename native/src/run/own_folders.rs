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

#[cfg(test)]
mod tests {
    use std::fs;

    use mmrec::data::TextSources;

    use super::*;
    use crate::io::text_files::Inputs;

    #[test]
    fn what_the_program_or_the_system_wrote_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write("a.txt", b"text");
        for name in ["config.toml", "metrics.jsonl", "loss.svg", "data/data.json"] {
            write(&format!("run/{name}"), name.as_bytes());
        }
        // Starts that were killed: in the middle, and at once.
        write("climb/.lock", b"");
        write("climb/progressive.toml", b"to = \"mini\"");
        write("climb/config.toml", b"[train]");
        write("prepared/data.json", br#"{"format":1,"shards":[]}"#);
        write("prepared/sample.txt", b"a sample");
        write("site/data.json", br#"{"title":"words of a site"}"#);
        write("desktop.ini", b"[.ShellClassInfo]");
        let (inputs, skipped) = Inputs::collect(&[folder.to_owned()], None, what_is).unwrap();
        let names: Vec<_> = inputs.list().iter().map(|text| text.name.rsplit(['/', '\\']).next().unwrap()).collect();
        assert_eq!(names, ["a.txt", "data.json"]);
        let skipped: Vec<_> = skipped.iter().map(|skipped| skipped.reason.as_str()).collect();
        assert_eq!(skipped, ["a run of mmrec", "made by the system or an editor", "prepared data", "a run of mmrec"]);
        let (inputs, _) = Inputs::collect(&[folder.to_owned()], Some(&folder.join("site")), what_is).unwrap();
        assert_eq!(inputs.len(), 1, "a command does not read what it writes itself");
        let refused = |name: &str| Inputs::collect(&[folder.join(name)], None, what_is).unwrap_err().to_string();
        assert!(refused("run").contains("is a run of mmrec") && refused("prepared").contains("is prepared data"));
    }
}
