//! `data.json`: what a folder of prepared shards holds.

use super::DataError;
use super::shard::Shard;
use crate::tokenizer::Tokenizer;
use serde::{Deserialize, Serialize};

/// The index's file name.
pub const INDEX_FILE: &str = "data.json";
/// The file name of the first shard, which every prepared text has.
pub const FIRST_SHARD: &str = "train-00000.bin";
/// The format this program writes, and the newest it reads.
pub const INDEX_FORMAT: u64 = 1;

pub(super) const TRAIN: &str = "train";
pub(super) const VALIDATION: &str = "val";

/// The name of a part's shard: `train-00000.bin`.
pub(super) fn shard_file(part: &str, number: usize) -> String {
    format!("{part}-{number:05}.bin")
}

/// One shard: little-endian `u16` token ids and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardInfo {
    /// Its file name, without a folder.
    pub file: String,
    /// Tokens in it.
    pub tokens: u64,
    /// SHA-256 (hex) of its bytes.
    pub sha256: String,
}

/// The content of `data.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreparedIndex {
    /// Format version, [`INDEX_FORMAT`].
    pub format: u64,
    /// What to call the text.
    pub name: String,
    /// The tokenizer that made the tokens.
    pub tokenizer: Tokenizer,
    /// Tokens in the training part.
    pub train_tokens: u64,
    /// Tokens in the validation part.
    pub val_tokens: u64,
    /// Characters in the validation part.
    pub val_chars: u64,
    /// What ended a document within a file, see [`super::PrepareOptions::separator`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub separator: String,
    /// The training part's shards in order, then the validation part's.
    pub shards: Vec<ShardInfo>,
    /// As [`super::Dataset::fingerprint`].
    pub fingerprint: String,
}

#[derive(Deserialize)]
struct Version {
    format: u64,
}

impl PreparedIndex {
    /// Reads and checks the bytes of `data.json`, which need not be trustworthy.
    ///
    /// # Errors
    /// [`DataError::NewerFormat`], [`DataError::Index`].
    pub fn parse(bytes: &[u8]) -> Result<Self, DataError> {
        // The version first: a newer format may differ in every other field.
        let version: Version = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        if version.format > INDEX_FORMAT {
            return Err(DataError::NewerFormat { found: version.format });
        }
        let index: Self = serde_json::from_slice(bytes).map_err(|error| damaged(error.to_string()))?;
        index.validate()?;
        Ok(index)
    }

    /// The bytes of `data.json`.
    pub fn to_json(&self) -> String {
        let mut json = serde_json::to_string_pretty(self).expect("an index is strings and numbers, which JSON holds");
        json.push('\n');
        json
    }

    /// Checks that the index agrees with itself. File names are checked against the ones this program writes, so that none can
    /// lead out of the folder.
    ///
    /// # Errors
    /// [`DataError::NewerFormat`], [`DataError::Index`].
    pub fn validate(&self) -> Result<(), DataError> {
        match self.format {
            INDEX_FORMAT => {}
            0 => return Err(damaged("format 0".to_owned())),
            found => return Err(DataError::NewerFormat { found }),
        }
        self.tokenizer.validate()?;
        let (train, validation) = self.shards.split_at(self.train_shards());
        check_part(TRAIN, train, self.train_tokens)?;
        check_part(VALIDATION, validation, self.val_tokens)?;
        if !is_sha256(&self.fingerprint) {
            return Err(damaged("the fingerprint is no SHA-256".to_owned()));
        }
        if self.val_chars > self.val_tokens.saturating_mul(self.tokenizer.longest()) {
            return Err(damaged("more validation characters than its tokens can hold".to_owned()));
        }
        Ok(())
    }

    /// How many of the shards belong to the training part.
    pub fn train_shards(&self) -> usize {
        self.shards.iter().take_while(|shard| shard.file.starts_with(TRAIN)).count()
    }

    /// Checks that these are as many shards as the index names, each of the size it says.
    pub(super) fn check_sizes(&self, shards: &[Box<dyn Shard>]) -> Result<(), DataError> {
        if shards.len() != self.shards.len() {
            return Err(DataError::ShardCount { expected: self.shards.len(), found: shards.len() });
        }
        self.shards.iter().zip(shards).try_for_each(|(info, shard)| info.check_size(&**shard))
    }
}

