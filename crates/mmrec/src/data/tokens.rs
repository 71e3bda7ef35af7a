//! A read-only sequence of token ids, in memory or over shards.

use super::DataError;
use super::shard::{PIECE, Shard, read_at};
use std::fmt;
use std::sync::Arc;

/// A read-only sequence of token ids. Clones share the storage.
#[derive(Clone)]
pub struct Tokens {
    store: Arc<Store>,
    len: u64,
    /// Ids from here on are those of a changed shard; see [`Tokens::with_vocab`].
    limit: u32,
}

enum Store {
    Memory(Vec<u16>),
    Shards(Vec<Placed>),
}

struct Placed {
    /// Position of the shard's first token in the sequence.
    start: u64,
    shard: Box<dyn Shard>,
}

impl Tokens {
    /// A sequence in memory.
    pub fn from_vec(ids: Vec<u16>) -> Self {
        Self { len: ids.len() as u64, store: Arc::new(Store::Memory(ids)), limit: u32::MAX }
    }

    /// The shards' sequences, one after the other.
    ///
    /// # Errors
    /// [`DataError::OddShard`] where a shard's length is not a whole number of tokens.
    pub fn from_shards(shards: Vec<Box<dyn Shard>>) -> Result<Self, DataError> {
        let mut len: u64 = 0;
        let mut placed = Vec::with_capacity(shards.len());
        for (number, shard) in shards.into_iter().enumerate() {
            let bytes = shard.bytes();
            if !bytes.is_multiple_of(2) {
                return Err(DataError::OddShard { shard: number, bytes });
            }
            placed.push(Placed { start: len, shard });
            len += bytes / 2;
        }
        Ok(Self { store: Arc::new(Store::Shards(placed)), len, limit: u32::MAX })
    }

    /// The same tokens, of which an id from `vocab` on cannot be read: it would lead out of an embedding table. A shard that was
    /// [verified](super::verify) holds none, unless it was overwritten since.
    #[must_use]
    pub fn with_vocab(mut self, vocab: usize) -> Self {
        self.limit = u32::try_from(vocab).unwrap_or(u32::MAX);
        self
    }

    /// Number of tokens.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no tokens.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies the tokens from position `start` on to `out`.
    ///
    /// # Errors
    /// [`DataError::ShardLost`] where a shard can no longer be read, [`DataError::ShardChanged`] where it holds an id beyond the
    /// [vocabulary](Self::with_vocab).
    ///
    /// # Panics
    /// Where `start + out.len()` is beyond the end, as a slice would.
    pub fn read(&self, start: u64, out: &mut [u16]) -> Result<(), DataError> {
        self.read_as_stored(start, out)?;
        match (start..).zip(&*out).find(|(_, id)| u32::from(**id) >= self.limit) {
            Some((position, _)) => Err(DataError::ShardChanged { file: self.file_of(position) }),
            None => Ok(()),
        }
    }

    /// The name of the shard that holds the token at `position`.
    fn file_of(&self, position: u64) -> String {
        match &*self.store {
            Store::Memory(_) => "the text in memory".to_owned(),
            Store::Shards(shards) => {
                let index = shards.partition_point(|placed| placed.start <= position).saturating_sub(1);
                shards.get(index).map_or_else(String::new, |placed| placed.shard.name())
            }
        }
    }

    /// Checks that no shard was changed since it was opened, as far as can be told without reading all of it.
    ///
    /// # Errors
    /// [`DataError::ShardChanged`] with the first that was; [`DataError::ShardLost`].
    pub fn check_unchanged(&self) -> Result<(), DataError> {
        let Store::Shards(shards) = &*self.store else { return Ok(()) };
        shards.iter().try_for_each(|Placed { shard, .. }| match shard.is_unchanged() {
            Ok(true) => Ok(()),
            Ok(false) => Err(DataError::ShardChanged { file: shard.name() }),
            Err(source) => Err(DataError::ShardLost { file: shard.name(), source }),
        })
    }

    fn read_as_stored(&self, start: u64, out: &mut [u16]) -> Result<(), DataError> {
        let end = start.checked_add(out.len() as u64);
        assert!(
            end.is_some_and(|end| end <= self.len),
            "tokens {start} to {start} + {} of {} do not exist",
            out.len(),
            self.len
        );
        match &*self.store {
            Store::Memory(ids) => {
                let start = start as usize;
                out.copy_from_slice(&ids[start..start + out.len()]);
                Ok(())
            }
            Store::Shards(shards) => read_shards(shards, start, out),
        }
    }

    /// The inputs and targets of one window: tokens `start..start + context`, and the same shifted by one.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// Where `start + context + 1` is beyond the end.
    pub fn window(&self, start: u64, context: usize) -> Result<(Vec<u16>, Vec<u16>), DataError> {
        let mut inputs = vec![0; context + 1];
        self.read(start, &mut inputs)?;
        let targets = inputs[1..].to_vec();
        inputs.pop();
        Ok((inputs, targets))
    }

