//! Where the tokens of prepared data are read from.

use super::DataError;
use std::io;
use std::ops::ControlFlow;

/// Bytes that are read at once where a shard is read as a whole.
pub(super) const PIECE: usize = 1 << 16;

/// A shard: little-endian `u16` ids and nothing else, read piece by piece. What is read is never taken from a mapping: a file that
/// becomes shorter under one ends the process instead of giving an error.
pub trait Shard: Send + Sync {
    /// What to call it in an error: a path.
    fn name(&self) -> String;

    /// Bytes in it, as of when it was opened.
    fn bytes(&self) -> u64;

    /// Fills `out` with the bytes from `offset` on.
    ///
    /// # Errors
    /// Whatever keeps it from being read; an unexpected end where it is shorter than that.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Whether it still is what it was when it was opened, as far as its keeper can tell; one that cannot change is.
    ///
    /// # Errors
    /// Whatever keeps that from being known.
    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(true)
    }
}

/// As [`Shard::read_at`], with an error that names the shard.
pub(super) fn read_at(shard: &dyn Shard, offset: u64, out: &mut [u8]) -> Result<(), DataError> {
    shard.read_at(offset, out).map_err(|source| DataError::ShardLost { file: shard.name(), source })
}

/// The whole of a shard, a piece at a time, to `take`, which may end it by [`DataError::Stopped`].
pub(super) fn each_piece(shard: &dyn Shard, mut take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<(), DataError> {
    let mut buffer = vec![0; PIECE];
    for offset in (0..shard.bytes()).step_by(PIECE) {
        let piece = &mut buffer[..(shard.bytes() - offset).min(PIECE as u64) as usize];
        read_at(shard, offset, piece)?;
        if take(piece).is_break() {
            return Err(DataError::Stopped);
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A shard in memory that can be changed while it is in use.
    #[derive(Debug, Clone)]
    pub struct InMemory {
        bytes: u64,
        content: Arc<Mutex<Vec<u8>>>,
    }

    impl InMemory {
        pub fn new(content: Vec<u8>) -> Self {
            Self { bytes: content.len() as u64, content: Arc::new(Mutex::new(content)) }
        }

        pub fn of_ids(ids: &[u16]) -> Self {
            Self::new(ids.iter().flat_map(|id| id.to_le_bytes()).collect())
        }

        pub fn truncate(&self, bytes: usize) {
            self.content.lock().unwrap().truncate(bytes);
        }
    }

    impl Shard for InMemory {
        fn name(&self) -> String {
            "memory.bin".to_owned()
        }

        fn bytes(&self) -> u64 {
            self.bytes
        }

        fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            let content = self.content.lock().unwrap();
            let from = content.get(offset as usize..).and_then(|rest| rest.get(..out.len()));
            out.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    #[test]
    fn pieces_are_the_whole() {
        let content: Vec<u8> = (0..2 * PIECE + 7).map(|i| i as u8).collect();
        let mut seen = Vec::new();
        let shard = InMemory::new(content.clone());
        each_piece(&shard, |piece| {
            seen.extend_from_slice(piece);
            ControlFlow::Continue(())
        })
        .unwrap();
        assert!(seen == content);
        assert!(matches!(each_piece(&shard, |_| ControlFlow::Break(())), Err(DataError::Stopped)));
        each_piece(&InMemory::new(Vec::new()), |_| panic!("there is nothing")).unwrap();
    }
}