impl ShardInfo {
    pub(super) fn check_size(&self, shard: &dyn Shard) -> Result<(), DataError> {
        let (expected, found) = (self.tokens.saturating_mul(2), shard.bytes());
        if expected != found {
            return Err(DataError::ShardSize { file: self.file.clone(), expected, found });
        }
        Ok(())
    }
}

fn check_part(part: &str, shards: &[ShardInfo], tokens: u64) -> Result<(), DataError> {
    for (number, shard) in shards.iter().enumerate() {
        let expected = shard_file(part, number);
        if shard.file != expected {
            return Err(damaged(format!("shard {:?} stands where {expected} belongs", shard.file)));
        }
        if !is_sha256(&shard.sha256) {
            return Err(damaged(format!("the hash of {expected} is no SHA-256")));
        }
    }
    let sum = shards.iter().try_fold(0u64, |sum, shard| sum.checked_add(shard.tokens));
    if sum != Some(tokens) {
        return Err(damaged(format!("the {part} shards do not add up to {tokens} tokens")));
    }
    Ok(())
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn damaged(reason: String) -> DataError {
    DataError::Index { reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn valid() -> Value {
        let hash = "0123456789abcdef".repeat(4);
        json!({
            "format": 1, "name": "x", "tokenizer": {"kind": "byte"}, "train_tokens": 5, "val_tokens": 2, "val_chars": 2,
            "shards": [
                {"file": "train-00000.bin", "tokens": 3, "sha256": hash},
                {"file": "train-00001.bin", "tokens": 2, "sha256": hash},
                {"file": "val-00000.bin", "tokens": 2, "sha256": hash},
            ],
            "fingerprint": hash,
        })
    }

    fn parse(value: &Value) -> Result<PreparedIndex, DataError> {
        PreparedIndex::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_valid_index_round_trips() {
        let index = parse(&valid()).unwrap();
        assert_eq!(index.train_shards(), 2);
        assert_eq!(PreparedIndex::parse(index.to_json().as_bytes()).unwrap(), index);
    }

    #[test]
    fn newer_formats_are_named_whatever_else_they_hold() {
        let error = PreparedIndex::parse(br#"{"format": 7, "parts": []}"#).unwrap_err();
        assert!(matches!(error, DataError::NewerFormat { found: 7 }), "{error}");
    }

    #[test]
    fn inconsistent_indices_are_refused() {
        let changes: [(&str, Value); 10] = [
            ("/format", json!(0)),
            ("/train_tokens", json!(6)),
            ("/shards/0/tokens", json!(u64::MAX)),
            ("/shards/1/tokens", json!(-2)),
            ("/shards/1/file", json!("train-00002.bin")),
            ("/shards/2/file", json!("../val-00000.bin")),
            ("/shards/2/file", json!("train-00002.bin")),
            ("/shards/0/sha256", json!("00")),
            ("/fingerprint", json!("Z".repeat(64))),
            ("/val_chars", json!(3)),
        ];
        for (path, value) in changes {
            let mut index = valid();
            *index.pointer_mut(path).unwrap() = value;
            let error = parse(&index).unwrap_err();
            assert!(matches!(error, DataError::Index { .. }), "{path}: {error}");
        }
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(PreparedIndex::parse(&bytes).is_err());
        }

        #[test]
        fn damaged_bytes_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>()) {
            let mut bytes = valid().to_string().into_bytes();
            let length = bytes.len();
            bytes[at.index(length)] = byte;
            if let Ok(index) = PreparedIndex::parse(&bytes) {
                prop_assert!(index.validate().is_ok());
            }
            prop_assert!(PreparedIndex::parse(&bytes[..cut.index(length)]).is_err());
        }

        #[test]
        fn forged_counts_never_panic(counts in prop::collection::vec(any::<u64>(), 6)) {
            let mut index = valid();
            let places = ["/train_tokens", "/val_tokens", "/val_chars", "/shards/0/tokens", "/shards/1/tokens", "/shards/2/tokens"];
            for (path, count) in places.iter().zip(counts) {
                *index.pointer_mut(path).unwrap() = json!(count);
            }
            let _ = parse(&index);
        }
    }
}
