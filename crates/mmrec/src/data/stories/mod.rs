//! The built-in sample text: short stories told by a seeded generator.
//!
//! Every story binds its people, things, places and numbers when it begins and speaks of them again at its end, so that a model with
//! memory has something to remember. The prose lives in the `.txt` files here, in the small language of [`grammar`]; agreement,
//! pronouns and articles are worked out by [`words`] and [`teller`]. The same seed gives the same text on every platform.

mod entity;
mod finish;
mod grammar;
mod teller;

use grammar::Grammar;
use teller::Teller;

const SOURCES: [&str; 14] = [
    include_str!("words.txt"),
    include_str!("common.txt"),
    include_str!("lost.txt"),
    include_str!("hidden.txt"),
    include_str!("herd.txt"),
    include_str!("market.txt"),
    include_str!("lend.txt"),
    include_str!("riddle.txt"),
    include_str!("message.txt"),
    include_str!("hurt.txt"),
    include_str!("baking.txt"),
    include_str!("noise.txt"),
    include_str!("garden.txt"),
    include_str!("signal.txt"),
];

/// Whole stories, each a title line and a few paragraphs, with a blank line between stories: the first ones that reach `bytes`
/// bytes together. ASCII only, one line for each paragraph.
pub fn sample_stories(seed: u64, bytes: usize) -> String {
    let grammar = Grammar::parse(&SOURCES);
    let mut teller = Teller::new(&grammar, seed);
    let mut text = String::with_capacity(bytes.saturating_add(4096).min(1 << 24));
    while text.len() < bytes {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&teller.story());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
