//! Training on the CPU: it learns, resumes exactly, stops when it should, and never loses a good state.

#[path = "shared/runs.rs"]
mod runs;

use mmrec::checkpoint::{Checkpoint, Packing};
use mmrec::config::{ModelConfig, Precision, TrainConfig};
use mmrec::data::{Dataset, Tokens, sample_stories};
use mmrec::driver::{Event, Finish, RateFinder, SaveKind, Session, Trial};
use mmrec::tokenizer::TokenizerKind;
use mmrec::train::Comparison;
use mmrec::{Device, Error};
use pollster::block_on;
use runs::{losses, run_out, run_to, session, train};

/// A checkpoint through its file form.
fn saved(session: &mut Session) -> Checkpoint {
    let bytes = block_on(session.checkpoint()).expect("read back").to_bytes().expect("written");
    Checkpoint::from_bytes(&bytes).expect("read")
}

#[test]
fn the_loss_falls_and_texts_repeat() {
    block_on(runs::check_learning(&Device::flex(), 150, 0.8));
}

fn trials(finder: &mut RateFinder) -> Vec<Trial> {
    std::iter::from_fn(|| block_on(finder.advance()).expect("the device works")).collect()
}

/// The suggestion is worth what it claims: real runs at a rate far below or far above end higher.
#[test]
fn a_found_learning_rate_trains_better_than_far_lower_and_far_higher_ones() {
    let (config, device, data) = (train(80), Device::flex(), runs::data());
    let model = runs::model(data.tokenizer.vocab());
    let finder = || RateFinder::new(&model, &config, data.clone(), &device).expect("valid settings");
    let (mut first, mut second) = (finder(), finder());
    let found = trials(&mut first);
    assert_eq!(found, trials(&mut second), "the same seed, the same trials");
    assert!(found.windows(2).all(|pair| pair[1].rate > pair[0].rate));
    assert!(found.iter().all(|trial| trial.loss.is_finite()) && found.len() <= RateFinder::PLAN.trials);
    let rate = first.suggestion().expect("the loss falls");
    let last = |lr: f64| {
        let mut session = session(TrainConfig { lr, ..config.clone() }, 0.0, &device);
        losses(&block_on(run_out(&mut session))).last().expect("an evaluation").1
    };
    let (good, low, high) = (last(rate), last(rate / 20.0), last((rate * 20.0).min(1.0)));
    assert!(good < low && good < high, "{good} at {rate}; {low} far below, {high} far above");
}

#[test]
fn a_rate_is_not_looked_for_where_a_run_could_not_begin() {
    let model = runs::model(256);
    let short = Dataset::from_text("short", "abc def\n", TokenizerKind::Byte, None).expect("a text");
    let refused = RateFinder::new(&model, &train(10), short, &Device::flex());
    assert!(matches!(refused, Err(Error::Data(_))), "{refused:?}");
}

/// Whatever the moment of the interruption (also in the middle of an evaluation), losses, weights and moments are those of a
/// run that never stopped, bit for bit; with dropout and accumulation.
#[test]
fn resuming_equals_never_having_stopped() {
    let config = TrainConfig { accum: 2, sample_every: 15, sample_tokens: 5, ..train(45) };
    let device = Device::flex();
    let mut whole = session(config.clone(), 0.2, &device);
    let expected = losses(&block_on(run_out(&mut whole)));
    let whole = saved(&mut whole);
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
        part = Session::resume(&saved(&mut part), runs::data(), &device).expect("resumed");
    }
    assert_eq!(seen, expected);
    let part = saved(&mut part);
    assert_eq!(part.weights, whole.weights);
    assert_eq!(part.optimizer, whole.optimizer);
    assert_eq!(part.progress.map(|p| p.sampler), whole.progress.map(|p| p.sampler));
}

