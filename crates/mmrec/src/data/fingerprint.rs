//! Hashes that tell one text from another.

use crate::tokenizer::Tokenizer;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 over the tokenizer, both parts' tokens and their lengths. The lengths come last because the streamed preparation knows
/// them last; with the tokenizer's length in front, two different data sets still never hash the same bytes.
pub(super) struct Fingerprint(Sha256);

impl Fingerprint {
    pub fn new(tokenizer: &Tokenizer) -> Self {
        let json = serde_json::to_vec(tokenizer).expect("a tokenizer is plain strings, which JSON holds");
        let mut hash = Sha256::new();
        hash.update((json.len() as u64).to_le_bytes());
        hash.update(&json);
        Self(hash)
    }

    /// Takes the next tokens as little-endian bytes: the training part's, then the validation part's.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn push_ids(&mut self, ids: &[u16]) {
        let mut bytes = Vec::new();
        for ids in ids.chunks(1 << 14) {
            bytes.clear();
            bytes.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
            self.push(&bytes);
        }
    }

    pub fn finish(mut self, train: u64, validation: u64) -> String {
        self.0.update(train.to_le_bytes());
        self.0.update(validation.to_le_bytes());
        hex(self.0)
    }
}

/// The lower-case hexadecimal form of a finished SHA-256.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String accepts all writes");
        text
    })
}
