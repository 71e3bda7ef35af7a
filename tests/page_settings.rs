//! The page's settings, which need no browser to be tested: whatever a checkpoint was trained with comes back from them.

// Models and runs are described by the same file, for the page alone.
#[path = "../crates/mmrec-wasm/src/settings.rs"]
#[allow(dead_code, reason = "only the settings of it are tested here")]
mod settings;

use std::path::Path;
use std::{env, fs};

use mmrec::config::{ModelConfig, OptimizerKind, Precision, Range, Stage, TrainConfig};
use mmrec::tokenizer::TokenizerKind;
use proptest::prelude::*;
use settings::{STAGES, Settings};

/// Through an object of JavaScript and back.
fn through_the_page(settings: &Settings) -> Settings {
    serde_json::from_value(serde_json::to_value(settings).expect("plain values")).expect("what was written")
}

prop_compose! {
    fn models()(
        stage in prop::sample::select(Stage::ALL.to_vec()),
        layers in prop::option::of(1usize..9),
        (gate_rank, planning) in (0usize..4, any::<bool>()),
        window in prop::option::of(1usize..300),
        dropout in 0.0..0.9,
        vocab in 2usize..3_000,
    ) -> ModelConfig {
        let sizes = stage.config(vocab);
        let sizes = ModelConfig { layers: layers.unwrap_or(sizes.layers), dropout, ..sizes };
        match window {
            Some(window) => sizes.as_gpt(window),
            None => ModelConfig { gate_rank, planning, ..sizes },
        }
    }
}

prop_compose! {
    fn trainings()(
        (context, batch, accum, steps) in (1usize..2_000, 1usize..4_096, 1usize..4_096, 1u64..1_000_000_000),
        (lr, floor, weight_decay, clip) in (1e-6..1.0, 0.0..1.0, 0.0..10.0, 1e-3..1e6),
        (warmup, seed) in (0u64..1_000_000, any::<u64>()),
        (eval_every, eval_windows, patience) in (1u64..1_000, 0usize..1_000, any::<u32>()),
        (save_every, log_every, sample_every, sample_tokens) in (1u64..1_000, 1u64..1_000, 0u64..1_000, 1usize..1_000),
        (sample_prompt, recompute, bf16, sgd) in (any::<String>(), any::<bool>(), any::<bool>(), any::<bool>()),
        (freeze, lora, lora_alpha) in (0usize..4, 0usize..9, 0.0..16.0),
    ) -> TrainConfig {
        TrainConfig {
            context, batch, accum, recompute, steps, lr, floor, warmup, weight_decay, clip, seed, eval_every, eval_windows,
            patience, save_every, log_every, sample_every, sample_prompt, sample_tokens, freeze, lora, lora_alpha,
            precision: if bf16 { Precision::Bf16 } else { Precision::F32 },
            optimizer: if sgd { OptimizerKind::Sgd } else { OptimizerKind::AdamW },
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_checkpoint_was_trained_with_comes_back_from_the_page(model in models(), train in trainings()) {
        let settings = Settings::of(&model, TokenizerKind::Char, &train);
        let back = through_the_page(&settings);
        prop_assert_eq!(&back, &settings);
        prop_assert_eq!(&back.model(model.vocab), &model);
        prop_assert_eq!(&back.train, &train);
    }
}

#[test]
fn what_is_left_out_is_what_the_page_begins_with() {
    // As the page of an earlier version kept it.
    let kept = r#"{"stage":"mini","tokenizer":"char","context":64,"batch":4,"steps":300,"lr":0.002,"seed":3,"warmup":5,
        "eval_every":20,"save_every":100,"sample_every":0,"sample_prompt":"x","unknown":true,"recompute":null}"#;
    let settings: Settings = serde_json::from_str(kept).expect("settings");
    let mini = TrainConfig::for_model(&Stage::Mini.config(256));
    let expected = TrainConfig {
        context: 64,
        batch: 4,
        steps: 300,
        lr: 0.002,
        seed: 3,
        warmup: 5,
        eval_every: 20,
        eval_windows: 32,
        save_every: 100,
        sample_every: 0,
        sample_prompt: "x".to_owned(),
        sample_tokens: 160,
        ..mini
    };
    assert_eq!(settings.train, expected);
    assert_eq!(settings.model(99), Stage::Mini.config(99));
}

#[test]
fn ranges_are_numbers_that_javascript_holds_exactly() {
    for field in Settings::fields() {
        let value = serde_json::to_value(field).expect("plain values");
        let ends = ["min", "max"].map(|end| value["range"][end].as_f64().unwrap_or_default());
        assert!(ends.iter().all(|end| end.abs() <= 9_007_199_254_740_991.0), "{value}");
    }
}

/// One of these names, as a type.
fn either<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" | ")
}

