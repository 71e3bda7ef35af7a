//! Settings that are others than they were.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::Result;
use mmrec::config::TrainConfig;
use toml::{Table, Value};

use crate::run::settings_file::{SettingsFile, table};
use crate::terminal::shell;

/// A setting that has one value there and is wanted to have another here.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    field: String,
    there: Value,
    here: Value,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {} there and {} here", self.field, self.there, self.here)
    }
}

impl Difference {
    /// The field, by its name in a settings file.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The option that asks for what is wanted here.
    pub fn option(&self) -> String {
        let name = self.field.replace('_', "-");
        match &self.here {
            Value::Boolean(_) => format!("--{name}"),
            Value::String(text) => format!("--{name} {}", shell::quoted(text.as_ref())),
            value => format!("--{name} {value}"),
        }
    }
}

/// Whether growth can make these differences: it adds to sizes, and makes no model one of another kind.
pub fn can_grow(differences: &[Difference]) -> bool {
    const OF_KIND: [&str; 3] = ["planning", "window", "gate_rank"];
    let larger = |of: &Difference| match (&of.there, &of.here) {
        (Value::Integer(there), Value::Integer(here)) => here > there,
        _ => false,
    };
    differences.iter().all(|of| larger(of) && !OF_KIND.contains(&of.field.as_str()))
}

/// What a settings file asks of a training that `train` does not have.
pub fn asked_beyond(file: &SettingsFile, train: &TrainConfig) -> Result<Vec<Difference>> {
    let mut there = table(train)?;
    there.retain(|field, _| file.train.contains_key(field));
    Ok(between(&there, &file.train))
}

/// What differs between two settings of a training.
pub fn differences(there: &TrainConfig, here: &TrainConfig) -> Result<Vec<Difference>> {
    Ok(between(&table(there)?, &table(here)?))
}

/// Some differences as what becomes of a run.
pub fn as_changes(differences: &[Difference]) -> String {
    let change = |of: &Difference| format!("{} is {} (it was {})", of.field, of.here, of.there);
    differences.iter().map(change).collect::<Vec<_>>().join(", ")
}

/// Some differences in words.
pub fn in_words(differences: &[Difference]) -> String {
    differences.iter().map(Difference::to_string).collect::<Vec<_>>().join(", ")
}

/// The fields that differ.
pub fn between(there: &Table, here: &Table) -> Vec<Difference> {
    let fields: BTreeSet<&String> = there.keys().chain(here.keys()).collect();
    let difference = |field: &String| {
        let (there, here) = match (there.get(field), here.get(field)) {
            (Some(there), Some(here)) => (there.clone(), here.clone()),
            (Some(there), None) => (there.clone(), left_out(field, there)),
            (None, here) => (left_out(field, here?), here?.clone()),
        };
        (there != here).then(|| Difference { field: field.clone(), there, here })
    };
    fields.into_iter().filter_map(difference).collect()
}

/// The value of a field that is left out beside one that has `other`: those are left out that are off.
fn left_out(field: &str, other: &Value) -> Value {
    match other {
        Value::Integer(_) => Value::Integer(0),
        Value::Float(_) => Value::Float(0.0),
        Value::Boolean(_) => Value::Boolean(false),
        _ => {
            let default = TrainConfig::FIELDS.into_iter().find(|known| known.name == field).map(|known| known.default);
            Value::String(default.unwrap_or_default().to_owned())
        }
    }
}
