//! The kernels for GPUs: a handful of launches whatever the length of the text, without atomics, every sum in a fixed order.
//!
//! Forward: each chunk by itself ([`fwd_chunks`]), what runs through chunks ([`fwd_scan`]), the queries of each chunk ([`fwd_queries`]).
//! Backward: the first two again, since only the inputs were kept; the queries' side of each chunk, which leaves records
//! ([`bwd_queries`]); what runs through chunks, backwards ([`bwd_scan`]); the keys' side of each chunk, gathered from the records
//! ([`bwd_keys`]); the parameters ([`bwd_params`]).

mod bwd_keys;
mod bwd_params;
mod bwd_queries;
mod bwd_scan;
mod fwd_chunks;
mod fwd_queries;
mod fwd_scan;
mod layout;
mod math;
mod query_tile;

use burn::backend::DispatchTensor;
use burn::cubecl::prelude::{Client, CubeCount, CubeDim};
use burn::tensor::{Device, Tensor};

use crate::bridge::cubecl_bridge::{self, Buffer, CubeKernel};
use crate::reference::angle;
use crate::reference::slot_attention::Sizes;
use layout::{Dims, LayoutLaunch};

/// Invocations of a workgroup; a power of two, and at most what every WebGPU has.
const UNITS: usize = 128;

/// Bytes of the largest buffer that every WebGPU binds. Rows of a batch that need more are worked on one after the other.
const BINDING: usize = 128 << 20;

/// Workgroups that every WebGPU launches along one dimension.
const GRID: usize = 65_535;

/// Whether `device` is a GPU on which the kernels run for rows of `chunks` chunks and `heads` heads of `d` channels.
pub fn runs_memory_kernels(device: &Device, sizes: Sizes, chunks: usize, heads: usize, d: usize) -> bool {
    cubecl_bridge::client(device).is_some_and(|client| Call::new(sizes, 1, chunks, heads, d).fits(&client))
}

/// Applies the kernels; all inputs are on one GPU that has them.
pub fn memory(sizes: Sizes, inputs: [DispatchTensor; 5]) -> Tensor<3> {
    cubecl_bridge::apply(Memory { sizes }, inputs)
}

#[derive(Debug)]
struct Memory {
    sizes: Sizes,
}

impl CubeKernel for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn shape(&self, inputs: &[Vec<usize>]) -> Vec<usize> {
        vec![inputs[0][0], inputs[0][1], inputs[2][0]]
    }

    fn forward(&self, client: &Client, shapes: &[Vec<usize>], inputs: &[Buffer]) -> Buffer {
        Call::of(self.sizes, shapes).forward(client, inputs)
    }

    fn backward(&self, client: &Client, shapes: &[Vec<usize>], inputs: &[Buffer], gradient: &Buffer) -> Vec<Buffer> {
        Call::of(self.sizes, shapes).backward(client, inputs, gradient)
    }
}

/// Sizes of one call.
///
/// The kernels are launched unchecked. They read and write where [`Dims`] and the layout say, and the buffers they get have the
/// lengths that follow from the same sizes: those of the inputs are the shapes from which the sizes were taken, and all others
/// are allocated here.
#[derive(Debug, Clone, Copy)]
struct Call {
    dims: Dims,
    batch: usize,
    chunks: usize,
}

/// The inputs, in the order of [`memory`](crate::memory)'s arguments.
struct Inputs<'a> {
    projection: &'a Buffer,
    decay: &'a Buffer,
    read_norm: &'a Buffer,
    score_scale: &'a Buffer,
    level_bias: &'a Buffer,
    /// cos(p θ_i) and sin(p θ_i) of the channel pairs i at the positions p in 0..2C, `[2C, d / 2, 2]`.
    rope_table: Buffer,
}

impl Call {
    /// The call whose inputs have these shapes.
    fn of(sizes: Sizes, shapes: &[Vec<usize>]) -> Self {
        let (batch, time, heads, width) = (shapes[0][0], shapes[0][1], shapes[1][0], shapes[2][0]);
        Self::new(sizes, batch, time / sizes.chunk, heads, width / heads)
    }

