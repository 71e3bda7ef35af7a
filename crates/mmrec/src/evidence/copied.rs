//! Passages of a text that another text has word for word.
//!
//! A suffix automaton (Blumer et al. 1985) of the written text, which is short, reads the training text once: after each of its
//! characters it knows the longest piece of the written text that ends there. Exact, and linear in both.

use super::{Passage, Share};

/// Shorter passages than this (in characters) can be alike by chance or by custom.
pub const PASSAGE: usize = 30;

/// The share of the written characters that are in passages of at least `passage` characters which `training` has too, and the
/// longest of all common passages.
pub(super) fn copied(written: &str, training: &str, passage: usize) -> (Share, Option<Passage>) {
    let written: Vec<char> = written.chars().collect();
    let mut automaton = Automaton::new(&written);
    let longest = automaton.read(training).map(|Found { end, length, start }| Passage {
        text: written[end - length..end].iter().collect(),
        characters: length as u64,
        start: start as u64,
    });
    let (mut hits, mut covered) = (0, 0);
    for (end, length) in (1..).zip(automaton.lengths()) {
        if length >= passage {
            hits += end - covered.max(end - length);
            covered = end;
        }
    }
    (Share { hits: hits as u64, total: written.len() as u64 }, longest)
}

/// A common passage: its end in the written text, its length, and its start in the training text, in characters.
struct Found {
    end: usize,
    length: usize,
    start: usize,
}

/// The suffix automaton of the written text. State 0 is the empty text.
struct Automaton {
    states: Vec<State>,
    /// The state of each beginning of the text, from one character on.
    prefixes: Vec<usize>,
}

/// Pieces of the text that end at the same places.
#[derive(Clone, Default)]
struct State {
    /// The length of the longest of them.
    length: usize,
    /// The state of the longest suffix that ends at more places.
    link: Option<usize>,
    /// By the character that comes next, in increasing order.
    next: Vec<(char, usize)>,
    /// Where it ends first.
    end: usize,
    /// The longest of its pieces that what was read has; 0 for none.
    read: usize,
}

impl Automaton {
    fn new(text: &[char]) -> Self {
        let mut automaton = Self { states: vec![State::default()], prefixes: Vec::with_capacity(text.len()) };
        text.iter().for_each(|&c| automaton.push(c));
        automaton
    }

    /// Adds the text's next character.
    fn push(&mut self, c: char) {
        let mut at = Some(self.prefixes.last().copied().unwrap_or(0));
        let length = self.prefixes.len() + 1;
        let new = self.add(State { length, link: Some(0), end: length, ..State::default() });
        while let Some(state) = at {
            if let Some(next) = self.states[state].after(c) {
                self.states[new].link = Some(self.ending_in(state, c, next));
                break;
            }
            self.states[state].set(c, new);
            at = self.states[state].link;
        }
        self.prefixes.push(new);
    }

    /// The state of exactly the pieces of `state` with `c` after them: `next`, or a copy of it for the shorter ones of its pieces.
    fn ending_in(&mut self, state: usize, c: char, next: usize) -> usize {
        let length = self.states[state].length + 1;
        if self.states[next].length == length {
            return next;
        }
        let copy = self.add(State { length, ..self.states[next].clone() });
        self.states[next].link = Some(copy);
        let mut at = Some(state);
        while let Some(state) = at.filter(|&state| self.states[state].after(c) == Some(next)) {
            self.states[state].set(c, copy);
            at = self.states[state].link;
        }
        copy
    }

    fn add(&mut self, state: State) -> usize {
        self.states.push(state);
        self.states.len() - 1
    }

