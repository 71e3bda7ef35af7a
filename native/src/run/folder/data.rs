//! Data that a run prepared itself, in its folder.

use std::fs;

use anyhow::Result;
use mmrec::data::INDEX_FILE;

use super::RunFolder;
use crate::io::atomic_file::{self, TemporaryFolder};
use crate::io::prepared_data;
use crate::run::own_folders;
use crate::run::settings_file::SettingsFile;

impl RunFolder {
    /// Whether `data` is what a start made, of a text that is still there.
    pub(super) fn has_data_of_its_own(&self) -> bool {
        let recorded = SettingsFile::read(&self.config()).ok().and_then(|file| file.data);
        let index = prepared_data::index(&self.data()).ok();
        recorded.zip(index).is_some_and(|(text, data)| {
            self.lock.has_made(&data.fingerprint)
                && text.fingerprint == data.fingerprint
                && text.path.exists()
                && own_folders::find_prepared(&text.path).is_ok_and(|found| found.is_none())
        })
    }

    /// Takes away data that a start made, and nothing else that lies there.
    pub(super) fn remove_data(&self) -> Result<()> {
        let data = self.data();
        let index = prepared_data::index(&data)?;
        let shards: Vec<_> = index.shards.iter().map(|shard| shard.file.as_str()).collect();
        atomic_file::withdraw(&data, &shards, INDEX_FILE)?;
        if self.made.data || self.old_data {
            // It may hold something of somebody.
            let _ = fs::remove_dir(&data);
        }
        Ok(())
    }

    /// Takes away the data of a start that failed, for those of another text. False where it must not: they may be somebody's.
    pub fn clear_old_data(&self) -> Result<bool> {
        if self.old_data {
            self.check()?;
            self.remove_data()?;
        }
        Ok(self.old_data)
    }

    /// Makes what the run prepared itself its `data`.
    pub fn publish_data(&self, prepared: TemporaryFolder, fingerprint: &str) -> Result<()> {
        self.check()?;
        self.lock.record(fingerprint);
        self.published.set(true);
        atomic_file::publish_folder(prepared, &self.data(), INDEX_FILE)
    }
}
