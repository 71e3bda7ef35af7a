//! Stop strings in a stream: text is held back while it could still become one.

use crate::data::unfinished;

/// Holds back what may be the beginning of a stop string.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    strings: Vec<String>,
    held: String,
}

impl Stop {
    pub fn new(strings: impl IntoIterator<Item = String>) -> Self {
        Self { strings: strings.into_iter().collect(), held: String::new() }
    }

    /// Adds text; returns what is certain by now and whether a stop string has come.
    pub fn push(&mut self, piece: &str) -> (String, bool) {
        self.held.push_str(piece);
        if let Some(end) = self.strings.iter().filter_map(|stop| self.held.find(stop.as_str())).min() {
            self.held.truncate(end);
            return (std::mem::take(&mut self.held), true);
        }
        let certain = self.held.len() - unfinished(&self.held, &self.strings);
        let rest = self.held.split_off(certain);
        (std::mem::replace(&mut self.held, rest), false)
    }

    /// What is still held at the end of the text.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_before_a_stop_string_comes_and_no_part_of_it() {
        let mut stop = Stop::new(["END".to_owned(), "\n\n".to_owned()]);
        assert_eq!(stop.push("abE"), ("ab".to_owned(), false));
        assert_eq!(stop.push("Nx"), ("ENx".to_owned(), false));
        assert_eq!(stop.push("é\n"), ("é".to_owned(), false));
        assert_eq!(stop.push("\nmore"), (String::new(), true));
        assert_eq!(stop.finish(), "");
    }

    #[test]
    fn what_was_held_comes_at_the_end() {
        let mut stop = Stop::new(["END".to_owned()]);
        assert_eq!(stop.push("xEN"), ("x".to_owned(), false));
        assert_eq!(stop.finish(), "EN");
    }
}
