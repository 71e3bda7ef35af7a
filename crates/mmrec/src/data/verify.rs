//! Checking the whole content of prepared shards.

use super::DataError;
use super::fingerprint::{Fingerprint, hex};
use super::index::{PreparedIndex, ShardInfo};
use super::tokens::{ShardBytes, check_ids, ids_of};
use sha2::{Digest, Sha256};

/// Checks one shard's size, SHA-256 and token ids (against `vocab`), reading all of it.
///
/// # Errors
/// [`DataError::ShardSize`], [`DataError::ShardHash`], [`DataError::TokenRange`].
pub fn verify_shard(shard: &ShardInfo, vocab: usize, bytes: &[u8]) -> Result<(), DataError> {
    shard.check_size(bytes)?;
    let found = hex(Sha256::new_with_prefix(bytes));
    if found != shard.sha256 {
        return Err(DataError::ShardHash { file: shard.file.clone(), expected: shard.sha256.clone(), found });
    }
    check_ids(ids_of(bytes), 0, vocab)
}

/// Checks all shards and the fingerprint. `done` hears the bytes checked so far.
///
/// # Errors
/// As [`verify_shard`]; [`DataError::ShardCount`], [`DataError::Fingerprint`].
pub fn verify(index: &PreparedIndex, shards: &[ShardBytes], mut done: impl FnMut(u64)) -> Result<(), DataError> {
    index.validate()?;
    index.check_sizes(shards)?;
    let mut fingerprint = Fingerprint::new(&index.tokenizer);
    let mut checked: u64 = 0;
    for (info, bytes) in index.shards.iter().zip(shards) {
        let bytes = (**bytes).as_ref();
        verify_shard(info, index.tokenizer.vocab(), bytes)?;
        fingerprint.push(bytes);
        checked += bytes.len() as u64;
        done(checked);
    }
    let found = fingerprint.finish(index.train_tokens, index.val_tokens);
    if found != index.fingerprint {
        return Err(DataError::Fingerprint { expected: index.fingerprint.clone(), found });
    }
    Ok(())
}
