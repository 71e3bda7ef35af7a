use super::*;
#[test]
fn show() { println!("{}", sample_stories(1, 14000)); }
