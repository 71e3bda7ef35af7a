use super::*;

#[track_caller]
fn all(expected: Document, heads: &[&str]) {
    for head in heads {
        assert_eq!(Document::of(head), Some(expected), "{head}");
        // The beginning of a longer one.
        assert_eq!(Document::of(&head.replace("words", &"words ".repeat(90))), Some(expected), "{head}");
    }
}

#[test]
fn tags_are_told() {
    all(
        Document::Html,
        &[
            "<!DOCTYPE html><html lang=en><body><p>words</p>",
            "<div class=\"a\">words</div>\n<p>more</p>",
            "<!-- saved -->\n<HTML><HEAD></HEAD>",
            "<!-- saved -->\n\n<!-- twice --><p>words<p>words",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html PUBLIC \"x\">\n<html><p>words</p>",
            "<p>words\n<p>words\n",
            "Saved from a page.\n<p>words",
            "<center>\nwords\n</center>\n",
        ],
    );
    all(
        Document::Xml,
        &[
            "\u{FEFF}<?xml version=\"1.0\"?><book><chapter>words</chapter></book>",
            "<?xml version=\"1.0\"?>\n<book><p>words</p><p>words</p>",
            "<?xml version=\"1.0\"?><FictionBook><body><section><p>words",
            "<svg xmlns=\"http://www.w3.org/2000/svg\"><g></g></svg>",
            "<mediawiki xml:lang=\"en\">\n<page><title>words</title><text>words",
            "<book>\n<chapter>words</chapter>\n<chapter>words",
            "<!DOCTYPE book>\n<book>words",
        ],
    );
    let page = format!("HTTP/1.1 200 OK\n\n{}", "<li><a href=x>word</a></li>".repeat(6));
    assert_eq!(Document::of(&page), Some(Document::Html));
    let lyrics = "Words of a song<br>\n".repeat(12);
    assert_eq!(Document::of(&lyrics), Some(Document::Html));
}

#[test]
fn values_rows_and_lines_are_told() {
    all(
        Document::Json,
        &["{\n  \"title\": \"words\", \"list\": [1, 2", "[{\"text\":\"words", "[{\"score\": NaN, \"text\": \"words"],
    );
    all(
        Document::JsonLines,
        &["{\"text\":\"words\"}\n{\"text\":\"more\"}\n{\"te", "# made\n{\"a\":\"words\"}\n{\"a\":\"b\"}\n"],
    );
    all(
        Document::Table,
        &[
            "id,text\n1,\"words, many\"\n2,more\n3,\"two\nlines\"\n4,d\n5,",
            "a\tb\n1\t2\n3\t4\n5\t6\n7\t8\n",
            "id\ttext\n1\twords, and more\n2\tmore",
            "review,sentiment\n\"words, and a \"\"quote\"\".\n\nMore\",positive\n\"words",
            "review,sentiment\n\"words",
            "id, text\n0, \"words\"\n1, \"more words\"\n2, \"wo",
            "0, word, more words\n1, word, more\n2, word, more\n",
            "# exported, 2024\nid,text\n0,\"words\"\n1,\"more\"\n",
            "sep=;\nid;text\n0;\"He said \"\"yes\"\"; no\"\n1;\"words\"\n",
            "id|text\n1|words\n2|more, and more\n3|more\n",
            "id,text\n0,words of a 5\" pipe\n1,\"words, more\"\n2,more\n3,5\" more\n",
            "text,\nwords,a\nmore,\n\"more\",\nmore,b\n",
        ],
    );
    all(
        Document::Subtitles,
        &[
            "1\n00:00:01,000 --> 00:00:02,500\nwords",
            "WEBVTT\n\n00:01.000 --> 00:02.500 align:start\nwords",
            "0:00:01.000,0:00:02.500\nwords",
            "[Script Info]\nTitle: words\n",
            "[ar:Somebody]\n[00:01.00]words\n[00:02.50]words\n[01:03.00]more",
        ],
    );
    all(
        Document::Mail,
        &[
            "From a@b.c Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nSubject: words\nContent-Type: text/plain\n\nHello",
            "Received: by x;\n\tMon\nMessage-ID: <1>\nSubject: words\n\nHello",
            "From: <Saved by Blink>\nSubject: x\nMIME-Version: 1.0\n\n------x\n<p>words",
        ],
    );
}

#[test]
fn plain_texts_are_plain() {
    let repeated = [
        "The lantern of harbour 3 is copper, and willow 4 is violet.\n",
        "12/11/26, 10:15 - Ann: Is it you, Bob?\n",
        "[12.11.26, 10:15:02] Ann: Is it you, Bob?\n",
        "[10:15] Ann: yes, it is\n[10:16:02] Bob: well, well\n",
        "fn main() {\n\tprintln!(\"<b>{}</b>\", 1);\n}\n",
        "    a = 1;\n    b = 2;\n",
        "oh, yes,\nla la,\n",
        "I came, I saw\nI went, I slept\n",
        "Row, row, row your boat\nGently, gently, down the stream\nMerrily, life, is but a dream\n",
        "Roses are red,\nViolets are blue,\n",
        "Dear Ann,\nI came,\nI saw,\nYours,\nBob,\n",
        "Roses are red;\n  violets are blue;\n",
        "\tIndented line of a poem\n",
        "\"Hello,\" said Ann.\n\"No,\" said Bob, \"never.\"\n",
        "\"Well,\" said Ann.\n",
        "\"Ja\", sagte er.\n\"Nein\", sagte sie.\n",
        "<Ann> hi\n<Bob> hello </3 you\n",
        "<Li> hi\n<Bob> hello\n",
        "<user>How are you?</user>\n<assistant>Fine, and you?</assistant>\n",
        "<story>Once there was a pier.</story>\n",
        "<user>How are you?</user>\n",
        "She read <i>The Ferry</i> aloud, and a <b>bold</b> word.\n",
        "Use <p> for a paragraph.\n\nThat is all of the lesson about it, and there is more to come in the next.\n",
        "ANN\nWhere is he?\n\nBOB\nGone.\n\n",
        "From here to there, it goes: on and on.\n",
        "[Intro]\nla la la\n[Chorus]\n",
        "「はい」と言った。\nそう、そうです。\n",
        "- one, two\n- three\n| is a bar\n",
    ];
    for text in repeated {
        for times in [1, 3, 9] {
            let head = text.repeat(times);
            assert_eq!(Document::of(&head), None, "{head}");
        }
    }
    let more = [
        "\\documentclass{book}\n\\begin{document}\nWords.\n",
        "From: Ann\nTo: Bob\nSubject: the pier\n\nDear Bob, I came.\n",
        "[1] A footnote first.",
        "[Scene: a room]\n",
        "{curly} words",
        "<3 is a heart",
        "<sigh> he said",
        "a < b, c</d",
        "",
        "[",
        "# Title\n\nwords",
        "<!-- Copyright -->\n\n# Title\n\n<a href=\"x\"><img src=\"y\"></a> words",
        "# Title\n\n- one, two\n- three, four\n",
        "It came, it went\n\"I saw it,\" said Ann, and the quotation goes on over many a page",
        "words;more\nwords;more\nThen prose begins, and goes on.\nAnd on.\n",
        "It began at 10:15 --> so they said.",
    ];
    for head in more {
        assert_eq!(Document::of(head), None, "{head}");
    }
}
