//! What is written in tags: HTML and XML.

use super::Document;

/// Tags that only HTML has, and nearly all of it.
const HTML_TAGS: [&str; 19] = [
    "html", "head", "body", "p", "div", "span", "table", "td", "h1", "h2", "ul", "li", "a", "br", "center", "font",
    "hr", "img", "title",
];

/// Tags that are often all there is, and never closed.
const UNCLOSED: [&str; 2] = ["p", "br"];

/// What is in tags a page may have before its first one, such as the place that it comes from.
const INTRODUCTION: usize = 3;

/// What a text in tags is.
pub fn of(head: &str) -> Option<Document> {
    let head = head.to_ascii_lowercase();
    let is_page = head.contains("<html");
    if head.starts_with("<?xml") || head.starts_with("<!doctype") {
        let is_html = is_page || head.starts_with("<!doctype html");
        return Some(if is_html { Document::Html } else { Document::Xml });
    }
    let head = after_comments(&head);
    let tags = tags(head);
    let begins_with_tag = tags.first().is_some_and(|tag| tag.start == 0);
    if is_html(&tags, begins_with_tag) || (begins_with_tag && is_page) || goes_on_as_page(head) {
        return Some(Document::Html);
    }
    (begins_with_tag && is_xml(head, &tags)).then_some(Document::Xml)
}

fn after_comments(head: &str) -> &str {
    let mut rest = head;
    while let Some((_, after)) = rest.strip_prefix("<!--").and_then(|comment| comment.split_once("-->")) {
        rest = after.trim_start();
    }
    rest
}

/// A tag, and where it is.
#[derive(Debug, Clone, Copy)]
struct Tag<'a> {
    name: &'a str,
    closes: bool,
    start: usize,
    /// Whether more than its name is in it.
    has_attributes: bool,
}

impl Tag<'_> {
    fn is_html(&self) -> bool {
        HTML_TAGS.contains(&self.name)
    }
}

fn tags(head: &str) -> Vec<Tag<'_>> {
    head.match_indices('<').filter_map(|(start, _)| tag(&head[start + 1..], start)).collect()
}

fn tag(after: &str, start: usize) -> Option<Tag<'_>> {
    let inner = after.strip_prefix('/').unwrap_or(after);
    let end = inner.find(|c: char| !c.is_alphanumeric() && !matches!(c, ':' | '-' | '_' | '.'))?;
    let (name, rest) = inner.split_at(end);
    let is_tag = name.starts_with(char::is_alphabetic) && rest.starts_with(['>', ' ', '/', '\n', '\t']);
    let has_attributes = rest.split('>').next().is_some_and(|inside| inside.contains('='));
    is_tag.then_some(Tag { name, closes: inner.len() < after.len(), start, has_attributes })
}

/// A text about pages has few tags, and a chat of somebody called Li has one that nothing closes.
fn is_html(tags: &[Tag<'_>], begins_with_tag: bool) -> bool {
    let is_genuine = |tag: &&Tag<'_>| tag.closes || tag.has_attributes || UNCLOSED.contains(&tag.name);
    let html = || tags.iter().filter(|tag| tag.is_html());
    let begins_as_page = begins_with_tag && tags.first().is_some_and(Tag::is_html);
    (begins_as_page && html().count() > 1 && html().any(|tag| is_genuine(&tag)))
        || HTML_TAGS.iter().map(|name| elements(tags, name)).sum::<usize>() >= 10
}

/// How many there are of a name, by their ends where they have such.
fn elements(tags: &[Tag<'_>], name: &str) -> usize {
    let count = |closes: bool| tags.iter().filter(|tag| tag.name == name && tag.closes == closes).count();
    if UNCLOSED.contains(&name) { count(false).max(count(true)) } else { count(true) }
}

/// Whether one of the first lines begins a page, or a piece of one.
fn goes_on_as_page(head: &str) -> bool {
    let begins = |line: &str| {
        let is_paragraph = line.strip_prefix("<p>").is_some_and(|text| text.starts_with(char::is_alphanumeric));
        is_paragraph
            || ["<html>", "<html ", "<head>", "<body>", "<!doctype html"].iter().any(|tag| line.starts_with(tag))
    };
    head.lines().filter(|line| !line.is_empty()).take(INTRODUCTION).any(begins)
}

/// Whether all of it is in one tag, which is what tells it from the names of a chat between brackets.
fn is_xml(head: &str, tags: &[Tag<'_>]) -> bool {
    let Some(root) = tags.first() else { return false };
    let of_root = |closes: bool| tags.iter().filter(move |tag| tag.name == root.name && tag.closes == closes);
    match of_root(true).next_back() {
        Some(end) => {
            let after = head[end.start..].split_once('>').map_or("", |(_, after)| after);
            let is_one = of_root(false).count() == 1 || of_root(true).count() < of_root(false).count();
            is_one && after.trim().is_empty() && tags.len() > 3
        }
        None => {
            let is_closed = |tag: &Tag<'_>| tags.iter().any(|other| other.closes && other.name == tag.name);
            let holds_element = tags[1..].iter().any(|tag| !tag.closes && is_closed(tag));
            of_root(false).count() == 1 && (holds_element || root.has_attributes)
        }
    }
}
