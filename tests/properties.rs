//! Properties of models, MM-Rec and GPT, over random configurations: causality, and the streaming form equals the parallel form.

use burn::tensor::{Int, Tensor, TensorData};
use mmrec::Device;
use mmrec::config::{ModelConfig, Stage};
use mmrec::model::{Dropout, Model, State};
use proptest::prelude::*;

const VOCAB: usize = 11;

fn configs() -> impl Strategy<Value = ModelConfig> {
    let sizes = (1usize..=3, 2usize..=4, 1usize..=2, 1usize..=6);
    let hierarchy = (1usize..=4, 2usize..=4, 1usize..=4);
    let options = (0usize..=3, any::<bool>(), prop::option::of(1usize..=30));
    (sizes, hierarchy, options).prop_map(|(sizes, (slots, merge_factor, levels), (gate_rank, planning, window))| {
        let (heads, half, layers, chunk) = sizes;
        let model = ModelConfig {
            vocab: VOCAB,
            width: heads * half * 2,
            layers,
            heads,
            chunk,
            slots,
            merge_factor,
            levels,
            feed_forward: 5,
            dropout: 0.0,
            gate_rank,
            planning,
            window: 0,
        };
        window.map_or(model.clone(), |window| model.as_gpt(window))
    })
}

fn cases() -> impl Strategy<Value = (ModelConfig, Vec<i32>, u64)> {
    (configs(), prop::collection::vec(0..VOCAB as i32, 1..150), any::<u64>())
}

/// Tokens as one row on the model's device.
fn ids(model: &Model, tokens: &[i32]) -> Tensor<2, Int> {
    Tensor::from_data(TensorData::new(tokens.to_vec(), [1, tokens.len()]), &model.embedding.device())
}

/// Logits of every position, one row of `VOCAB` after the other.
fn values(logits: Tensor<3>) -> Vec<f32> {
    logits.into_data().try_to_vec().expect("floats")
}

fn parallel(model: &Model, tokens: &[i32]) -> Vec<f32> {
    values(model.forward(ids(model, tokens), &mut Dropout::new(0.0, 0, 0)))
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_future_changes_nothing((config, tokens, seed) in cases(), at in any::<prop::sample::Index>()) {
        let model = Model::new(&config, seed, &Device::flex());
        let at = at.index(tokens.len());
        let mut changed = tokens.clone();
        for token in &mut changed[at..] {
            *token = (*token + 1) % VOCAB as i32;
        }
        let (before, after) = (parallel(&model, &tokens), parallel(&model, &changed));
        let seen = at * VOCAB;
        prop_assert!(largest_difference(&before[..seen], &after[..seen]) < 1e-5);
        prop_assert!(largest_difference(&before[seen..seen + VOCAB], &after[seen..seen + VOCAB]) > 0.0);
    }

    #[test]
    fn streaming_equals_parallel(
        (config, tokens, seed) in cases(), prompt in any::<prop::sample::Index>(), kernels: bool,
    ) {
        // Where gradients may be asked for, tokens are streamed by plain operations.
        let device = if kernels { Device::flex() } else { Device::flex().autodiff() };
        let model = Model::new(&config, seed, &device);
        let expected = parallel(&model, &tokens);
        let prompt = 1 + prompt.index(tokens.len());
        let mut state = State::new(&config);
        // The prompt in two pieces, so that a prefill also continues from a state in the middle of a chunk.
        let half = prompt / 2;
        if half > 0 {
            model.prefill(ids(&model, &tokens[..half]), &mut state);
        }
        let mut ours = vec![model.prefill(ids(&model, &tokens[half..prompt]), &mut state)];
        ours.extend(tokens[prompt..].iter().map(|token| model.step(ids(&model, &[*token]), &mut state)));
        let ours = values(Tensor::cat(ours, 1));
        let worst = largest_difference(&ours, &expected[(prompt - 1) * VOCAB..]);
        prop_assert!(worst < 1e-4, "differs by {worst} after a prompt of {prompt}");
        prop_assert_eq!(state.position(), tokens.len() as u64);
    }
}

/// The state after 3,000 tokens is no larger than its bound, which the configuration alone decides.
#[test]
fn the_state_does_not_grow_with_the_text() {
    let config = ModelConfig {
        vocab: VOCAB,
        width: 8,
        layers: 1,
        heads: 2,
        chunk: 4,
        slots: 2,
        merge_factor: 2,
        levels: 3,
        feed_forward: 5,
        dropout: 0.0,
        gate_rank: 0,
        planning: false,
        window: 0,
    };
    let model = Model::new(&config, 1, &Device::flex());
    let mut state = State::new(&config);
    let mut largest = [0; 2];
    for t in 0..3_000 {
        model.step(ids(&model, &[t % VOCAB as i32]), &mut state);
        let half = &mut largest[usize::from(t >= 1_500)];
        *half = state.floats().max(*half);
    }
    let (heads, d) = (2, 4);
    let slots = 2 + (2 + 2 - 1) * 3;
    let bound = 8 + heads * d * d + 2 * 2 * 4 * heads * d + slots * heads * (2 * d + 1);
    assert_eq!(largest[0], largest[1]);
    assert!(largest[1] <= bound, "{largest:?} exceeds {bound}");
}

/// A GPT keeps the keys and values that the next token sees, and no more.
#[test]
fn the_state_of_a_gpt_is_its_window() {
    let config = Stage::Tiny.config(VOCAB).as_gpt(10);
    let model = Model::new(&config, 1, &Device::flex());
    let mut state = State::new(&config);
    for t in 0..30 {
        model.step(ids(&model, &[t % VOCAB as i32]), &mut state);
        let tokens = 9.min(t as usize + 1);
        assert_eq!(state.floats(), config.layers * 2 * config.width * tokens);
    }
}