/// Also with dropout, whose masks are drawn twice, with texts that do not fill their last block, and with all options.
#[test]
fn recomputing_blocks_changes_nothing() {
    let config = TrainConfig { context: 37, accum: 2, ..train(12) };
    let losses_of = |recompute: bool, planning: bool| {
        let train = TrainConfig { recompute, ..config.clone() };
        losses(&block_on(run_out(&mut optional(train, ModelConfig { dropout: 0.2, planning, ..with_options() }))))
    };
    for planning in [false, true] {
        assert_eq!(losses_of(true, planning), losses_of(false, planning));
    }
}

/// Gates of low rank and a head that plans.
fn with_options() -> ModelConfig {
    ModelConfig { gate_rank: 3, planning: true, ..runs::model(runs::data().tokenizer.vocab()) }
}

fn optional(train: TrainConfig, model: ModelConfig) -> Session {
    Session::new(model, train, runs::data(), &Device::flex()).expect("valid settings")
}

/// The loss that counts falls as well as without plans, the plans become better than none, and it all can be resumed.
#[test]
fn a_model_with_options_learns_and_resumes() {
    let config = TrainConfig { save_every: 1_000, ..train(120) };
    let mut planning = optional(config.clone(), with_options());
    let with = losses(&block_on(run_out(&mut planning)));
    let mut plain = optional(config.clone(), ModelConfig { planning: false, ..with_options() });
    let without = losses(&block_on(run_out(&mut plain)));
    assert_ne!(with[20], without[20], "the plans take part");
    let [with_last, without_last] = [&with, &without].map(|losses| losses.last().expect("evaluated").1);
    assert!(with_last < without_last + 0.1, "{with_last} against {without_last}");

    let mut part = optional(config, with_options());
    let mut seen = losses(&block_on(run_to(&mut part, 57)));
    let mut part = Session::resume(&saved(&mut part), runs::data(), &Device::flex()).expect("resumed");
    seen.extend(losses(&block_on(run_out(&mut part))));
    assert_eq!(seen, with);
    assert_eq!(saved(&mut part).weights, saved(&mut planning).weights);
}

