//! A person, animal, thing or number of a story, and the words that agree with it.

/// Which pronouns stand for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gender {
    He,
    She,
    It,
    They,
}

/// Something a story speaks of more than once.
#[derive(Debug, Clone)]
pub(super) struct Entity {
    forms: Vec<String>,
    pub gender: Gender,
    pub number: Option<u32>,
}

impl Entity {
    /// From an entry `form 1/form 2@she`; without a tag it is an `it`.
    pub fn parse(entry: &str) -> Self {
        let (forms, tag) = entry.rsplit_once('@').unwrap_or((entry, "it"));
        let gender = match tag {
            "he" => Gender::He,
            "she" => Gender::She,
            "they" => Gender::They,
            _ => Gender::It,
        };
        Self { forms: forms.split('/').map(str::to_owned).collect(), gender, number: None }
    }

    pub fn number(value: u32) -> Self {
        Self { forms: vec![number_word(value)], gender: Gender::It, number: Some(value) }
    }

    /// A form by its number from 1; the first where there is no such form.
    pub fn form(&self, number: usize) -> &str {
        self.forms.get(number - 1).unwrap_or(&self.forms[0])
    }

    /// The noun with its number: `one egg`, `five eggs`.
    pub fn counted(&self, number: &Self) -> String {
        let noun = self.form(if number.is_plural() { 2 } else { 1 });
        format!("{} {noun}", number.form(1))
    }

    fn is_plural(&self) -> bool {
        self.gender == Gender::They || self.number.is_some_and(|number| number != 1)
    }

    /// A pronoun by its masculine form, or another word that depends on the entity alone.
    pub fn word(&self, wanted: &str) -> String {
        let row = match wanted {
            "he" => ["he", "she", "it", "they"],
            "him" => ["him", "her", "it", "them"],
            "his" => ["his", "her", "its", "their"],
            "himself" => ["himself", "herself", "itself", "themselves"],
            "child" => ["boy", "girl", "child", "children"],
            "a" => ["&", "&", "&", "a pair of"],
            form => {
                let form = form.parse().unwrap_or_else(|_| panic!("no word {form:?} in the stories"));
                return self.form(form).to_owned();
            }
        };
        row[self.gender as usize].to_owned()
    }

    /// The verb, given in the third person singular, in this entity's number.
    pub fn verb(&self, singular: &str) -> String {
        if !self.is_plural() {
            return singular.to_owned();
        }
        match singular {
            "is" => "are".to_owned(),
            "isn't" => "aren't".to_owned(),
            "was" => "were".to_owned(),
            "wasn't" => "weren't".to_owned(),
            "has" => "have".to_owned(),
            "does" => "do".to_owned(),
            "doesn't" => "don't".to_owned(),
            "goes" => "go".to_owned(),
            verb => plural_of_regular(verb),
        }
    }
}

fn plural_of_regular(singular: &str) -> String {
    if let Some(stem) = singular.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let hissing = ["ches", "shes", "sses", "xes"].iter().any(|end| singular.ends_with(end));
    let stem = if hissing { singular.strip_suffix("es") } else { singular.strip_suffix('s') };
    stem.unwrap_or(singular).to_owned()
}

fn number_word(value: u32) -> String {
    const SMALL: [&str; 20] = [
        "no",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    match value {
        0..20 => SMALL[value as usize].to_owned(),
        20..100 => {
            let tens = TENS[value as usize / 10 - 2];
            match value % 10 {
                0 => tens.to_owned(),
                ones => format!("{tens}-{}", SMALL[ones as usize]),
            }
        }
        _ => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_and_pronouns_agree() {
        let (coat, boots) = (Entity::parse("coat"), Entity::parse("boots@they"));
        assert_eq!((coat.verb("has"), boots.verb("has")), ("has".to_owned(), "have".to_owned()));
        let plurals = ["wants", "carries", "watches", "was", "sees"].map(|verb| boots.verb(verb));
        assert_eq!(plurals, ["want", "carry", "watch", "were", "see"]);
        assert_eq!((coat.word("him"), boots.word("him")), ("it".to_owned(), "them".to_owned()));
        assert_eq!(Entity::parse("Mina@she").word("his"), "her");
    }

    #[test]
    fn numbers_agree_with_nouns() {
        let goose = Entity::parse("goose/geese");
        assert_eq!(goose.counted(&Entity::number(1)), "one goose");
        assert_eq!(goose.counted(&Entity::number(42)), "forty-two geese");
        assert_eq!(Entity::number(1).verb("was"), "was");
        assert_eq!(Entity::number(20).verb("was"), "were");
    }
}
