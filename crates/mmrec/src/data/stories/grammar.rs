//! The language the stories are written in.
//!
//! A file holds rules: a line `:name`, then one alternative a line; an indented line continues the one before it, `#` begins a
//! comment. Rules of one name from several files are one rule. An alternative is prose with these marks:
//!
//! | mark | gives |
//! |---|---|
//! | `<rule>` | one of the rule's alternatives, not one of the latest used |
//! | `[a\|b\|]` | one of the choices, which may be empty or hold further marks |
//! | `{x=rule}` | nothing; binds `x` to an entry `form 1/form 2@she` of a rule for the rest of the story |
//! | `{n=3-9}`, `{m=n-k}`, `{m=n+1}` | nothing; binds a number |
//! | `{x}`, `{x.2}`, `{x's}` | its first form, another form, the possessive |
//! | `{x.he}`, `{x.him}`, `{x.his}`, `{x.himself}`, `{x.child}` | its pronouns, `girl` or `boy` |
//! | `{x?}`, `{x?him}`, `{x?his}` | the pronoun where it cannot be misunderstood, otherwise the name |
//! | `{x~has}` | the verb in the number of `x`: `has` or `have` |
//! | `{x.a}` | an article: `a`, `an`, or `a pair of` for plural things |
//! | `{n*x}` | a number with its noun: `one egg`, `five eggs` (the forms of `x` are singular and plural) |
//! | `&`, `^`, `//` | `a` or `an` by the next word; a capital; a new paragraph |

use std::collections::BTreeMap;

/// The rules by name.
pub(super) struct Grammar {
    rules: BTreeMap<&'static str, Vec<String>>,
}

impl Grammar {
    pub fn parse(sources: &[&'static str]) -> Self {
        let mut grammar = Self { rules: BTreeMap::new() };
        for source in sources {
            grammar.add(source);
        }
        grammar
    }

    fn add(&mut self, source: &'static str) {
        let mut alternatives = None;
        for line in source.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            if let Some(name) = line.strip_prefix(':') {
                alternatives = Some(self.rules.entry(name.trim()).or_default());
                continue;
            }
            let alternatives = alternatives.as_mut().expect("a file begins with a rule's name");
            match (line.starts_with(' '), alternatives.last_mut()) {
                (true, Some(before)) => {
                    before.push(' ');
                    before.push_str(line.trim());
                }
                _ => alternatives.push(line.trim().to_owned()),
            }
        }
    }

    /// The alternatives of a rule.
    ///
    /// # Panics
    /// Where there is no such rule; a test goes through all of them.
    pub fn rule(&self, name: &str) -> &[String] {
        self.rules.get(name).unwrap_or_else(|| panic!("the stories have no rule <{name}>"))
    }

    #[cfg(test)]
    pub fn rules(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.rules.iter().map(|(name, alternatives)| (*name, alternatives.as_slice()))
    }
}

/// Splits `text`, which begins with the opening mark, after the closing one that belongs to it: the inside and the rest.
pub(super) fn enclosed(text: &str, open: u8, close: u8) -> (&str, &str) {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return (&text[1..at], &text[at + 1..]);
            }
        }
    }
    panic!("unclosed mark in the stories: {text}")
}

/// The choices of an inline `[a|b]`, split where no inner choice is open.
pub(super) fn choices(inside: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0usize, 0, Vec::new());
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            b'|' if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inside[start..]);
    found
}