    /// Checks that every id is below `vocab`, reading all of them.
    ///
    /// # Errors
    /// [`DataError::TokenRange`] with the first id that is not; as [`read`](Self::read).
    pub fn check_ids(&self, vocab: usize) -> Result<(), DataError> {
        let mut ids = [0; PIECE];
        (0..self.len).step_by(PIECE).try_for_each(|start| {
            let ids = &mut ids[..(self.len - start).min(PIECE as u64) as usize];
            self.read_as_stored(start, ids)?;
            check_ids(ids.iter().copied(), start, vocab)
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.len)
    }
}

fn read_shards(shards: &[Placed], start: u64, out: &mut [u16]) -> Result<(), DataError> {
    let first = shards.partition_point(|placed| placed.start <= start).saturating_sub(1);
    let (mut position, mut out) = (start, out);
    for Placed { start, shard } in &shards[first..] {
        if out.is_empty() {
            break;
        }
        let offset = 2 * (position - start);
        let taken = (out.len() as u64).min((shard.bytes() - offset) / 2) as usize;
        let (now, later) = out.split_at_mut(taken);
        read_ids(&**shard, offset, now)?;
        position += taken as u64;
        out = later;
    }
    Ok(())
}

fn read_ids(shard: &dyn Shard, offset: u64, out: &mut [u16]) -> Result<(), DataError> {
    let mut bytes = vec![0; 2 * out.len()];
    read_at(shard, offset, &mut bytes)?;
    out.iter_mut().zip(ids_of(&bytes)).for_each(|(to, id)| *to = id);
    Ok(())
}

/// The ids in a shard's bytes, which need not be aligned.
pub(super) fn ids_of(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair))
}

/// `start`: the position of the first id, for the error.
pub(super) fn check_ids(ids: impl Iterator<Item = u16>, start: u64, vocab: usize) -> Result<(), DataError> {
    let beyond = (start..).zip(ids).find(|&(_, id)| usize::from(id) >= vocab);
    match beyond {
        Some((position, token)) => Err(DataError::TokenRange { token, position, vocab }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::shard::tests::InMemory;
    use proptest::prelude::*;

    fn sharded(ids: &[u16], sizes: &[usize]) -> Tokens {
        let mut rest = ids;
        let mut shards: Vec<Box<dyn Shard>> = Vec::new();
        for &size in sizes {
            let (shard, after) = rest.split_at(size.min(rest.len()));
            shards.push(Box::new(InMemory::of_ids(shard)));
            rest = after;
        }
        shards.push(Box::new(InMemory::of_ids(rest)));
        Tokens::from_shards(shards).unwrap()
    }

    #[test]
    fn a_shard_that_shrinks_is_named() {
        let shard = InMemory::of_ids(&[1, 2, 3, 4]);
        let tokens = Tokens::from_shards(vec![Box::new(shard.clone())]).unwrap();
        shard.truncate(4);
        let mut out = [0; 2];
        tokens.read(0, &mut out).unwrap();
        assert_eq!(out, [1, 2], "what is left can be read");
        for lost in [tokens.read(1, &mut out), tokens.check_ids(256), tokens.window(2, 1).map(drop)] {
            let error = lost.unwrap_err();
            assert!(matches!(&error, DataError::ShardLost { file, .. } if file == "memory.bin"), "{error}");
        }
    }

    #[test]
    fn odd_shards_are_refused() {
        let error =
            Tokens::from_shards(vec![Box::new(InMemory::new(vec![1, 2])), Box::new(InMemory::new(vec![1, 2, 3]))])
                .unwrap_err();
        assert!(matches!(error, DataError::OddShard { shard: 1, bytes: 3 }));
    }

    #[test]
    fn ids_beyond_the_vocabulary() {
        let tokens = sharded(&[1, 2, 300, 4], &[1, 1]);
        let error = tokens.check_ids(256).unwrap_err();
        assert!(matches!(error, DataError::TokenRange { token: 300, position: 2, vocab: 256 }), "{error}");
        let mut out = [9; 4];
        let error = tokens.clone().with_vocab(256).read(0, &mut out).unwrap_err();
        assert!(matches!(&error, DataError::ShardChanged { file } if file == "memory.bin"), "{error}");
        tokens.clone().with_vocab(256).read(0, &mut out[..2]).unwrap();
        tokens.with_vocab(65_536).read(0, &mut out).unwrap();
        assert_eq!(out, [1, 2, 300, 4]);
        assert!(Tokens::from_vec(vec![u16::MAX]).check_ids(65_536).is_ok());
    }

    #[test]
    #[should_panic(expected = "do not exist")]
    fn reading_beyond_the_end_panics() {
        let _ = Tokens::from_vec(vec![1, 2]).read(u64::MAX, &mut [0; 2]);
    }

    #[test]
    fn windows_are_shifted_by_one() {
        assert_eq!(Tokens::from_vec(vec![1, 2, 3, 4, 5]).window(1, 3).unwrap(), (vec![2, 3, 4], vec![3, 4, 5]));
    }

    proptest! {
        #[test]
        fn shards_read_as_one(
            ids in prop::collection::vec(any::<u16>(), 0..60),
            sizes in prop::collection::vec(0usize..20, 0..6),
            start in 0usize..60,
            length in 0usize..60,
        ) {
            let tokens = sharded(&ids, &sizes);
            prop_assert_eq!(tokens.len(), ids.len() as u64);
            let start = start.min(ids.len());
            let length = length.min(ids.len() - start);
            let mut out = vec![0; length];
            tokens.read(start as u64, &mut out).unwrap();
            prop_assert_eq!(&out, &ids[start..start + length]);
            Tokens::from_vec(ids.clone()).read(start as u64, &mut out).unwrap();
            prop_assert_eq!(&out, &ids[start..start + length]);
        }
    }
}