/// Rounding what is multiplied moves the losses by little, repeats itself, and keeps the weights that are updated in f32.
#[test]
fn bf16_trains_like_f32() {
    let train = TrainConfig { accum: 2, ..train(60) };
    let rounded = || TrainConfig { precision: Precision::Bf16, ..train.clone() };
    let exact = losses(&block_on(run_out(&mut session(train.clone(), 0.0, &Device::flex()))));
    let mut first = session(rounded(), 0.0, &Device::flex());
    let of_first = losses(&block_on(run_out(&mut first)));
    assert_ne!(of_first[3], exact[3], "something is rounded");
    let worst = exact.iter().zip(&of_first).map(|(a, b)| (a.1 - b.1).abs() / a.1).fold(0.0, f32::max);
    assert!(worst < 0.02, "losses differ by {worst}");
    let again = TrainConfig { recompute: true, ..rounded() };
    assert_eq!(losses(&block_on(run_out(&mut session(again, 0.0, &Device::flex())))), of_first);
    let fine = |value: &f32| value.to_bits() & 0xffff != 0;
    assert!(
        saved(&mut first).weights.iter().any(|weight| weight.name.ends_with("hem") && weight.values.iter().any(fine))
    );
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
    let kept = saved(&mut session);
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
    let mut session = Session::resume(&saved(&mut session), runs::data(), &device).expect("resumed");
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

/// A process may die, or a disk fail, while it saves: where its checkpoint is resumed, the save comes again.
#[test]
fn a_save_is_due_until_the_shell_goes_on() {
    let device = Device::flex();
    let mut session = session(train(20), 0.0, &device);
    let is_best = |event: &Event| matches!(event, Event::Save { kind: SaveKind::Best, step: 10 });
    let next = |session: &mut Session| block_on(session.advance()).expect("training goes on");
    while !next(&mut session).iter().any(is_best) {}
    let mut again = Session::resume(&saved(&mut session), runs::data(), &device).expect("resumed");
    assert!(next(&mut again).iter().any(is_best));
    assert!(matches!(next(&mut again)[..], [Event::Step(_)]), "saved once, it is done");
    assert!(matches!(next(&mut session)[..], [Event::Step(_)]), "and so it is here");
}

/// Steps that nothing was told of yet are steps.
#[test]
fn a_checkpoint_has_the_steps_whose_losses_were_not_read() {
    let device = Device::flex();
    let rarely = TrainConfig { log_every: 50, eval_every: 50, save_every: 50, ..train(90) };
    let mut whole = session(rarely.clone(), 0.1, &device);
    let expected = losses(&block_on(run_out(&mut whole)));
    let mut part = session(rarely, 0.1, &device);
    for _ in 0..7 {
        assert!(block_on(part.advance()).expect("training goes on").is_empty());
    }
    let checkpoint = saved(&mut part);
    let progress = checkpoint.progress.as_ref().expect("it has");
    assert_eq!((progress.step, progress.history.len()), (7, 0), "the curve keeps to its grid");
    let mut again = Session::resume(&checkpoint, runs::data(), &device).expect("resumed");
    for session in [&mut part, &mut again] {
        assert_eq!(losses(&block_on(run_out(session))), expected[7..]);
        assert_eq!(saved(session).weights, saved(&mut whole).weights);
    }
}

#[test]
fn a_checkpoint_of_a_run_that_has_ended_says_so() {
    let device = Device::flex();
    let mut session = session(train(4), 0.0, &device);
    block_on(run_out(&mut session));
    let mut again = Session::resume(&saved(&mut session), runs::data(), &device).expect("resumed");
    let events = block_on(run_out(&mut again));
    assert!(matches!(events[..], [Event::Finished { reason: Finish::Steps, .. }]), "{events:?}");
}

#[test]
fn fewer_bits_cost_what_the_comparison_says() {
    let device = Device::flex();
    let mut session = session(train(60), 0.1, &device);
    block_on(run_out(&mut session));
    let (checkpoint, progress) = (saved(&mut session), session.progress().clone());
    let compared = |packing| {
        let packed = Checkpoint::from_bytes(&checkpoint.pack(packing).expect("packed")).expect("read");
        let models = [&checkpoint, &packed].map(|checkpoint| checkpoint.build_model(&device));
        let tokens = session.data().validation.clone();
        let mut comparison = Comparison::new(models, tokens, progress.train.context, progress.train.eval_windows);
        while comparison.losses().is_none() {
            let before = comparison.progress().0;
            block_on(comparison.advance(2)).expect("compared");
            assert!(comparison.progress().0 > before, "it goes on");
        }
        comparison.losses().expect("all is read")
    };
    let last = progress.history.last().and_then(|point| point.val_loss).expect("the last step is evaluated");
    for (packing, most) in [(Packing::F16, 1e-3), (Packing::Int8, 2e-2)] {
        let [before, after] = compared(packing);
        assert!((before - last).abs() < 1e-5, "{before} is the run's own {last}");
        assert!(before != after && (before - after).abs() < most, "{packing:?}: {before} {after}");
    }
    let empty = Comparison::new(
        [checkpoint.build_model(&device), checkpoint.build_model(&device)],
        Tokens::from_vec(vec![0]),
        8,
        0,
    );
    assert!(empty.losses().is_none(), "a text without a window says nothing");
}

#[test]
fn another_text_and_too_short_texts_are_refused() {
    let device = Device::flex();
    let mut session = session(train(2), 0.0, &device);
    block_on(run_to(&mut session, 1));
    let other = Dataset::from_text("other", &sample_stories(6, 40_000), TokenizerKind::Char, None).expect("a text");
    let error = Session::resume(&saved(&mut session), other, &device).expect_err("another text");
    assert!(matches!(&error, Error::OtherText { .. }) && error.to_string().contains("stories"), "{error}");
    let short = Dataset::from_text("short", "abc def\n", TokenizerKind::Char, None).expect("a text");
    let vocab = short.tokenizer.vocab();
    let error = Session::new(runs::model(vocab), train(2), short, &device).expect_err("too short");
    assert!(error.to_string().contains("too short"), "{error}");
}
