//! How rows travel: several in a bucket, since each message takes time whatever it holds, and no bucket too large for a message.

use burn::tensor::{Device, Tensor, TensorData};

/// Values that a bucket of several rows has at most.
const BUCKET: usize = 1 << 24;

/// A row of values.
pub fn row(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}

/// Which of the rows, by their lengths, are in a bucket.
fn buckets(lengths: &[usize]) -> impl Iterator<Item = &[usize]> {
    let mut sum = lengths.first().copied().unwrap_or_default();
    lengths.chunk_by(move |_, next| {
        let joined = sum.saturating_add(*next);
        let fits = joined <= BUCKET;
        sum = if fits { joined } else { *next };
        fits
    })
}

/// Values of every bucket of rows of these lengths.
pub fn lengths_of(rows: &[usize]) -> Vec<usize> {
    buckets(rows).map(|bucket| bucket.iter().sum()).collect()
}

/// The buckets of rows.
pub fn pack(rows: Vec<Tensor<1>>) -> Vec<Tensor<1>> {
    let lengths: Vec<usize> = rows.iter().map(|row| row.dims()[0]).collect();
    let mut rows = rows.into_iter();
    buckets(&lengths).map(|bucket| Tensor::cat(rows.by_ref().take(bucket.len()).collect(), 0)).collect()
}

/// The rows, of these lengths, that buckets were made of.
pub fn unpack(packed: impl IntoIterator<Item = Tensor<1>>, lengths: &[usize]) -> Vec<Tensor<1>> {
    let rows = |(bucket, lengths): (Tensor<1>, &[usize])| bucket.split_with_sizes(lengths.to_vec(), 0);
    packed.into_iter().zip(buckets(lengths)).flat_map(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_what_fits() {
        assert_eq!(lengths_of(&[]), [0; 0]);
        assert_eq!(lengths_of(&[3, 4, 5]), [12]);
        assert_eq!(lengths_of(&[BUCKET - 1, 1, 1, BUCKET + 7, 2]), [BUCKET, 1, BUCKET + 7, 2]);
        assert_eq!(lengths_of(&[usize::MAX, usize::MAX]), [usize::MAX, usize::MAX]);
    }

    #[test]
    fn rows_arrive_as_they_were_sent() {
        let row = |from: i64, to: i64| Tensor::arange(from..to, &Device::flex()).float();
        let lengths = [2, BUCKET - 3, 5, 1];
        let mut from = 0;
        let rows: Vec<Tensor<1>> = lengths
            .iter()
            .map(|length| {
                from += 7;
                row(from, from + *length as i64)
            })
            .collect();
        let packed = pack(rows.clone());
        let counts: Vec<usize> = packed.iter().map(|bucket| bucket.dims()[0]).collect();
        assert_eq!(counts, lengths_of(&lengths));
        for (sent, arrived) in rows.iter().zip(unpack(packed, &lengths)) {
            assert_eq!(sent.to_data(), arrived.to_data());
        }
    }
}