    /// Reads another text and returns the longest passage that both have, the first of several.
    fn read(&mut self, text: &str) -> Option<Found> {
        let (mut at, mut length) = (0, 0);
        let mut longest: Option<Found> = None;
        for (position, c) in (1..).zip(text.chars()) {
            let next = loop {
                match (self.states[at].after(c), self.states[at].link) {
                    (Some(next), _) => break Some(next),
                    (None, Some(link)) => (at, length) = (link, self.states[link].length),
                    (None, None) => break None,
                }
            };
            let Some(next) = next else { continue };
            (at, length) = (next, length + 1);
            let state = &mut self.states[at];
            state.read = state.read.max(length);
            if longest.as_ref().is_none_or(|found| length > found.length) {
                longest = Some(Found { end: state.end, length, start: position - length });
            }
        }
        longest
    }

    /// For each beginning of the written text, the length of its longest suffix that what was read has.
    fn lengths(&mut self) -> Vec<usize> {
        let mut longest_first: Vec<usize> = (0..self.states.len()).collect();
        longest_first.sort_unstable_by_key(|&state| std::cmp::Reverse(self.states[state].length));
        for state in longest_first {
            // What ends with a piece ends with that piece's suffixes too.
            if let (Some(link), 1..) = (self.states[state].link, self.states[state].read) {
                self.states[link].read = self.states[link].length;
            }
        }
        let suffixes = |state| std::iter::successors(Some(state), |&state: &usize| self.states[state].link);
        let longest = |&state: &usize| suffixes(state).map(|state| self.states[state].read).find(|&read| read > 0);
        self.prefixes.iter().map(|prefix| longest(prefix).unwrap_or(0)).collect()
    }
}

impl State {
    fn after(&self, c: char) -> Option<usize> {
        let at = self.next.binary_search_by_key(&c, |&(next, _)| next).ok()?;
        Some(self.next[at].1)
    }

    fn set(&mut self, c: char, state: usize) {
        match self.next.binary_search_by_key(&c, |&(next, _)| next) {
            Ok(at) => self.next[at].1 = state,
            Err(at) => self.next.insert(at, (c, state)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As the automaton's [`Automaton::lengths`], by trying everything.
    fn naive(written: &[char], training: &str) -> Vec<usize> {
        let suffix = |end: usize, length: usize| written[end - length..end].iter().collect::<String>();
        let longest = |end| (1..=end).rev().find(|&length| training.contains(&suffix(end, length)));
        (1..=written.len()).map(|end| longest(end).unwrap_or(0)).collect()
    }

    #[test]
    fn the_passage_and_its_place() {
        let (share, longest) = copied("xx the green tree yy green", "Bäume: the green trees", 6);
        let longest = longest.unwrap();
        assert_eq!((longest.text.as_str(), longest.characters, longest.start), (" the green tree", 15, 6));
        assert_eq!(share, Share { hits: 15 + 6, total: 26 });
    }

    #[test]
    fn a_copy_of_a_long_text_takes_no_longer_than_its_length() {
        let written = "ab".repeat(5_000);
        let (share, longest) = copied(&written, &written.repeat(20), 30);
        assert_eq!((share.hits, share.total), (10_000, 10_000));
        assert_eq!(longest.unwrap().characters, 10_000);
    }

    proptest! {
        #[test]
        fn equals_the_naive_way(written in "[abé]{0,40}", training in "[abéz]{0,120}", passage in 1usize..6) {
            let characters: Vec<char> = written.chars().collect();
            let lengths = naive(&characters, &training);
            let mut automaton = Automaton::new(&characters);
            let found = automaton.read(&training);
            prop_assert_eq!(automaton.lengths(), lengths.clone());
            prop_assert_eq!(found.map_or(0, |found| found.length), lengths.iter().copied().max().unwrap_or(0));
            let within = |at: usize| (1..).zip(&lengths).any(|(end, &length)| length >= passage && end > at && end - length <= at);
            let (share, longest) = copied(&written, &training, passage);
            prop_assert_eq!(share.hits as usize, (0..characters.len()).filter(|&at| within(at)).count());
            if let Some(Passage { text, characters, start }) = longest {
                let there: String = training.chars().skip(start as usize).take(characters as usize).collect();
                prop_assert_eq!(&there, &text);
                prop_assert!(written.contains(&text));
            }
        }
    }
}
