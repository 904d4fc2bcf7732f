//! A sample for an auditor: drawn by a seed, the same for the same population for ever.

use sha2::{Digest as _, Sha256};

/// Draws `n` of `population`, each told by its key; in the population's order. Every key has the same chance: those with the smallest hash over seed and
/// key are taken, so that who chooses a seed cannot know what it draws.
pub fn draw<T>(population: Vec<T>, n: usize, seed: u64, key: impl Fn(&T) -> String) -> Vec<T> {
    let hash = |item: &T| {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(key(item).as_bytes());
        hash.finalize()
    };
    let mut ranked: Vec<(usize, _, T)> = population.into_iter().enumerate().map(|(place, item)| (place, hash(&item), item)).collect();
    ranked.sort_by(|one, other| (&one.1, one.0).cmp(&(&other.1, other.0)));
    ranked.truncate(n);
    ranked.sort_by_key(|(place, ..)| *place);
    ranked.into_iter().map(|(_, _, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_whatever_the_order_and_another_draws_others() {
        let population: Vec<u32> = (0..1_000).collect();
        let drawn = draw(population.clone(), 25, 20_261_120, u32::to_string);
        assert_eq!(drawn.len(), 25);
        assert!(drawn.is_sorted());
        let mut backwards = draw(population.iter().rev().copied().collect(), 25, 20_261_120, u32::to_string);
        backwards.reverse();
        assert_eq!(drawn, backwards);
        assert_ne!(drawn, draw(population.clone(), 25, 1, u32::to_string));
        assert_eq!(draw(population.clone(), 2_000, 1, u32::to_string), population);
    }

    #[test]
    fn no_part_of_the_population_is_left_out_for_ever() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..200 {
            seen.extend(draw((0..100).collect::<Vec<u32>>(), 5, seed, u32::to_string));
        }
        assert_eq!(seen.len(), 100);
    }
}
