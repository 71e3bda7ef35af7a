//! Learning merges from a text: the pair that occurs most often is joined, again and again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, hash_map};

use super::words::reads_alike;
use super::{BYTES, BpeTokenizer, Cut, MAX_TOKENS, Pair};

/// Different words that are counted at a time; beyond that the rarest are forgotten, so that memory stays bounded.
const MAX_WORDS: usize = 1 << 21;
/// Words that are looked at in one piece of work: some milliseconds.
const PIECE: usize = 1 << 13;
/// The share of the work that is done when all words were taken in.
const TAKEN_IN: f64 = 0.25;

/// Counts the words of a text that comes in pieces, to learn merges from them.
#[derive(Debug, Clone, Default)]
pub struct BpeLearner {
    counts: HashMap<String, u64>,
    /// The end of the text so far, which may not be a whole word yet.
    held: String,
    /// The first way of cutting, as long as that is the same for this text: so its tokenizer is the one that it always was.
    cut: Cut,
}

impl BpeLearner {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &str) {
        let mut held = std::mem::take(&mut self.held);
        held.push_str(piece);
        Cut::Marks.take_complete(&mut held, |word| self.count(word));
        self.held = held;
    }

    /// Begins to learn the merges of a tokenizer with `vocab` tokens, or fewer where no pair occurs twice any more.
    pub fn learn(mut self, vocab: usize) -> BpeLearning {
        let held = std::mem::take(&mut self.held);
        Cut::Marks.words(&held).for_each(|word| self.count(word));
        BpeLearning {
            words: self.counts.len(),
            unread: self.counts.into_iter(),
            table: Table::default(),
            joining: None,
            merges: Vec::new(),
            most: vocab.clamp(BYTES, MAX_TOKENS) - BYTES,
            cut: self.cut,
        }
    }

    fn count(&mut self, word: &str) {
        match self.counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                forget_rare(&mut self.counts);
                self.counts.insert(word.to_owned(), 1);
                if !reads_alike(word) {
                    self.cut = Cut::Marks;
                }
            }
        }
    }
}

/// Makes room, if there is none, by forgetting the rarest words: first those seen once, then twice, and so on.
fn forget_rare(counts: &mut HashMap<String, u64>) {
    let mut rarest = 1;
    while counts.len() >= MAX_WORDS {
        counts.retain(|_, count| *count > rarest);
        rarest *= 2;
    }
}

/// Merges being learned, piece by piece of work.
#[derive(Debug)]
pub struct BpeLearning {
    unread: hash_map::IntoIter<String, u64>,
    /// Words in all.
    words: usize,
    table: Table,
    joining: Option<Joining>,
    merges: Vec<Pair>,
    /// The most merges.
    most: usize,
    cut: Cut,
}

impl BpeLearning {
    /// Does some milliseconds of work; the share of it that is done by now, `None` at its end.
    pub fn advance(&mut self) -> Option<f64> {
        if self.unread.len() > 0 {
            self.unread.by_ref().take(PIECE).for_each(|(word, count)| self.table.take_in(&word, count));
            if self.unread.len() == 0 {
                self.table.order();
            }
            return Some(TAKEN_IN * (1.0 - self.unread.len() as f64 / self.words as f64));
        }
        match self.joining.take() {
            Some(joining) => self.joining = self.table.join(joining),
            None => {
                let wanted = self.merges.len() < self.most;
                let id = u16::try_from(BYTES + self.merges.len()).ok().filter(|_| wanted)?;
                let joining = self.table.commonest(id)?;
                self.merges.push(joining.pair);
                self.joining = Some(joining);
            }
        }
        Some(TAKEN_IN + (1.0 - TAKEN_IN) * self.merges.len() as f64 / self.most as f64)
    }

    /// The tokenizer, once all is learned.
    pub fn finish(mut self) -> BpeTokenizer {
        while self.advance().is_some() {}
        BpeTokenizer::new(self.merges, self.cut).expect("merges join tokens before them, each pair once, within words")
    }
}

