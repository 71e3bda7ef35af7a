//! Which tokens are trained on and which are judged by.

use super::{DataError, Tokens, random};
use rand_chacha::rand_core::Rng;
use serde::{Deserialize, Serialize};

const PURPOSE: &[u8; 24] = b"mmrec training crops v1\0";

/// Seeded random crops. Crop `i` is a pure function of the seed, `i`, the text's length and the context, so that the two numbers
/// here are all a checkpoint needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampler {
    /// The seed.
    pub seed: u64,
    /// The number of crops taken so far: the next one's index.
    pub cursor: u64,
}

impl Sampler {
    /// A sampler at its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, cursor: 0 }
    }

    /// The starts of crops `cursor..cursor + count` in a text of `len` tokens, each uniform over `0..=len - context - 1`.
    ///
    /// # Panics
    /// Where the text is shorter than `context + 1` tokens; [`super::Dataset::check`] refuses it before.
    pub fn starts(&self, len: u64, context: usize, count: usize) -> Vec<u64> {
        let choices = len.checked_sub(context as u64).filter(|&choices| choices > 0);
        let choices = choices.expect("the text is shorter than one crop; Dataset::check refuses such a text");
        let mut generator = random::generator(self.seed, PURPOSE);
        // Crop i takes the two 32-bit words at 2 i.
        generator.set_word_pos(2 * u128::from(self.cursor));
        // A 64-bit fraction of the choices: no rejection, so the place in the stream stays a function of i alone. Its bias is below
        // one part in 2^30 for any text under 2^34 tokens.
        (0..count).map(|_| ((u128::from(generator.next_u64()) * u128::from(choices)) >> 64) as u64).collect()
    }

    /// The next `batch` crops, one after the other: inputs and targets, `[batch, context]` each, and moves the cursor on.
    ///
    /// # Errors
    /// As [`Tokens::read`]; the cursor stays where it is.
    ///
    /// # Panics
    /// As [`Sampler::starts`].
    pub fn next_batch(
        &mut self,
        tokens: &Tokens,
        batch: usize,
        context: usize,
    ) -> Result<(Vec<u16>, Vec<u16>), DataError> {
        let mut inputs = Vec::with_capacity(batch * context);
        let mut targets = Vec::with_capacity(batch * context);
        let mut crop = vec![0; context + 1];
        for start in self.starts(tokens.len(), context, batch) {
            tokens.read(start, &mut crop)?;
            inputs.extend_from_slice(&crop[..context]);
            targets.extend_from_slice(&crop[1..]);
        }
        // A forged cursor may be near the end; going round is as good as any other place.
        self.cursor = self.cursor.wrapping_add(batch as u64);
        Ok((inputs, targets))
    }
}

/// The starts of evenly spaced windows of `context` tokens (and the target after them) that do not overlap, at most `max` of them
/// where `max` is not 0. Without that limit they cover all targets but a tail shorter than one window.
///
/// Each window reads `context + 1` tokens; see [`Tokens::window`]. Empty where the text is shorter than that.
pub fn validation_windows(len: u64, context: usize, max: usize) -> Vec<u64> {
    let context = (context as u64).max(1);
    let fitting = len.saturating_sub(1) / context;
    let taken = if max == 0 { fitting } else { fitting.min(max as u64) };
    let window = |i: u64| (u128::from(i) * u128::from(fitting) / u128::from(taken)) as u64;
    (0..taken).map(|i| window(i) * context).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pinned: crops of stored checkpoints must not move with a library's version or on another platform.
    #[test]
    fn crops_are_pinned() {
        assert_eq!(Sampler::new(42).starts(1_000_000, 128, 4), PINNED);
        assert_eq!(Sampler { seed: 42, cursor: 2 }.starts(1_000_000, 128, 2), PINNED[2..]);
        assert!(Sampler { seed: 42, cursor: u64::MAX }.starts(1000, 128, 3).iter().all(|&start| start < 872));
    }
    const PINNED: [u64; 4] = [482_444, 328_007, 594_603, 405_791];

    #[test]
    fn starts_are_uniform() {
        let mut counts = [0u32; 10];
        Sampler::new(7).starts(12, 2, 10_000).iter().for_each(|&start| counts[start as usize] += 1);
        assert!(counts.iter().all(|&count| (850..1150).contains(&count)), "{counts:?}");
    }

    #[test]
    fn an_exact_fit_has_one_crop() {
        let tokens = Tokens::from_vec(vec![5, 6, 7]);
        assert_eq!(Sampler::new(1).next_batch(&tokens, 2, 2).unwrap(), (vec![5, 6, 5, 6], vec![6, 7, 6, 7]));
    }

    #[test]
    fn windows_of_small_texts() {
        assert_eq!(validation_windows(129, 128, 0), [0]);
        assert_eq!(validation_windows(128, 128, 0), [0u64; 0]);
        assert_eq!(validation_windows(0, 128, 4), [0u64; 0]);
        assert_eq!(validation_windows(1001, 100, 4), [0, 200, 500, 700]);
    }

    proptest! {
        #[test]
        fn a_restored_cursor_continues(seed in any::<u64>(), cursor in any::<u64>(), extra in 0u64..300, context in 1usize..40) {
            let tokens = Tokens::from_vec((0..context as u64 + 1 + extra).map(|i| i as u16).collect());
            let mut sampler = Sampler { seed, cursor };
            let whole = sampler.clone().next_batch(&tokens, 5, context).unwrap();
            let first = sampler.next_batch(&tokens, 2, context).unwrap();
            let stored = serde_json::to_string(&sampler).unwrap();
            let mut restored: Sampler = serde_json::from_str(&stored).unwrap();
            let second = restored.next_batch(&tokens, 3, context).unwrap();
            prop_assert_eq!([first.0, second.0].concat(), whole.0.clone());
            prop_assert_eq!([first.1, second.1].concat(), whole.1.clone());
            prop_assert!(whole.0.iter().zip(&whole.1).all(|(input, target)| input + 1 == *target));
        }

        #[test]
        fn windows_fit_and_do_not_overlap(len in 0u64..1 << 40, context in 1usize..5000, max in 1usize..50) {
            let windows = validation_windows(len, context, max);
            prop_assert!(windows.windows(2).all(|pair| pair[1] >= pair[0] + context as u64));
            prop_assert!(windows.iter().all(|start| start + (context as u64) < len));
            prop_assert_eq!(windows.len() as u64, (len.saturating_sub(1) / context as u64).min(max as u64));
        }

        #[test]
        fn all_windows_leave_less_than_one(len in 1u64..10_000, context in 1usize..500) {
            let covered = validation_windows(len, context, 0).len() as u64 * context as u64;
            prop_assert!(len - 1 - covered < context as u64);
        }
    }
}
