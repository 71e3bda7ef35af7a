//! Learning merges from a text: the pair that occurs most often is joined, again and again.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::{BYTES, BpeTokenizer, MAX_TOKENS, Pair, join, take_complete, words};

/// Different words that are counted at a time; beyond that the rarest are forgotten, so that memory stays bounded.
const MOST_WORDS: usize = 1 << 21;

/// Counts the words of a text that comes in pieces, and learns merges from them.
#[derive(Debug, Clone, Default)]
pub struct BpeLearner {
    counts: HashMap<String, u64>,
    /// The end of the text so far, which may not be a whole word yet.
    held: String,
}

impl BpeLearner {
    /// One that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece of the text.
    pub fn push(&mut self, piece: &str) {
        self.held.push_str(piece);
        take_complete(&mut self.held, |word| count(&mut self.counts, word));
    }

    /// The tokenizer of `vocab` tokens, or of fewer where no pair occurs twice any more. `progress` hears the share of the merges
    /// that are found.
    pub fn finish(mut self, vocab: usize, mut progress: impl FnMut(f64)) -> BpeTokenizer {
        for word in words(&self.held) {
            count(&mut self.counts, word);
        }
        let mut table = Table::new(self.counts);
        let most = vocab.clamp(BYTES, MAX_TOKENS) - BYTES;
        let found = std::iter::from_fn(|| table.merge()).take(most);
        let merges =
            found.enumerate().inspect(|(at, _)| progress(*at as f64 / most as f64)).map(|(_, pair)| pair).collect();
        BpeTokenizer::new(merges).expect("merges join tokens before them, each pair once, within words")
    }
}

fn count(counts: &mut HashMap<String, u64>, word: &str) {
    match counts.get_mut(word) {
        Some(count) => *count += 1,
        None => {
            forget_rare(counts);
            counts.insert(word.to_owned(), 1);
        }
    }
}

/// Makes room, if there is none, by forgetting the rarest words: first those seen once, then twice, and so on.
fn forget_rare(counts: &mut HashMap<String, u64>) {
    let mut rarest = 1;
    while counts.len() >= MOST_WORDS {
        counts.retain(|_, count| *count > rarest);
        rarest *= 2;
    }
}

/// A word in its tokens so far.
struct Word {
    ids: Vec<u16>,
    count: u64,
}

/// How often a pair occurs, and in which words; some of these may have lost it.
#[derive(Default)]
struct Occurrences {
    count: u64,
    words: Vec<u32>,
}

/// All pairs of all words.
struct Table {
    words: Vec<Word>,
    pairs: HashMap<Pair, Occurrences>,
    /// Pairs by count, the earlier ids first where counts are equal. A count may be out of date; then it is too high.
    heap: BinaryHeap<(u64, Reverse<Pair>)>,
    merged: usize,
}

impl Table {
    fn new(counts: HashMap<String, u64>) -> Self {
        let word = |(word, count): (String, u64)| Word { ids: word.bytes().map(u16::from).collect(), count };
        let words: Vec<Word> = counts.into_iter().map(word).collect();
        let mut pairs: HashMap<Pair, Occurrences> = HashMap::new();
        for (index, word) in words.iter().enumerate() {
            for pair in word.ids.windows(2) {
                let occurrences = pairs.entry([pair[0], pair[1]]).or_default();
                occurrences.count += word.count;
                occurrences.words.push(index as u32);
            }
        }
        let heap = pairs.iter().map(|(pair, occurrences)| (occurrences.count, Reverse(*pair))).collect();
        Self { words, pairs, heap, merged: 0 }
    }

    /// Joins the commonest pair; `None` if there is none that occurs twice.
    fn merge(&mut self) -> Option<Pair> {
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
            let id = u16::try_from(BYTES + self.merged).ok()?;
            self.merged += 1;
            self.join(pair, id);
            return Some(pair);
        }
    }

    fn join(&mut self, pair: Pair, id: u16) {
        let Some(Occurrences { words: mut places, .. }) = self.pairs.remove(&pair) else { return };
        places.sort_unstable();
        places.dedup();
        let mut grown: Vec<Pair> = Vec::new();
        for place in places {
            let word = &mut self.words[place as usize];
            for old in word.ids.windows(2) {
                if let Some(occurrences) = self.pairs.get_mut(&[old[0], old[1]]) {
                    occurrences.count -= word.count;
                }
            }
            let length = join(&mut word.ids, pair, id);
            word.ids.truncate(length);
            for new in word.ids.windows(2).map(|new| [new[0], new[1]]) {
                let occurrences = self.pairs.entry(new).or_default();
                occurrences.count += word.count;
                if new.contains(&id) {
                    occurrences.words.push(place);
                    grown.push(new);
                }
            }
        }
        grown.sort_unstable();
        grown.dedup();
        self.heap.extend(grown.into_iter().map(|pair| (self.pairs[&pair].count, Reverse(pair))));
    }
}
