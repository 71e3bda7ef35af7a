//! Whether a file is what mmrec wrote: as it is, laid out anew by another program, or damaged.
//!
//! The checksum stands for every bit of a file in the layout that mmrec writes. Another program that reads a file and writes it again
//! (Python's safetensors, say) keeps names, shapes, values and metadata, but orders and spells the header its own way. Such a file
//! is put back, in thought, into mmrec's layout: where the checksum then matches, it holds what mmrec wrote; where it does not, the
//! content was changed, which whoever opens it is told.
//!
//! Damage must not pass for the work of another program. What tells them apart is how the header spells the description of a tensor:
//! mmrec begins each one with its offsets, the safetensors library with its type. As long as a single description is spelt
//! mmrec's way, mmrec wrote the header, and the checksum must match as it stands. A flipped bit, or any damage that leaves a header
//! which can be read, cannot respell every description there is.

use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

use super::read::Texts;
use super::write::{Place, header};
use super::{BLANK, CHECKSUM_KEY, CheckpointError, checksum, checksum_place};
use crate::data::hex;

/// What a description of a tensor begins with in mmrec's spelling. In a text of the metadata its quotes would be escaped.
const OWN_SPELLING: &[u8] = b"{\"data_offsets\":[";

/// What was read, and whether it is what mmrec wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened<T> {
    /// What was read.
    pub content: T,
    /// Whether another program changed it since mmrec wrote it.
    pub changed: bool,
}

/// Whether the content was changed since mmrec wrote it; an error for a file that is damaged. `header` are the header's bytes.
pub(super) fn is_changed(
    bytes: &[u8],
    header: &[u8],
    texts: &Texts,
    tensors: &SafeTensors,
) -> Result<bool, CheckpointError> {
    let written = texts.get(CHECKSUM_KEY).ok_or(CheckpointError::Damaged)?;
    let matches = |place: std::ops::Range<usize>| checksum(bytes, &place).as_bytes() == &bytes[place];
    if checksum_place(bytes).is_some_and(matches) {
        return Ok(false);
    }
    let is_own = header.windows(OWN_SPELLING.len()).any(|part| part == OWN_SPELLING);
    if is_own || tensors.is_empty() {
        return Err(CheckpointError::Damaged);
    }
    Ok(checksum_of_content(texts, tensors)? != *written)
}

/// The checksum that mmrec would give a file of this content.
fn checksum_of_content(texts: &Texts, tensors: &SafeTensors) -> Result<String, CheckpointError> {
    let mut metadata: std::collections::BTreeMap<_, _> = texts.iter().collect();
    let blank = BLANK.to_owned();
    let key = CHECKSUM_KEY.to_owned();
    metadata.insert(&key, &blank);
    let mut ordered: Vec<_> = tensors.iter().collect();
    ordered.sort_by(|(a, first), (b, second)| {
        let size = |view: &safetensors::tensor::TensorView| view.dtype().bitsize();
        size(second).cmp(&size(first)).then(a.cmp(b))
    });
    let kinds: Vec<String> = ordered.iter().map(|(_, view)| format!("{:?}", view.dtype())).collect();
    let places = ordered.iter().zip(&kinds).map(|((name, view), kind)| Place {
        name,
        kind,
        shape: view.shape(),
        bytes: view.data().len(),
    });
    let mut hash = Sha256::new_with_prefix(header(&metadata, places)?);
    ordered.iter().for_each(|(_, view)| hash.update(view.data()));
    Ok(hex(hash))
}
