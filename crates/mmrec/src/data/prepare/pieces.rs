//! One pass over several texts as if they were one.

use super::{Phase, PrepareOptions, PrepareProgress, TextSources};
use crate::data::documents::Separator;
use crate::data::text::{Findings, Normalizer};
use crate::data::{DOCUMENT_END, DataError};
use std::io::{self, ErrorKind, Read};
use std::ops::ControlFlow;

/// Bytes read at once.
const PIECE: usize = 1 << 18;

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// In each text.
    pub findings: Vec<Findings>,
    /// How often a separator was found.
    pub separators: u64,
}

/// Gives the normalised texts, joined as [`crate::data::text::append`] joins them, to `take` in pieces.
pub(super) fn for_each_piece(
    texts: &mut impl TextSources,
    options: &PrepareOptions,
    phase: Phase,
    progress: &mut impl FnMut(PrepareProgress) -> ControlFlow<()>,
    take: impl FnMut(&str) -> Result<(), DataError>,
) -> Result<Pass, DataError> {
    let sources = texts.list().to_vec();
    let total = sources.iter().map(|source| source.bytes).sum();
    let (mut done, mut pass) = (0, Pass::default());
    let mut joined = Joined { take, begun: false, between: false };
    for (index, source) in sources.iter().enumerate() {
        let failed = |error| DataError::Read { file: source.name.clone(), source: error };
        let mut reader = texts.open(index).map_err(failed)?;
        let mut normalizer = Normalizer::new(&source.name, options.lossy);
        let mut separator = Separator::new(&options.separator);
        let (mut buffer, mut piece) = (vec![0; PIECE], String::new());
        joined.begin_file();
        loop {
            let read = read_some(&mut reader, &mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            piece.clear();
            normalizer.push(&buffer[..read], &mut piece)?;
            joined.push(&separator.push(&piece))?;
            done += read as u64;
            tell(progress, phase, done, total)?;
        }
        piece.clear();
        pass.findings.push(normalizer.finish(&mut piece)?);
        joined.push(&separator.push(&piece))?;
        joined.push(&separator.finish())?;
        pass.separators += separator.found();
    }
    Ok(pass)
}

/// Tells how far a phase is; an error where no more of it is wanted.
pub(super) fn tell(
    progress: &mut impl FnMut(PrepareProgress) -> ControlFlow<()>,
    phase: Phase,
    done: u64,
    total: u64,
) -> Result<(), DataError> {
    match progress(PrepareProgress { phase, done, total }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DataError::Stopped),
    }
}

fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Ends a document between two files.
struct Joined<F> {
    take: F,
    /// Whether there has been any text.
    begun: bool,
    /// Whether the end of a document is due before the next piece.
    between: bool,
}

impl<F: FnMut(&str) -> Result<(), DataError>> Joined<F> {
    fn begin_file(&mut self) {
        self.between = self.begun;
    }

    fn push(&mut self, piece: &str) -> Result<(), DataError> {
        if piece.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.between) {
            (self.take)(DOCUMENT_END.encode_utf8(&mut [0; 4]))?;
        }
        self.begun = true;
        (self.take)(piece)
    }
}
