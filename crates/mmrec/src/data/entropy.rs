//! How well a text can be predicted by counting alone: the losses that a model has to fall below.
//!
//! Counts of the training part, smoothed by interpolation after Witten and Bell (1991), as written down by Chen and Goodman, "An
//! Empirical Study of Smoothing Techniques for Language Modeling" (1999), section 2.5. With h a context, h′ the same without its
//! first token, c(·) counts and T(h) the number of distinct tokens seen after h:
//!
//! p(w | h) = (c(hw) + T(h) p(w | h′)) / (c(h) + T(h)), and below the empty context p(w) = 1 / V.

use super::{DataError, Dataset, Tokens, validation_windows};
use serde::Serialize;

/// The most tokens that are counted, 16 MB of memory; of a longer training part evenly spaced stretches.
const MAX_COUNTED: u64 = 1 << 21;
/// The most tokens that are predicted; of a longer validation part evenly spaced stretches.
const MAX_PREDICTED: u64 = 1 << 17;
/// Tokens in one of those stretches.
const STRETCH: usize = 1 << 14;

/// Cross-entropy of the validation part in nats per token, as the validation loss is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Entropies {
    /// Every token as likely as any other: ln V.
    pub uniform: f64,
    /// By how often each token occurs.
    pub unigram: f64,
    /// By the token before.
    pub bigram: f64,
    /// By the two tokens before.
    pub trigram: f64,
}

/// Counts the training part and predicts the validation part from that; `None` where there is nothing to predict.
///
/// # Errors
/// As [`Tokens::read`].
pub fn entropies(data: &Dataset) -> Result<Option<Entropies>, DataError> {
    let counts = Counts::new(&data.train, data.tokenizer.vocab())?;
    let (mut sums, mut predicted) = ([0.0; 3], 0);
    for ids in stretches(&data.validation, MAX_PREDICTED) {
        let ids = ids?;
        for end in 0..ids.len() {
            let history = &ids[end.saturating_sub(2)..end];
            let likelihoods = counts.likelihoods(history, ids[end]);
            sums.iter_mut().zip(likelihoods).for_each(|(sum, likelihood)| *sum -= likelihood.ln());
        }
        predicted += ids.len();
    }
    let [unigram, bigram, trigram] = sums.map(|sum| sum / predicted as f64);
    let uniform = (data.tokenizer.vocab() as f64).ln();
    Ok((predicted > 0).then_some(Entropies { uniform, unigram, bigram, trigram }))
}

/// At most about `most` tokens, in runs of neighbours.
fn stretches(tokens: &Tokens, most: u64) -> impl Iterator<Item = Result<Vec<u16>, DataError>> {
    let whole = tokens.len() <= most;
    let (starts, length) = match whole {
        true => (vec![0], tokens.len() as usize),
        false => (validation_windows(tokens.len(), STRETCH, most as usize / STRETCH), STRETCH),
    };
    starts.into_iter().map(move |start| {
        let mut ids = vec![0; length];
        tokens.read(start, &mut ids)?;
        Ok(ids)
    })
}

/// How often each sequence of up to three tokens occurs.
struct Counts {
    vocab: usize,
    /// At `n` the sequences of `n` tokens; the empty sequence is the one entry at 0.
    levels: [Level; 4],
}

/// Sequences of one length, in increasing order of their keys.
#[derive(Default)]
struct Level {
    /// Token ids, 16 bits each, the first in the highest place.
    keys: Vec<u64>,
    counts: Vec<u32>,
    /// How many distinct tokens follow.
    followers: Vec<u32>,
}

impl Counts {
    fn new(train: &Tokens, vocab: usize) -> Result<Self, DataError> {
        let mut triples: Vec<u64> = Vec::new();
        for ids in stretches(train, MAX_COUNTED) {
            triples.extend(ids?.windows(3).map(key));
        }
        triples.sort_unstable();
        let three = Level::grouped(triples.iter().map(|&key| (key, 1)));
        let two = three.shortened();
        let one = two.shortened();
        let none = one.shortened();
        Ok(Self { vocab, levels: [none, one, two, three] })
    }