    /// A call for `batch` rows of `chunks` chunks.
    fn new(sizes: Sizes, batch: usize, chunks: usize, heads: usize, d: usize) -> Self {
        Self { dims: Dims::new(sizes, heads, d, chunks, UNITS), batch, chunks }
    }

    /// Whether the sizes are within the device's limits.
    fn fits(&self, client: &Client) -> bool {
        let hardware = &client.properties().hardware;
        let grid = self.chunks.max(self.dims.heads).max(self.columns(self.dims.pool(self.chunks)));
        self.dims.shared_bytes() <= hardware.max_shared_memory_size
            && UNITS <= hardware.max_units_per_cube as usize
            && grid <= GRID
            && self.row_bytes() <= BINDING
    }

    /// Floats of the output.
    fn outputs(&self) -> usize {
        self.batch * self.chunks * self.dims.chunk * self.dims.width()
    }

    /// Bytes that one row of the batch takes in the larger of the two buffers.
    fn row_bytes(&self) -> usize {
        let group = self.dims.fwd_cache(self.chunks).max(self.dims.bwd_cache(self.chunks));
        group * self.dims.heads * size_of::<f32>()
    }

    /// The rows in parts that fit a binding: the first row and the number of rows of each.
    fn parts(&self) -> impl Iterator<Item = (usize, usize)> {
        let (batch, rows) = (self.batch, (BINDING / self.row_bytes()).max(1));
        (0..batch).step_by(rows).map(move |first| (first, rows.min(batch - first)))
    }

    /// Workgroups with an invocation for each entry of the recurrent memory and each channel of so many slots.
    fn columns(&self, slots: usize) -> usize {
        (self.dims.d * self.dims.d + slots * 2 * self.dims.d).div_ceil(UNITS)
    }

    fn layout(&self, first_row: usize) -> LayoutLaunch {
        LayoutLaunch::new(self.chunks, first_row, self.dims.fwd_cache(self.chunks), self.dims.bwd_cache(self.chunks))
    }

    fn each_chunk(&self, rows: usize) -> CubeCount {
        CubeCount::Static(self.chunks as u32, self.dims.heads as u32, rows as u32)
    }

    fn each_channel(&self, slots: usize, rows: usize) -> CubeCount {
        CubeCount::Static(self.columns(slots) as u32, self.dims.heads as u32, rows as u32)
    }

