//! What a setting is called, what it means and what it may be: for the command line's flags, settings files, the page's fields and
//! every check alike.

use serde::Serialize;

use super::ConfigError;

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Field {
    /// As in files; the flag has hyphens.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it may be.
    pub range: Range,
    /// What it is where nobody says, in words; empty where `about` says it.
    pub default: &'static str,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Range {
    /// A whole number, both ends included.
    Whole {
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// A number, both ends included, but for `min` where it must be `above` it.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
        /// Whether `min` itself is too little.
        above: bool,
    },
    /// One of some words.
    OneOf {
        /// The words.
        options: &'static [&'static str],
    },
    /// On or off.
    Switch,
    /// A text of at most so many bytes.
    Text {
        /// In UTF-8.
        bytes: usize,
    },
}

impl Field {
    pub(super) const fn whole(
        name: &'static str,
        about: &'static str,
        min: u64,
        max: u64,
        default: &'static str,
    ) -> Self {
        Self { name, about, range: Range::Whole { min, max }, default }
    }

    pub(super) const fn number(
        name: &'static str,
        about: &'static str,
        min: f64,
        max: f64,
        default: &'static str,
    ) -> Self {
        Self { name, about, range: Range::Number { min, max, above: false }, default }
    }

    pub(super) const fn above(
        name: &'static str,
        about: &'static str,
        min: f64,
        max: f64,
        default: &'static str,
    ) -> Self {
        Self { name, about, range: Range::Number { min, max, above: true }, default }
    }

    pub(super) const fn one_of(
        name: &'static str,
        about: &'static str,
        options: &'static [&'static str],
        default: &'static str,
    ) -> Self {
        Self { name, about, range: Range::OneOf { options }, default }
    }

    pub(super) const fn switch(name: &'static str, about: &'static str) -> Self {
        Self { name, about, range: Range::Switch, default: "" }
    }

    pub(super) const fn text(name: &'static str, about: &'static str, bytes: usize) -> Self {
        Self { name, about, range: Range::Text { bytes }, default: "" }
    }

    /// Refuses a whole number out of range.
    pub(super) fn check_whole(&self, value: u64) -> Result<(), ConfigError> {
        let Range::Whole { min, max } = self.range else { unreachable!("{} is no whole number", self.name) };
        self.require((min..=max).contains(&value), value)
    }

    /// Refuses a number out of range, and what is none.
    pub(super) fn check_number(&self, value: f64) -> Result<(), ConfigError> {
        let Range::Number { min, max, above } = self.range else { unreachable!("{} is no number", self.name) };
        self.require((min..=max).contains(&value) && !(above && value == min), value)
    }

    /// Refuses a text that is too long.
    pub(super) fn check_text(&self, value: &str) -> Result<(), ConfigError> {
        let Range::Text { bytes } = self.range else { unreachable!("{} is no text", self.name) };
        self.require(value.len() <= bytes, format!("{} bytes", value.len()))
    }

    fn require(&self, ok: bool, value: impl ToString) -> Result<(), ConfigError> {
        super::require(ok, self.name, value, self.range.words())
    }

    /// The flag of the command line, without its hyphens.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// What it is, what it is by default and what it may be, in a line.
    pub fn help(&self) -> String {
        let mut help = self.about.to_owned();
        if !self.default.is_empty() {
            help.push_str(&format!(" [default: {}]", self.default));
        }
        match self.range {
            Range::Whole { min, max } => help.push_str(&format!(" [{min} to {max}]")),
            Range::Number { min, max, above: false } => help.push_str(&format!(" [{min} to {max}]")),
            Range::Number { min, max, above: true } => help.push_str(&format!(" [above {min}, at most {max}]")),
            Range::OneOf { .. } | Range::Switch | Range::Text { .. } => {}
        }
        help
    }
}

impl Range {
    /// In words, as errors say it.
    pub fn words(&self) -> String {
        match self {
            Self::Whole { min, max } => format!("between {min} and {max}"),
            Self::Number { min, max, above: false } => format!("between {min} and {max}"),
            Self::Number { min, max, above: true } => format!("above {min} and at most {max}"),
            Self::OneOf { options } => options.join(" or "),
            Self::Switch => "true or false".to_owned(),
            Self::Text { bytes } => format!("at most {bytes} bytes"),
        }
    }
}