    /// The probability of `token` after none, one and two tokens of `history`, which holds at most two. A history that is
    /// shorter than the context, or was never seen, says what the next shorter context says.
    fn likelihoods(&self, history: &[u16], token: u16) -> [f64; 3] {
        let mut likelihood = 1.0 / self.vocab as f64;
        std::array::from_fn(|context| {
            if let Some(from) = history.len().checked_sub(context)
                && let Some((total, followers)) = self.levels[context].find(key(&history[from..]))
            {
                let sequence = key(&history[from..]) << 16 | u64::from(token);
                let count = self.levels[context + 1].find(sequence).map_or(0, |(count, _)| count);
                likelihood = (f64::from(count) + f64::from(followers) * likelihood) / f64::from(total + followers);
            }
            likelihood
        })
    }
}

impl Level {
    /// Adds up what sorted keys with their counts have in common.
    fn grouped(entries: impl Iterator<Item = (u64, u32)>) -> Self {
        let mut level = Self::default();
        for (key, count) in entries {
            if level.keys.last() != Some(&key) {
                level.keys.push(key);
                level.counts.push(0);
                level.followers.push(0);
            }
            let at = level.keys.len() - 1;
            level.counts[at] += count;
            level.followers[at] += 1;
        }
        level
    }

    /// The sequences without their last token.
    fn shortened(&self) -> Self {
        Self::grouped(self.keys.iter().map(|key| key >> 16).zip(self.counts.iter().copied()))
    }

    /// How often a sequence occurs, and how many distinct tokens follow it.
    fn find(&self, key: u64) -> Option<(u32, u32)> {
        let at = self.keys.binary_search(&key).ok()?;
        Some((self.counts[at], self.followers[at]))
    }
}

fn key(ids: &[u16]) -> u64 {
    ids.iter().fold(0, |key, &id| key << 16 | u64::from(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::random;
    use crate::tokenizer::TokenizerKind;
    use proptest::prelude::*;
    use rand_chacha::rand_core::Rng;

    fn of(text: &str) -> Entropies {
        entropies(&Dataset::from_text("x", text, TokenizerKind::Char, None).unwrap()).unwrap().unwrap()
    }

    fn uniformly_random(letters: &[u8], length: usize) -> String {
        let mut random = random::generator(1, b"mmrec entropy test text\0");
        (0..length).map(|_| char::from(letters[random.next_u32() as usize % letters.len()])).collect()
    }

    #[test]
    fn one_letter_tells_nothing() {
        let Entropies { unigram, bigram, trigram, .. } = of(&"a".repeat(10_000));
        assert!([unigram, bigram, trigram].iter().all(|nats| (0.0..0.001).contains(nats)), "{unigram}");
    }

    #[test]
    fn chance_cannot_be_predicted() {
        let found = of(&uniformly_random(b"abcdefgh", 200_000));
        for nats in [found.unigram, found.bigram, found.trigram] {
            assert!((nats - 8f64.ln()).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn taking_turns_is_told_by_one_token() {
        let found = of(&"ab".repeat(10_000));
        assert!((found.unigram - 2f64.ln()).abs() < 0.001, "{found:?}");
        assert!(found.bigram < 0.001 && found.trigram < 0.001, "{found:?}");
    }

    #[test]
    fn longer_contexts_tell_more_of_a_story() {
        let found = of(&crate::data::sample_stories(1, 300_000));
        let order = [found.uniform, found.unigram, found.bigram, found.trigram];
        assert!(order.windows(2).all(|pair| pair[0] > pair[1] + 0.1), "{found:?}");
        assert_eq!(found.uniform, (of("ab").uniform / 3f64.ln()) * found.uniform, "ln of the vocabulary");
    }

    #[test]
    fn a_long_text_is_counted_in_part() {
        let tokens = Tokens::from_vec(vec![1; MAX_COUNTED as usize * 2]);
        let counted: usize = stretches(&tokens, MAX_COUNTED).map(|ids| ids.unwrap().len()).sum();
        assert_eq!(counted, MAX_COUNTED as usize);
        assert!(stretches(&Tokens::from_vec(Vec::new()), 1).all(|ids| ids.unwrap().is_empty()));
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one(train in prop::collection::vec(0u16..6, 0..80), history in prop::collection::vec(0u16..6, 0..3)) {
            let counts = Counts::new(&Tokens::from_vec(train), 6).unwrap();
            let mut sums = [0.0; 3];
            for token in 0..6 {
                let likelihoods = counts.likelihoods(&history, token);
                prop_assert!(likelihoods.iter().all(|&p| p > 0.0));
                sums.iter_mut().zip(likelihoods).for_each(|(sum, p)| *sum += p);
            }
            prop_assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-12), "{:?}", sums);
        }
    }
}
