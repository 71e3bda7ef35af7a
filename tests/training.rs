//! Training on the CPU: it learns, resumes exactly, stops when it should, and never loses a good state.

#[path = "shared/runs.rs"]
mod runs;

use mmrec::checkpoint::Checkpoint;
use mmrec::config::TrainConfig;
use mmrec::data::{Dataset, sample_stories};
use mmrec::driver::{Event, Finish, SaveKind, Session};
use mmrec::tokenizer::TokenizerKind;
use mmrec::{Device, Error};
use pollster::block_on;
use runs::{losses, run_out, run_to, session, train};

/// A checkpoint through its file form.
fn saved(session: &Session) -> Checkpoint {
    let bytes = block_on(session.checkpoint()).expect("read back").to_bytes().expect("written");
    Checkpoint::from_bytes(&bytes).expect("read")
}

#[test]
fn the_loss_falls_and_texts_repeat() {
    block_on(runs::check_learning(&Device::flex(), 150, 0.8));
}

/// Whatever the moment of the interruption (also in the middle of an evaluation), losses, weights and moments are those of a
/// run that never stopped, bit for bit; with dropout and accumulation.
#[test]
fn resuming_equals_never_having_stopped() {
    let config = TrainConfig { accum: 2, sample_every: 15, sample_tokens: 5, ..train(45) };
    let device = Device::flex();
    let mut whole = session(config.clone(), 0.2, &device);
    let expected = losses(&block_on(run_out(&mut whole)));
    let whole = saved(&whole);
    let mut part = session(config, 0.2, &device);
    let mut seen = Vec::new();
    // Each part ends after a number of pieces of work, which falls on steps, evaluations and samples alike.
    for pieces in [1, 7, 9, 10, 11, 16, 23, 1_000] {
        for _ in 0..pieces {
            let events = block_on(part.advance()).expect("training goes on");
            seen.extend(losses(&events));
            if part.is_finished() {
                break;
            }
        }
        part = Session::resume(&saved(&part), runs::data(), &device).expect("resumed");
    }
    assert_eq!(seen, expected);
    let part = saved(&part);
    assert_eq!(part.weights, whole.weights);
    assert_eq!(part.moments, whole.moments);
    assert_eq!(part.progress.map(|p| p.sampler), whole.progress.map(|p| p.sampler));
}

/// Also with dropout, whose masks are drawn twice, and with texts that do not fill their last block.
#[test]
fn recomputing_blocks_changes_nothing() {
    let device = Device::flex();
    let config = TrainConfig { context: 37, accum: 2, ..train(12) };
    let kept = losses(&block_on(run_out(&mut session(config.clone(), 0.2, &device))));
    let recomputed = TrainConfig { recompute: true, ..config };
    assert_eq!(losses(&block_on(run_out(&mut session(recomputed, 0.2, &device)))), kept);
}

#[test]
fn reading_losses_rarely_changes_nothing() {
    let device = Device::flex();
    let often = losses(&block_on(run_out(&mut session(train(25), 0.0, &device))));
    let rarely = TrainConfig { log_every: 7, ..train(25) };
    assert_eq!(losses(&block_on(run_out(&mut session(rarely, 0.0, &device)))), often);
}

#[test]
fn a_loss_that_is_not_finite_stops_and_keeps_the_last_good_state() {
    let config = TrainConfig { lr: 1.0, warmup: 0, clip: 1e6, weight_decay: 10.0, log_every: 5, ..train(2_000) };
    let mut session = session(config, 0.0, &Device::flex());
    let events = block_on(run_out(&mut session));
    let Some(Event::Finished { reason: Finish::NotFinite, message }) = events.last() else {
        panic!("ended with {:?}", events.last());
    };
    assert!(message.contains("lower learning rate"), "{message}");
    assert!(matches!(events[events.len() - 2], Event::Save { kind: SaveKind::Last, .. }));
    let kept = saved(&session);
    assert!(kept.weights.iter().flat_map(|weight| &weight.values).all(|value| value.is_finite()));
    assert_eq!(kept.progress.map(|progress| progress.step), Some(session.step()));
}

#[test]
fn patience_ends_a_run_that_no_longer_improves() {
    let config = TrainConfig { lr: 1e-9, eval_every: 2, patience: 3, ..train(200) };
    let mut session = session(config, 0.0, &Device::flex());
    let events = block_on(run_out(&mut session));
    assert!(matches!(events.last(), Some(Event::Finished { reason: Finish::Plateau, .. })), "{:?}", events.last());
    assert!(session.step() < 60, "ran on to {}", session.step());
}

#[test]
fn a_finished_run_goes_on_when_asked_for_more() {
    let device = Device::flex();
    let mut session = session(train(4), 0.0, &device);
    block_on(run_out(&mut session));
    assert!(block_on(session.advance()).expect("nothing to do").is_empty());
    let mut session = Session::resume(&saved(&session), runs::data(), &device).expect("resumed");
    session.set_steps(6).expect("in range");
    block_on(run_to(&mut session, 6));
    assert_eq!(session.step(), 6);
}

#[test]
fn saves_come_when_due() {
    let mut session = session(train(45), 0.0, &Device::flex());
    let events = block_on(run_out(&mut session));
    let saves = |wanted: SaveKind| -> Vec<u64> {
        let step = |event: &Event| match event {
            Event::Save { kind, step } if *kind == wanted => Some(*step),
            _ => None,
        };
        events.iter().filter_map(step).collect()
    };
    assert_eq!(saves(SaveKind::Step), [20, 40]);
    assert_eq!(saves(SaveKind::Last), [45]);
    assert!(saves(SaveKind::Best).contains(&10));
}

#[test]
fn another_text_and_too_short_texts_are_refused() {
    let device = Device::flex();
    let mut session = session(train(2), 0.0, &device);
    block_on(run_to(&mut session, 1));
    let other = Dataset::from_text("other", &sample_stories(6, 40_000), TokenizerKind::Char, None).expect("a text");
    let error = Session::resume(&saved(&session), other, &device).expect_err("another text");
    assert!(matches!(&error, Error::OtherText { .. }) && error.to_string().contains("stories"), "{error}");
    let short = Dataset::from_text("short", "abc def\n", TokenizerKind::Char, None).expect("a text");
    let vocab = short.tokenizer.vocab();
    let error = Session::new(runs::model(vocab), train(2), short, &device).expect_err("too short");
    assert!(error.to_string().contains("too short"), "{error}");
}
