//! The last step of a story: articles, capitals, spaces.

/// Resolves `&` (a or an), `^` (capital) and `//` (new paragraph), begins sentences with capitals, and writes the first
/// paragraph as a title.
pub(super) fn finish(raw: &str) -> String {
    let mut paragraphs: Vec<String> =
        raw.split("//").map(|paragraph| capitals(&articles(&spaces(paragraph)))).collect();
    paragraphs[0] = title_case(&paragraphs[0]);
    paragraphs.join("\n")
}

fn title_case(text: &str) -> String {
    let word = |(at, word): (usize, &str)| match word {
        "of" | "the" | "and" | "in" | "a" | "an" | "with" | "at" | "on" | "to" | "from" | "for" if at > 0 => {
            word.to_owned()
        }
        _ => word[..1].to_uppercase() + &word[1..],
    };
    text.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" ")
}

fn spaces(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace(" ,", ",").replace(" .", ".").replace(" ;", ";").replace("^ ", "^")
}

fn articles(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let vowel = begins_with_vowel_sound(piece.trim_start());
        out.push_str(if vowel { "an" } else { "a" });
        out.push_str(piece);
    }
    out
}

fn begins_with_vowel_sound(text: &str) -> bool {
    let spoken_with_consonant = ["one", "use", "uni", "eu", "ewe"].iter().any(|start| text.starts_with(start));
    let silent_h = ["hour", "honest", "honour", "heir"].iter().any(|start| text.starts_with(start));
    silent_h || (text.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O', 'U']) && !spoken_with_consonant)
}

/// Capitals at the paragraph's start, after a full stop, after `^`, and where a quotation begins (but not where it goes on after "said
/// Mina,"). After `?"` and `!"` the sentence may go on ("asked Mina"), so there the text decides.
fn capitals(text: &str) -> String {
    let (mut out, mut raise, mut quoted) = (String::with_capacity(text.len()), true, false);
    let mut last = ' ';
    for c in text.chars() {
        match c {
            '^' => raise = true,
            '"' => {
                quoted = !quoted;
                raise = if quoted { !out.ends_with(", ") } else { last == '.' };
                out.push(c);
            }
            c if c.is_ascii_alphabetic() => {
                out.push(if raise { c.to_ascii_uppercase() } else { c });
                raise = false;
            }
            c => {
                // Three dots are a pause, not an end.
                raise = (raise || matches!(c, '.' | '?' | '!')) && !(c == '.' && last == '.');
                out.push(c);
            }
        }
        last = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_follow_the_sound() {
        assert_eq!(articles("& egg, & red egg, & hour, & one-eyed cat"), "an egg, a red egg, an hour, a one-eyed cat");
    }

    #[test]
    fn sentences_begin_with_capitals() {
        let raw = "the end . it is. \"where?\" asked Mina. \"there.\" she went. \"oh!\" ^she sat.// \"so,\" she said, \"go.\" \"...and nine\"";
        let text = "The end. It is. \"Where?\" asked Mina. \"There.\" She went. \"Oh!\" She sat.\n\"So,\" she said, \"go.\" \"...and nine\"";
        assert_eq!(finish(&format!("the old mill//{raw}")), format!("The Old Mill\n{text}"));
    }
}