/// The types of all settings of the table, for the page and the npm package.
fn types() -> String {
    let stages = either(STAGES.map(Stage::name));
    let tokenizers = either(TokenizerKind::ALL.map(TokenizerKind::name));
    let mut text = format!(
        "/**
 * The settings of training and of models, by their names in settings files: what each means, what it is by default, what it may be.
 * Written from crates/mmrec (the table of `config`, the kinds of tokenizers) and crates/mmrec-wasm (the sizes) by
 * tests/page_settings.rs; not to be edited.
 *
 * @typedef {{{stages}}} Stage the sizes that a browser has
 * @typedef {{{tokenizers}}} TokenizerKind
 * @typedef {{object}} TableSettings\n"
    );
    for field in TrainConfig::FIELDS.iter().chain(&ModelConfig::FIELDS) {
        let kind = match field.range {
            // As a text where it is a number that JavaScript does not hold exactly.
            Range::Whole { max, .. } if max > 1 << 53 => "number | string".to_owned(),
            Range::Whole { .. } | Range::Number { .. } => "number".to_owned(),
            Range::OneOf { options } => either(options.iter().copied()),
            Range::Switch => "boolean".to_owned(),
            Range::Text { .. } => "string".to_owned(),
        };
        text += &format!(" * @property {{{kind}}} {} {}\n", field.name, field.help());
    }
    text + " */\n\nexport {};\n"
}

#[test]
fn the_types_of_the_page_are_those_of_the_table() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/engine/settings-types.js");
    let (found, wanted) = (fs::read_to_string(&file).unwrap_or_default(), types());
    if found != wanted && env::var_os("CI").is_none() {
        fs::write(&file, &wanted).expect("the file can be written");
    }
    assert_eq!(found, wanted, "it is written anew now, save in CI: {}", file.display());
}

#[test]
fn the_types_of_the_page_name_every_setting() {
    let types = include_str!("../web/engine/engine-types.js");
    let start = types.find("@typedef {object} Choice").expect("the type of what is chosen");
    let chosen = types[start..].split("@typedef").nth(1).expect("its properties");
    let settings = [chosen, &self::types()].concat();
    let train = TrainConfig { freeze: 1, lora: 1, lora_alpha: 1.0, ..TrainConfig::for_model(&Stage::Tiny.config(256)) };
    let model = ModelConfig { layers: 1, ..Stage::Tiny.config(256) };
    let all = [Settings::of(&model, TokenizerKind::Char, &train), Settings::defaults(Stage::Tiny)];
    for settings_of in all {
        let value = serde_json::to_value(settings_of).expect("plain values");
        for name in value.as_object().expect("an object").keys() {
            let is_named = settings.contains(&format!("}} {name} ")) || settings.contains(&format!("}} {name}\n"));
            assert!(is_named || settings.contains(&format!("}} [{name}]")), "{name}");
        }
    }
}

#[test]
fn settings_that_are_none_are_refused_by_name() {
    let refused = |text: &str| serde_json::from_str::<Settings>(text).expect_err("refused").to_string();
    assert!(refused(r#"{"stage":"tiny","tokenizer":"char","precision":"f64"}"#).contains("f64"));
    assert!(refused(r#"{"stage":"tiny","tokenizer":"char","seed":"12x"}"#).contains("seed 12x"));
}