/// A word in its tokens so far.
#[derive(Debug)]
struct Word {
    ids: Vec<u16>,
    count: u64,
}

/// How often a pair occurs, and in which words; some of these may have lost it.
#[derive(Debug, Default)]
struct Occurrences {
    count: u64,
    words: Vec<u32>,
}

/// A pair that is being joined to `id`, in the words that are left.
#[derive(Debug)]
struct Joining {
    pair: Pair,
    id: u16,
    words: Vec<u32>,
    /// Pairs with the new token.
    grown: Vec<Pair>,
}

/// All pairs of all words.
#[derive(Debug, Default)]
struct Table {
    words: Vec<Word>,
    pairs: HashMap<Pair, Occurrences>,
    /// Pairs by count, the earlier ids first where counts are equal. A count may be out of date; then it is too high.
    heap: BinaryHeap<(u64, Reverse<Pair>)>,
}

impl Table {
    fn take_in(&mut self, word: &str, count: u64) {
        let ids: Vec<u16> = word.bytes().map(u16::from).collect();
        for pair in ids.windows(2) {
            let occurrences = self.pairs.entry([pair[0], pair[1]]).or_default();
            occurrences.count += count;
            occurrences.words.push(self.words.len() as u32);
        }
        self.words.push(Word { ids, count });
    }

    /// Once all words are taken in.
    fn order(&mut self) {
        self.heap = self.pairs.iter().map(|(pair, occurrences)| (occurrences.count, Reverse(*pair))).collect();
    }

    /// The commonest pair, to be joined to `id`; `None` if there is none that occurs twice.
    fn commonest(&mut self, id: u16) -> Option<Joining> {
        loop {
            let (count, Reverse(pair)) = self.heap.pop()?;
            let now = self.pairs.get(&pair).map_or(0, |occurrences| occurrences.count);
            if now < count {
                // Some were joined to something else; it takes its place among the others again.
                self.heap.extend((now > 1).then_some((now, Reverse(pair))));
                continue;
            }
            if count < 2 {
                return None;
            }
            let mut words = self.pairs.remove(&pair)?.words;
            words.sort_unstable();
            words.dedup();
            return Some(Joining { pair, id, words, grown: Vec::new() });
        }
    }

    /// Joins a pair in some more words; what is left to do.
    fn join(&mut self, mut joining: Joining) -> Option<Joining> {
        for _ in 0..PIECE {
            let Some(place) = joining.words.pop() else {
                self.rank(joining.grown);
                return None;
            };
            self.join_in(place, &mut joining);
        }
        Some(joining)
    }

    /// Joins a pair in one word, from left to right. Of the other pairs only those beside it change.
    fn join_in(&mut self, place: u32, joining: &mut Joining) {
        let Joining { pair, id, ref mut grown, .. } = *joining;
        let Word { ids, count } = &mut self.words[place as usize];
        let mut change = |lost: Pair, gained: Pair| {
            if let Some(occurrences) = self.pairs.get_mut(&lost) {
                occurrences.count -= *count;
            }
            let occurrences = self.pairs.entry(gained).or_default();
            occurrences.count += *count;
            occurrences.words.push(place);
            grown.push(gained);
        };
        let (mut read, mut written) = (0, 0);
        while read < ids.len() {
            let is_pair = ids[read..].starts_with(&pair);
            if is_pair && written > 0 {
                change([ids[written - 1], pair[0]], [ids[written - 1], id]);
            }
            if let Some(&after) = ids.get(read + 2).filter(|_| is_pair) {
                change([pair[1], after], [id, after]);
            }
            ids[written] = if is_pair { id } else { ids[read] };
            read += if is_pair { 2 } else { 1 };
            written += 1;
        }
        ids.truncate(written);
    }

    fn rank(&mut self, mut grown: Vec<Pair>) {
        grown.sort_unstable();
        grown.dedup();
        let counted = grown.into_iter().filter_map(|pair| self.pairs.get(&pair).map(|now| (now.count, Reverse(pair))));
        self.heap.extend(counted.filter(|(count, _)| *count > 1));
    }
}
