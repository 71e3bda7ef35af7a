//! Seeded random numbers that are the same on every platform and in every later version.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// ChaCha8 keyed by a seed and a purpose, so that two uses of one seed do not see the same numbers. The key is laid out here
/// rather than derived by a library, whose derivation may change.
pub(super) fn generator(seed: u64, purpose: &[u8; 24]) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(purpose);
    ChaCha8Rng::from_seed(key)
}
