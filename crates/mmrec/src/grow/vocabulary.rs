//! How tokens start that the old tokenizer did not have.

use crate::checkpoint::Stored;

/// Starts every new token that joins two others between those: its row of the embedding and its column of the head are their
/// means. A token that joins none has started as in a fresh model already, in the channels that the old stream had.
///
/// `parts` gives the two tokens that a token joins, both below it, so that the parts of parts come first.
pub(super) fn start_joined(weights: &mut [Stored], old: usize, parts: impl Fn(u16) -> Option<[u16; 2]>) {
    let [embedding, .., head] = weights else { return };
    let [vocab, width] = embedding.shape[..] else { return };
    for id in old..vocab {
        let Some(parts) = u16::try_from(id).ok().and_then(&parts) else { continue };
        let [left, right] = parts.map(usize::from);
        for channel in 0..width {
            let rows = &mut embedding.values;
            rows[id * width + channel] = mean(rows[left * width + channel], rows[right * width + channel]);
            let columns = &mut head.values[channel * vocab..][..vocab];
            columns[id] = mean(columns[left], columns[right]);
        }
    }
}

fn mean(a: f32, b: f32) -> f32 {
    0.5 * a + 0.5 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_joined_token_starts_between_its_parts() {
        let stored = |name: &str, shape: &[usize], values: &[f32]| Stored {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let mut weights = [
            stored("embedding", &[5, 2], &[0.0, 8.0, 4.0, 0.0, 9.0, 9.0, 9.0, 9.0, 7.0, 7.0]),
            stored("norm", &[2], &[1.0, 1.0]),
            stored("head", &[2, 5], &[0.0, 2.0, 9.0, 9.0, 5.0, 8.0, 4.0, 9.0, 9.0, 6.0]),
        ];
        // Token 2 joins 0 and 1, token 3 joins 2 and 1, token 4 none.
        let parts = |id: u16| [None, None, Some([0, 1]), Some([2, 1]), None][usize::from(id)];
        start_joined(&mut weights, 2, parts);
        assert_eq!(weights[0].values, [0.0, 8.0, 4.0, 0.0, 2.0, 4.0, 3.0, 2.0, 7.0, 7.0]);
        assert_eq!(weights[2].values, [0.0, 2.0, 1.0, 1.5, 5.0, 8.0, 4.0, 6.0, 5.0, 6.0]);
    }
}
