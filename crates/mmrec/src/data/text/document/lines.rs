//! Kinds that single lines tell: times of what is said, and the headers of mail.

use super::Document;

/// What the lines of a text tell that it is.
pub fn of(head: &str) -> Option<Document> {
    if is_subtitles(head) {
        return Some(Document::Subtitles);
    }
    is_mail(head).then_some(Document::Mail)
}

/// SubRip, WebVTT and SBV by one line, since a long cue may be all that is seen; SubStation and songs by several.
fn is_subtitles(head: &str) -> bool {
    let count = |is: fn(&str) -> bool| head.lines().filter(|line| is(line)).count();
    head.starts_with("WEBVTT") || head.starts_with("[Script Info]") || count(is_span) > 0 || count(is_sung) > 2
}

/// Whether a line is two times, as `00:00:01,000 --> 00:00:02,500` and `0:00:01.000,0:00:02.500` are.
fn is_span(line: &str) -> bool {
    let of_arrow = line.split_once(" --> ");
    // What follows the second time is where the words stand.
    let spans =
        of_arrow.or_else(|| line.split_at_checked(11).and_then(|(from, to)| Some((from, to.strip_prefix(',')?))));
    spans.is_some_and(|(from, to)| is_time(from) && to.split_whitespace().next().is_some_and(is_time))
}

/// `[01:02.30]` and what is sung then.
fn is_sung(line: &str) -> bool {
    line.strip_prefix('[').and_then(|line| line.split_once(']')).is_some_and(|(time, _)| is_time(time))
}

/// Minutes, seconds and parts of them, with hours or without.
fn is_time(text: &str) -> bool {
    let numbers: Vec<&str> = text.split([':', '.', ',']).collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let colons = text.matches(':').count();
    let ends_in_parts = text.rfind(':') < text.rfind(['.', ',']);
    matches!(colons, 1 | 2) && numbers.len() == colons + 2 && ends_in_parts && numbers.iter().all(is_number)
}

/// Headers that programs write; people copy others into their texts.
const TECHNICAL: [&str; 9] = [
    "message-id",
    "mime-version",
    "received",
    "content-type",
    "return-path",
    "delivered-to",
    "content-transfer-encoding",
    "newsgroups",
    "nntp-posting-host",
];

const USUAL: [&str; 6] = ["from", "to", "subject", "date", "organization", "reply-to"];

/// Whether it begins with at least three headers, one of them by a program. Before the first mail of a mailbox is a line `From …`.
fn is_mail(head: &str) -> bool {
    let lines = head.lines().skip(usize::from(head.starts_with("From ")));
    let names = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':')).map(|(name, _)| name);
    let names: Vec<String> = names.map(str::to_ascii_lowercase).collect();
    let count = |known: &[&str]| names.iter().filter(|name| known.contains(&name.as_str())).count();
    count(&TECHNICAL) > 0 && count(&TECHNICAL) + count(&USUAL) > 2
}
