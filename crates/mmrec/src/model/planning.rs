//! UBÖO: in training, a head predicts from what the recurrent memory gives at the end of a chunk how the hierarchy will summarise
//! the next chunk, so that the memory learns to hold what comes.

use burn::tensor::{Int, Tensor};

use super::memory_block::Projection;
use super::{Block, MemoryBlock, Model};
use crate::ops::{chunk_end_reads, linear, rms_norm};

impl Model {
    /// The mean squared error of the plans, `[1]`: 1 for a plan of nothing.
    ///
    /// The text ends with its last whole chunk; it has at least two, and the model has the head.
    ///
    /// # Shapes
    /// - `x`: `[batch, time, width]`, the stream before the last block, from the beginning of a text
    pub(crate) fn planning_loss(&self, x: Tensor<3>) -> Tensor<1> {
        let head = self.planner.as_ref().expect("a model that plans");
        let block = self.blocks.last().and_then(Block::memory).expect("a model that plans has memories");
        block.planning_loss(x, self.sizes().chunk, head.val())
    }

    /// Tokens `[batch, time]` up to the end of the last whole chunk.
    pub(crate) fn whole_chunks(&self, tokens: Tensor<2, Int>) -> Tensor<2, Int> {
        let (time, chunk) = (tokens.dims()[1], self.sizes().chunk);
        tokens.narrow(1, 0, time / chunk * chunk)
    }
}

impl MemoryBlock {
    fn planning_loss(&self, x: Tensor<3>, length: usize, head: Tensor<2>) -> Tensor<1> {
        let p = self.projection(x);
        let [batch, heads, time, d] = p.query.dims();
        let (plans, width) = (time / length - 1, heads * d);
        let reads = self.end_reads(&p, length).narrow(2, 0, plans);
        let plan = linear(reads.swap_dims(1, 2).reshape([batch * plans, width]), head);
        let goal = p.tokens.merge(length).values.detach().narrow(2, 1, plans);
        let goal = rms_norm(goal, Tensor::ones([1, 1, 1, d], &plan.device()));
        (plan - goal.swap_dims(1, 2).reshape([batch * plans, width])).square().mean()
    }

    /// What the recurrent memory gives at the last token of every chunk, normalised per head: `[batch, heads, chunks, d]`.
    fn end_reads(&self, p: &Projection, length: usize) -> Tensor<4> {
        let [query, key, value] = p.association();
        self.norm_read(chunk_end_reads(length, query, key, value, p.log_decay.clone()))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Distribution};

    use super::*;
    use crate::config::{ModelConfig, Stage};

    fn config() -> ModelConfig {
        ModelConfig { width: 8, heads: 2, chunk: 4, planning: true, ..Stage::Tiny.config(256) }
    }

    fn model() -> Model {
        Model::new(&config(), 3, &Device::flex())
    }

    fn floats<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_to_vec().expect("floats")
    }

    /// Plans are made from the reads that the block makes anyway.
    #[test]
    fn what_is_read_at_the_end_of_a_block() {
        let model = model();
        let block = model.blocks[0].memory().expect("an MM-Rec");
        let p = block.project(Tensor::random([2, 20, 8], Distribution::Normal(0.0, 1.0), &Device::flex()));
        let ends = floats(block.end_reads(&p, 4));
        let reads = block.recall(&p, None, false).0;
        let expected = floats(reads.reshape([2, 2, 5, 4, 4]).narrow(3, 3, 1));
        let worst = ends.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(ends.len() == expected.len() && worst < 1e-5, "differs by {worst}");
    }

    /// A goal has length √d in every head, so that a plan of nothing misses by 1 on average.
    #[test]
    fn a_plan_of_nothing_costs_one() {
        let model = model();
        let x = Tensor::random([2, 20, 8], Distribution::Normal(0.0, 1.0), &Device::flex());
        let block = model.blocks[3].memory().expect("an MM-Rec");
        let loss = floats(block.planning_loss(x, 4, Tensor::zeros([8, 8], &Device::flex())));
        assert!((loss[0] - 1.0).abs() < 1e-3, "{loss:?}");
    }

    #[test]
    fn there_is_nothing_to_plan_in_less_than_two_blocks() {
        assert!(!config().plans(7) && config().plans(11));
        assert_eq!(model().whole_chunks(Tensor::zeros([1, 11], &Device::flex())).dims(), [1, 8]);
        assert!(!ModelConfig { planning: false, ..config() }.plans(11));
    }
}