    fn inputs<'a>(&self, client: &Client, inputs: &'a [Buffer]) -> Inputs<'a> {
        let Dims { chunk, d, .. } = self.dims;
        let angles = (0..2 * chunk).flat_map(|position| (0..d / 2).map(move |i| angle(position as i64, i, d)));
        let rope_table: Vec<f32> = angles.flat_map(|angle| [angle.cos() as f32, angle.sin() as f32]).collect();
        Inputs {
            projection: &inputs[0],
            decay: &inputs[1],
            read_norm: &inputs[2],
            score_scale: &inputs[3],
            level_bias: &inputs[4],
            rope_table: Buffer::of(client, &rope_table),
        }
    }

    /// (r + ctx) ⊙ silu(e), `[batch, time, width]`.
    fn forward(&self, client: &Client, inputs: &[Buffer]) -> Buffer {
        let inputs = self.inputs(client, inputs);
        let out = Buffer::empty(client, self.outputs());
        for (first, rows) in self.parts() {
            let fwd_cache = self.fill_cache(client, &inputs, first, rows);
            // SAFETY: as above `Call`.
            unsafe {
                fwd_queries::fwd_queries::launch_unchecked(
                    client,
                    self.each_chunk(rows),
                    CubeDim::new_1d(UNITS as u32),
                    inputs.projection.arg(),
                    inputs.rope_table.arg(),
                    fwd_cache.arg(),
                    out.arg(),
                    self.layout(first),
                    self.dims,
                )
            }
        }
        out
    }

    /// What a pass over `rows` rows from `first` on leaves for its readers.
    fn fill_cache(&self, client: &Client, inputs: &Inputs, first: usize, rows: usize) -> Buffer {
        let dims = self.dims;
        let fwd_cache = Buffer::empty(client, rows * dims.heads * dims.fwd_cache(self.chunks));
        // SAFETY: as above `Call`.
        unsafe {
            fwd_chunks::fwd_chunks::launch_unchecked(
                client,
                self.each_chunk(rows),
                CubeDim::new_1d(UNITS as u32),
                inputs.projection.arg(),
                inputs.rope_table.arg(),
                inputs.decay.arg(),
                inputs.read_norm.arg(),
                inputs.score_scale.arg(),
                inputs.level_bias.arg(),
                fwd_cache.arg(),
                self.layout(first),
                dims,
            )
        }
        // SAFETY: as above `Call`.
        unsafe {
            fwd_scan::fwd_scan::launch_unchecked(
                client,
                self.each_channel(dims.pool(self.chunks) - self.chunks, rows),
                CubeDim::new_1d(UNITS as u32),
                fwd_cache.arg(),
                self.layout(first),
                dims,
            )
        }
        fwd_cache
    }

    /// The gradients of all inputs from that of the output.
    fn backward(&self, client: &Client, inputs: &[Buffer], gradient: &Buffer) -> Vec<Buffer> {
        let to: Vec<Buffer> = inputs.iter().map(|input| Buffer::empty(client, input.len)).collect();
        let inputs = self.inputs(client, inputs);
        let partial_grads =
            Buffer::empty(client, self.batch * self.chunks * self.dims.heads * self.dims.partial_grads());
        for (first, rows) in self.parts() {
            let fwd_cache = self.fill_cache(client, &inputs, first, rows);
            self.gather(client, &inputs, &fwd_cache, [gradient, &to[0], &partial_grads], first, rows);
        }
        // SAFETY: as above `Call`.
        unsafe {
            bwd_params::bwd_params::launch_unchecked(
                client,
                CubeCount::Static(self.dims.partial_grads().div_ceil(UNITS) as u32, self.dims.heads as u32, 1),
                CubeDim::new_1d(UNITS as u32),
                partial_grads.arg(),
                inputs.decay.arg(),
                to[1].arg(),
                to[2].arg(),
                to[3].arg(),
                to[4].arg(),
                self.batch * self.chunks,
                self.dims,
            )
        }
        to
    }

    /// The gradient of the projection, and what `rows` rows add to those of the parameters.
    fn gather(
        &self,
        client: &Client,
        inputs: &Inputs,
        fwd_cache: &Buffer,
        [gradient, to_projection, partial_grads]: [&Buffer; 3],
        first: usize,
        rows: usize,
    ) {
        let dims = self.dims;
        let units = CubeDim::new_1d(UNITS as u32);
        let bwd_cache = Buffer::empty(client, rows * dims.heads * dims.bwd_cache(self.chunks));
        // SAFETY: as above `Call`.
        unsafe {
            bwd_queries::bwd_queries::launch_unchecked(
                client,
                self.each_chunk(rows),
                units,
                inputs.projection.arg(),
                inputs.rope_table.arg(),
                fwd_cache.arg(),
                gradient.arg(),
                bwd_cache.arg(),
                to_projection.arg(),
                partial_grads.arg(),
                self.layout(first),
                dims,
            )
        }
        // SAFETY: as above `Call`.
        unsafe {
            bwd_scan::bwd_scan::launch_unchecked(
                client,
                self.each_channel(dims.pool(self.chunks), rows),
                units,
                inputs.projection.arg(),
                fwd_cache.arg(),
                bwd_cache.arg(),
                self.layout(first),
                dims,
            )
        }
        // SAFETY: as above `Call`.
        unsafe {
            bwd_keys::bwd_keys::launch_unchecked(
                client,
                self.each_chunk(rows),
                units,
                inputs.projection.arg(),
                inputs.rope_table.arg(),
                fwd_cache.arg(),
                bwd_cache.arg(),
                to_projection.arg(),
                partial_grads.arg(),
                self.layout(first),
                dims,
            )
        }
    }
}
