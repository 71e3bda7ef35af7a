//! Rows of fields.

/// What stands between fields.
const MARKS: [char; 4] = [',', ';', '\t', '|'];

/// Whether all rows have as many fields, as far as they are seen.
pub fn is_table(head: &str) -> bool {
    MARKS.iter().any(|&mark| Rows::read(head, mark).are_table())
}

#[derive(Debug)]
struct Field<'a> {
    text: &'a str,
    /// Whether it is in quotes from its first sign to its last.
    quoted: bool,
    /// Whether a blank follows the mark before it, or a quote begins it and does not end it, as in sentences.
    as_prose: bool,
}

impl Field<'_> {
    fn is_number(&self) -> bool {
        let text = self.text.trim();
        text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '.')) && text.parse::<f64>().is_ok()
    }
}

#[derive(Debug, Default)]
struct Rows<'a> {
    mark: char,
    whole: Vec<Vec<Field<'a>>>,
    /// The row in which the head ends.
    last: Vec<Field<'a>>,
    /// Whether that is within quotes.
    open: bool,
}

impl<'a> Rows<'a> {
    fn read(head: &'a str, mark: char) -> Self {
        let (mut rows, mut rest) = (Self { mark, ..Self::default() }, head);
        while !rest.is_empty() {
            let spaced = rest.starts_with(' ') && !rows.last.is_empty() && mark != '\t';
            let begun = rest.trim_start_matches(' ');
            let (text, quoted, after) = match quoted(begun, mark) {
                Quoted::Whole(text, after) => (text, true, after),
                Quoted::Open => {
                    rows.open = true;
                    break;
                }
                Quoted::Not => {
                    let end = begun.find([mark, '\n']).unwrap_or(begun.len());
                    (&begun[..end], false, &begun[end..])
                }
            };
            rows.last.push(Field { text, quoted, as_prose: spaced || (!quoted && text.starts_with('"')) });
            if after.starts_with('\n') {
                rows.whole.push(std::mem::take(&mut rows.last));
            }
            rest = after.strip_prefix([mark, '\n']).unwrap_or_default();
        }
        rows
    }

    fn are_table(&self) -> bool {
        let Some(columns) = self.whole.first().map(Vec::len) else { return false };
        let is_even = self.whole.iter().all(|row| row.len() == columns) && self.last.len() <= columns;
        // Of lines of a poem, or of code, that end or begin with a mark, the field beyond it is empty in all of them.
        let filled = (0..columns).filter(|&column| self.whole.iter().any(|row| !row[column].text.trim().is_empty()));
        is_even && filled.count() > 1 && self.are_rows(columns)
    }

    /// Whether there are enough of them, by how much they look like sentences.
    fn are_rows(&self, columns: usize) -> bool {
        let fields = || self.whole.iter().flatten();
        let (rows, as_prose) = (self.whole.len(), fields().any(|field| field.as_prose));
        // In sentences, what is said is in quotes, and comes first.
        let places = self.whole.iter().flat_map(|row| row.iter().skip(usize::from(as_prose)));
        let quoted = places.filter(|field| field.quoted).count();
        let has_numbers = (0..columns).any(|column| self.whole[1..].iter().all(|row| row[column].is_number()));
        if self.open {
            // A long field in quotes is in the second row already; no sentence is quoted over pages.
            return !as_prose || (rows > 1 && quoted > 0);
        }
        match rows {
            0 | 1 => false,
            2 => !as_prose && (quoted > 0 || has_numbers),
            3 | 4 => quoted > 1 || has_numbers || (!as_prose && matches!(self.mark, '\t' | '|')),
            _ => !as_prose || has_numbers || 2 * quoted >= rows || (columns > 3 && rows > 9),
        }
    }
}

enum Quoted<'a> {
    Whole(&'a str, &'a str),
    /// What is seen ends within it.
    Open,
    Not,
}

/// A field in quotes at the beginning of `text`, and what follows it. A quote within it is written twice.
fn quoted(text: &str, mark: char) -> Quoted<'_> {
    let Some(inner) = text.strip_prefix('"') else { return Quoted::Not };
    let mut from = 0;
    while let Some(at) = inner[from..].find('"').map(|at| from + at) {
        let after = &inner[at + 1..];
        if !after.starts_with('"') {
            let ends = after.is_empty() || after.starts_with([mark, '\n']);
            return if ends { Quoted::Whole(&inner[..at], after) } else { Quoted::Not };
        }
        from = at + 2;
    }
    Quoted::Open
}
