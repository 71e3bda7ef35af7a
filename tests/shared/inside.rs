//! Looking inside a model, on any device, natively and in the browser.

use mmrec::Device;
use mmrec::config::{ModelConfig, Stage};
use mmrec::inspect::Inspection;
use mmrec::model::Model;
use mmrec::tokenizer::Tokenizer;

/// What is shown of a small model over a text, all numbers in a row; shares and weights sum to 1.
pub async fn shown(device: &Device) -> Vec<f32> {
    let config = ModelConfig { width: 16, layers: 2, heads: 2, chunk: 4, levels: 2, ..Stage::Tiny.config(256) };
    let model = Model::new(&config, 5, device);
    let text = "The lamp in the garden is green, and the wind comes from the river.";
    let inspection = Inspection::new(&model, &Tokenizer::Byte, text).await.expect("a text");
    let reading = inspection.reading();
    let predictions = reading.tokens.iter().filter_map(|token| token.prediction.as_ref());
    let mut shown: Vec<f32> = predictions.flat_map(|p| [p.probability, p.surprise, p.entropy]).collect();
    shown.extend(inspection.gates(1).expect("a layer").keep.concat());
    for token in [0, 6, 50] {
        let look = inspection.look(1, token).await.expect("a token");
        for part in [look.recall.expect("a memory").shares, look.attention.weights] {
            let sum: f32 = part.iter().sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sum} at token {token}");
            shown.extend(part);
        }
    }
    for part in &reading.parts {
        shown.push(inspection.without(*part).await.expect("a loss").loss);
    }
    shown
}
