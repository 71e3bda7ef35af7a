//! From one weight to its larger successor.

use crate::model::WeightSpec;

/// Where a matrix's old values go; a vector is a matrix of one row.
pub(super) struct Transfer {
    /// The new row of every old row.
    rows: Vec<usize>,
    /// The new column of every old column.
    columns: Vec<usize>,
    /// Whether a new column is zero wherever no old value goes; otherwise it starts as in a fresh model.
    silent: Vec<bool>,
    /// New rows from here on are zero.
    silent_from: usize,
    /// What old values are multiplied by.
    scale: f32,
}

impl Transfer {
    /// The old rows and columns stay the first ones, and what is new starts as in a fresh model.
    ///
    /// Shapes: old `[rows, columns]`, new `[any, new_columns]`.
    pub fn first(rows: usize, columns: usize, new_columns: usize) -> Self {
        Self {
            rows: (0..rows).collect(),
            columns: (0..columns).collect(),
            silent: vec![false; new_columns],
            silent_from: usize::MAX,
            scale: 1.0,
        }
    }

    /// Nothing is carried: a weight of a block that there was not.
    pub fn nothing(new_columns: usize) -> Self {
        Self::first(0, 0, new_columns)
    }

    /// Rows go where `rows` says.
    pub fn rows_to(self, rows: Vec<usize>) -> Self {
        Self { rows, ..self }
    }

    /// Columns go where `columns` says.
    pub fn columns_to(self, columns: Vec<usize>) -> Self {
        Self { columns, ..self }
    }

    /// The columns that `silent` names are zero where they are new.
    pub fn silent_where(self, silent: impl Fn(usize) -> bool) -> Self {
        Self { silent: (0..self.silent.len()).map(silent).collect(), ..self }
    }

    /// Rows from `row` on, to which no old value goes, are zero.
    pub fn silent_from(self, row: usize) -> Self {
        Self { silent_from: row, ..self }
    }

    /// Old values are multiplied by `scale`.
    pub fn scaled(self, scale: f64) -> Self {
        Self { scale: scale as f32, ..self }
    }

    /// What old values are multiplied by.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The new weight.
    pub fn weight(&self, old: Option<&[f32]>, spec: &WeightSpec, seed: u64) -> Vec<f32> {
        // Drawing numbers costs more than everything else here.
        let all_silent = self.silent.iter().all(|silent| *silent);
        let mut new = if all_silent { vec![0.0; spec.len()] } else { spec.initial(seed) };
        for (index, row) in new.chunks_exact_mut(self.silent.len()).enumerate() {
            let silent = |column: &bool| *column || index >= self.silent_from;
            row.iter_mut().zip(&self.silent).filter(|(_, column)| silent(column)).for_each(|(value, _)| *value = 0.0);
        }
        if let Some(old) = old {
            self.carry(old, self.scale, &mut new);
        }
        new
    }

    /// Puts old values, multiplied by `scale`, where they go in `new`.
    pub fn carry(&self, old: &[f32], scale: f32, new: &mut [f32]) {
        let width = self.silent.len();
        for (old, row) in old.chunks_exact(self.columns.len()).zip(&self.rows) {
            let new = &mut new[row * width..][..width];
            old.iter().zip(&self.columns).for_each(|(value, column)| new[*column] = value * scale);
        }
    }
}
