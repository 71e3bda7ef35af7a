//! Checking the whole content of prepared shards.

use super::DataError;
use super::fingerprint::{Fingerprint, hex};
use super::index::{PreparedIndex, ShardInfo};
use super::shard::{Shard, each_piece};
use super::tokens::{check_ids, ids_of};
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;

/// Checks one shard's size, SHA-256 and token ids (against `vocab`), reading all of it. `take` gets its bytes, piece by piece, and
/// may end the work.
///
/// # Errors
/// [`DataError::ShardSize`], [`DataError::ShardLost`], [`DataError::ShardHash`], [`DataError::TokenRange`], [`DataError::Stopped`].
pub fn verify_shard(
    info: &ShardInfo,
    vocab: usize,
    shard: &dyn Shard,
    mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<(), DataError> {
    info.check_size(shard)?;
    let (mut hash, mut ids, mut position) = (Sha256::new(), Ok(()), 0);
    each_piece(shard, |piece| {
        hash.update(piece);
        if ids.is_ok() {
            ids = check_ids(ids_of(piece), position, vocab);
        }
        position += piece.len() as u64 / 2;
        take(piece)
    })?;
    let found = hex(hash);
    if found != info.sha256 {
        return Err(DataError::ShardHash { file: info.file.clone(), expected: info.sha256.clone(), found });
    }
    ids
}

/// Checks all shards and the fingerprint. `done` hears the bytes checked so far, and may end the work.
///
/// # Errors
/// As [`verify_shard`]; [`DataError::ShardCount`], [`DataError::Fingerprint`].
pub fn verify(
    index: &PreparedIndex,
    shards: &[Box<dyn Shard>],
    mut done: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<(), DataError> {
    index.validate()?;
    index.check_sizes(shards)?;
    let mut fingerprint = Fingerprint::new(&index.tokenizer);
    let mut checked: u64 = 0;
    for (info, shard) in index.shards.iter().zip(shards) {
        verify_shard(info, index.tokenizer.vocab(), &**shard, |piece| {
            fingerprint.push(piece);
            checked += piece.len() as u64;
            done(checked)
        })?;
    }
    let found = fingerprint.finish(index.train_tokens, index.val_tokens);
    if found != index.fingerprint {
        return Err(DataError::Fingerprint { expected: index.fingerprint.clone(), found });
    }
    Ok(())
}
