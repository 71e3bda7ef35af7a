//! The secret that trainers and workers share. Both sides derive from it what they prove themselves with: the worker its
//! identity on the network, the trainer what it shows a worker that has proved its own.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};
use iroh::{EndpointId, SecretKey};
use sha2::{Digest, Sha256};

use crate::io::{atomic_file, files};
use crate::terminal::format;
use crate::terminal::output::note;

/// Where a token is looked for without a file.
const VARIABLE: &str = "MMREC_TOKEN";

/// Characters that a token must have: anybody who reaches a worker can try tokens against it.
const MIN_LENGTH: usize = 32;

/// More is no token.
const MAX_LENGTH: usize = 1024;

/// Bytes of what a trainer shows.
pub const CREDENTIAL: usize = 32;

/// The shared secret.
#[derive(Clone)]
pub struct SharedSecret(String);

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

impl SharedSecret {
    /// The token of `file`, or else of the environment.
    pub fn find(file: Option<&Path>) -> Result<Self> {
        match file {
            Some(path) => Self::read(path),
            None => Self::of_environment(),
        }
    }

    /// The same; a file that is not there is made with a new token.
    pub fn find_or_make(file: Option<&Path>) -> Result<Self> {
        match file {
            Some(path) if !path.exists() => Self::make(path).or_else(|error| match path.exists() {
                // Another worker was quicker.
                true => Self::read(path),
                false => Err(error),
            }),
            _ => Self::find(file),
        }
    }

    fn of_environment() -> Result<Self> {
        match std::env::var(VARIABLE) {
            Ok(text) => Self::parse(&text).with_context(|| format!("the token in {VARIABLE} cannot be used")),
            Err(_) => bail!(
                "workers and trainings need a shared secret: name its file by --token-file (mmrec worker makes one where there is \
                 none), or set {VARIABLE}"
            ),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let whose = || format!("the token in {} cannot be used", path.display());
        let text = files::read_text(path, MAX_LENGTH as u64).with_context(whose)?;
        refuse_foreign_file(path).with_context(whose)?;
        Self::parse(&text).with_context(whose)
    }

    fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) {
            bail!("it has {} characters and must have {MIN_LENGTH} to {MAX_LENGTH}, not easy to guess", text.len());
        }
        Ok(Self(text.to_owned()))
    }

    /// Writes a new token to `path`, readable by its owner only.
    fn make(path: &Path) -> Result<Self> {
        let text = format::hex(&SecretKey::generate().to_bytes());
        atomic_file::write_secret(path, &format!("{text}\n"))?;
        note(&format!(
            "made a new token: {} (copy it to the machines that train, as you would a password)",
            path.display()
        ));
        Ok(Self(text))
    }

    /// The worker's identity on the network.
    pub fn worker_key(&self) -> SecretKey {
        SecretKey::from_bytes(&self.derive("mmrec worker"))
    }

    /// What a trainer expects a worker to be.
    pub fn worker_id(&self) -> EndpointId {
        self.worker_key().public()
    }

    /// What a trainer shows a worker.
    pub fn credential(&self) -> [u8; CREDENTIAL] {
        self.derive("mmrec trainer")
    }

    fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update((purpose.len() as u64).to_le_bytes());
        hash.update(purpose);
        hash.update(&self.0);
        hash.finalize().into()
    }
}

/// A secret that others on the machine can read, or have made, is none.
#[cfg(unix)]
fn refuse_foreign_file(path: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::metadata(path)?;
    // SAFETY: it reads a number of the process, and cannot fail.
    let me = unsafe { libc::geteuid() };
    if ![me, 0].contains(&metadata.uid()) {
        bail!("it belongs to another user (number {}), who knows it: copy it to a file of your own", metadata.uid());
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!("others on this machine may read it (mode {mode:o}): chmod 600 {}", path.display());
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_foreign_file(_path: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_differs_by_token_and_purpose() {
        let [a, b] = ["a", "b"].map(|c| SharedSecret::parse(&c.repeat(MIN_LENGTH)).expect("long enough"));
        assert_ne!(a.worker_id(), b.worker_id());
        assert_ne!(a.credential(), b.credential());
        assert_ne!(a.credential(), a.worker_key().to_bytes());
        assert_eq!(
            a.worker_id(),
            SharedSecret::parse(&format!(" {}\n", "a".repeat(MIN_LENGTH))).expect("trimmed").worker_id()
        );
        assert_eq!(format!("{a:?}"), "SharedSecret(..)");
    }

    #[test]
    fn short_and_endless_tokens_are_refused() {
        assert!(SharedSecret::parse("password").expect_err("short").to_string().contains("8 characters"));
        assert!(SharedSecret::parse(&"x".repeat(MAX_LENGTH + 1)).is_err());
    }

    #[test]
    fn a_token_is_made_once_and_for_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        assert!(SharedSecret::find(Some(&path)).is_err(), "a trainer makes none");
        let made = SharedSecret::find_or_make(Some(&path)).expect("made");
        assert_eq!(SharedSecret::find_or_make(Some(&path)).expect("read").credential(), made.credential());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("opened");
            let error = format!("{:#}", SharedSecret::find(Some(&path)).expect_err("open to all"));
            assert!(error.contains("chmod 600"), "{error}");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("closed");
            // Only root can give a file away.
            if std::os::unix::fs::chown(&path, Some(1), None).is_ok() {
                let error = format!("{:#}", SharedSecret::find(Some(&path)).expect_err("another's"));
                assert!(error.contains("another user (number 1)"), "{error}");
            }
        }
    }
}
