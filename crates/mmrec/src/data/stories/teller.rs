//! Tells stories: expands rules, remembers who was spoken of, and picks the words that refer to them.

use super::entity::{Entity, Gender};
use super::finish::finish;
use super::grammar::{Grammar, choices, enclosed};
use crate::data::random;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use std::collections::{BTreeMap, VecDeque};

const PURPOSE: &[u8; 24] = b"mmrec sample stories v1\0";

pub(super) struct Teller<'g> {
    grammar: &'g Grammar,
    generator: ChaCha8Rng,
    /// The latest alternatives of each rule, which are not used again for a while.
    recent: BTreeMap<String, VecDeque<usize>>,
    bound: BTreeMap<String, Entity>,
    /// Who was mentioned in this sentence and in the one before it.
    now: Vec<String>,
    before: Vec<String>,
}

impl<'g> Teller<'g> {
    pub fn new(grammar: &'g Grammar, seed: u64) -> Self {
        Self {
            grammar,
            generator: random::generator(seed, PURPOSE),
            recent: BTreeMap::new(),
            bound: BTreeMap::new(),
            now: Vec::new(),
            before: Vec::new(),
        }
    }

    /// One story: its title and its paragraphs, a line each.
    pub fn story(&mut self) -> String {
        self.bound.clear();
        self.forget();
        let mut raw = String::new();
        self.rule("story", &mut raw);
        finish(&raw)
    }

    /// A number below `n`. 32 bits whatever the platform's `usize`, so that all platforms tell the same stories.
    fn below(&mut self, n: usize) -> usize {
        ((u64::from(self.generator.next_u32()) * n as u64) >> 32) as usize
    }

    /// One of a rule's alternatives that is not among its latest.
    fn pick(&mut self, name: &str) -> &'g str {
        let alternatives = self.grammar.rule(name);
        let n = alternatives.len();
        let used = self.recent.get(name).map_or(0, VecDeque::len);
        let mut left = self.below(n - used);
        let recent = self.recent.entry(name.to_owned()).or_default();
        let picked =
            (0..n).filter(|index| !recent.contains(index)).find(|_| left.checked_sub(1).map(|l| left = l).is_none());
        let picked = picked.unwrap_or(0);
        recent.push_back(picked);
        if recent.len() > n / 2 {
            recent.pop_front();
        }
        &alternatives[picked]
    }

    fn rule(&mut self, name: &str, out: &mut String) {
        let template = self.pick(name);
        self.expand(template, out);
    }

    fn expand(&mut self, template: &str, out: &mut String) {
        let mut rest = template;
        while let Some(at) = rest.find(['<', '[', '{']) {
            self.prose(&rest[..at], out);
            rest = &rest[at..];
            let (open, close) = match rest.as_bytes()[0] {
                b'<' => (b'<', b'>'),
                b'[' => (b'[', b']'),
                _ => (b'{', b'}'),
            };
            let (inside, after) = enclosed(rest, open, close);
            match open {
                b'<' => self.rule(inside, out),
                b'[' => {
                    let choices = choices(inside);
                    let choice = choices[self.below(choices.len())];
                    self.expand(choice, out);
                }
                _ => self.slot(inside, out),
            }
            rest = after;
        }
        self.prose(rest, out);
    }

    /// Literal text; sentence ends and paragraphs move what counts as just mentioned.
    fn prose(&mut self, text: &str, out: &mut String) {
        out.push_str(text);
        for byte in text.bytes() {
            match byte {
                b'.' | b'!' | b'?' => self.before = std::mem::take(&mut self.now),
                b'/' => self.forget(),
                _ => {}
            }
        }
    }

    fn forget(&mut self) {
        self.now.clear();
        self.before.clear();
    }

    fn slot(&mut self, slot: &str, out: &mut String) {
        let end = slot.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(slot.len());
        let (name, operation) = slot.split_at(end);
        if let Some(source) = operation.strip_prefix('=') {
            let entity = self.source(source);
            self.bound.insert(name.to_owned(), entity);
            return;
        }
        let entity = self.entity(name);
        let text = match operation.split_at_checked(1) {
            Some(("?", pronoun)) => self.refer(name, &entity, pronoun),
            Some(("~", verb)) => entity.verb(verb),
            Some((".", word)) => entity.word(word),
            Some(("*", noun)) => self.entity(noun).counted(&entity),
            Some(("'", _)) => format!("{}'s", entity.form(1)),
            _ => entity.form(1).to_owned(),
        };
        self.now.push(name.to_owned());
        out.push_str(&text);
    }

    fn entity(&self, name: &str) -> Entity {
        self.bound.get(name).unwrap_or_else(|| panic!("the stories speak of {{{name}}} before it is bound")).clone()
    }

    /// What a binding's right side gives: `3-9` and `n-2` numbers, otherwise an entry of a rule.
    fn source(&mut self, source: &str) -> Entity {
        if let Some(at) = source.find(['-', '+']) {
            let (left, right) = (&source[..at], &source[at + 1..]);
            return Entity::number(match (source.as_bytes()[at], left.parse::<u32>()) {
                (b'-', Ok(from)) => from + self.below((self.value(right) - from + 1) as usize) as u32,
                (b'-', Err(_)) => self.value(left) - self.value(right),
                _ => self.value(left) + self.value(right),
            });
        }
        let mut entry = String::new();
        self.rule(source, &mut entry);
        Entity::parse(&entry)
    }

    fn value(&self, term: &str) -> u32 {
        term.parse()
            .ok()
            .or_else(|| self.entity(term).number)
            .unwrap_or_else(|| panic!("no number {term:?} in the stories"))
    }

    /// The pronoun where the entity was just mentioned and nothing else of its gender was; otherwise the name.
    fn refer(&self, name: &str, entity: &Entity, pronoun: &str) -> String {
        let mentioned = || self.now.iter().chain(&self.before);
        let known = mentioned().any(|other| other == name);
        let rivals = mentioned().any(|other| other != name && self.could_be_meant(other, entity.gender));
        let pronoun = if pronoun.is_empty() { "he" } else { pronoun };
        if known && !rivals {
            return entity.word(pronoun);
        }
        match pronoun {
            "his" => format!("{}'s", entity.form(1)),
            _ => entity.form(1).to_owned(),
        }
    }

    fn could_be_meant(&self, other: &str, gender: Gender) -> bool {
        self.bound.get(other).is_some_and(|other| other.gender == gender && other.number.is_none())
    }
}

#[cfg(test)]
impl Teller<'_> {
    pub fn has_used(&self, name: &str) -> bool {
        self.recent.contains_key(name)
    }

    /// The latest story's fact of this name.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.bound.get(name).map(|entity| entity.form(1))
    }
}
