//! One pass over several texts as if they were one.

use super::{Phase, PrepareProgress, TextSources};
use crate::data::DataError;
use crate::data::text::Normalizer;
use std::io::{self, ErrorKind, Read};

/// Bytes read at once.
const PIECE: usize = 1 << 18;

/// Gives the normalised texts, joined as [`crate::data::text::append`] joins them, to `take` in pieces.
pub(super) fn for_each_piece(
    texts: &mut impl TextSources,
    lossy: bool,
    phase: Phase,
    progress: &mut impl FnMut(PrepareProgress),
    take: impl FnMut(&str) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let sources = texts.list().to_vec();
    let total = sources.iter().map(|source| source.bytes).sum();
    let mut done = 0;
    let mut joined = Joined { take, ends_line: true, between: false };
    for (index, source) in sources.iter().enumerate() {
        let failed = |error| DataError::Read { file: source.name.clone(), source: error };
        let mut reader = texts.open(index).map_err(failed)?;
        let mut normalizer = Normalizer::new(&source.name, lossy);
        let (mut buffer, mut piece) = (vec![0; PIECE], String::new());
        joined.begin_file();
        loop {
            let read = read_some(&mut reader, &mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            piece.clear();
            normalizer.push(&buffer[..read], &mut piece)?;
            joined.push(&piece)?;
            done += read as u64;
            progress(PrepareProgress { phase, done, total });
        }
        piece.clear();
        normalizer.finish(&mut piece)?;
        joined.push(&piece)?;
    }
    Ok(())
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Puts a newline between two files where the first does not end in one.
struct Joined<F> {
    take: F,
    /// Whether the text so far is empty or ends in a newline.
    ends_line: bool,
    /// Whether a newline is due before the next piece.
    between: bool,
}

impl<F: FnMut(&str) -> Result<(), DataError>> Joined<F> {
    fn begin_file(&mut self) {
        self.between = !self.ends_line;
    }

    fn push(&mut self, piece: &str) -> Result<(), DataError> {
        if piece.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.between) {
            (self.take)("\n")?;
        }
        self.ends_line = piece.ends_with('\n');
        (self.take)(piece)
    }
}
