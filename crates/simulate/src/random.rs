//! A small pseudo-random source (splitmix64): a seed and a label in, the same values out on every machine.
//!
//! Never asks the clock or the system for randomness, so that a plan always gives the same bytes.
//! Not fit for secrets.

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ALNUM: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The label keeps streams apart, so that adding a story does not change what another one draws.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        let mut state = seed ^ 0xcbf2_9ce4_8422_2325;
        for byte in label.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        let mut random = Self { state };
        random.next();
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A value in `0..bound`; 0 where `bound` is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A value in `low..=high`.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).max(1) as u64) as i64
    }

    /// True in `per_mille` of a thousand draws.
    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len() as u64) as usize]
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }

    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.text(HEX, len)
    }

    pub(crate) fn base32(&mut self, len: usize) -> String {
        self.text(BASE32, len)
    }

    pub(crate) fn alnum(&mut self, len: usize) -> String {
        self.text(ALNUM, len)
    }

    pub(crate) fn lower(&mut self, len: usize) -> String {
        self.text(LOWER, len)
    }

    fn text(&mut self, alphabet: &[u8], len: usize) -> String {
        let mut text = String::with_capacity(len);
        let mut bits = 0_u64;
        for place in 0..len {
            if place % 8 == 0 {
                bits = self.next();
            }
            text.push(char::from(alphabet[(bits & 0xff) as usize % alphabet.len()]));
            bits >>= 8;
        }
        text
    }

    pub(crate) fn uuid(&mut self) -> String {
        let mut text = String::with_capacity(36);
        let (high, low) = (self.next(), self.next());
        for nibble in 0..32_u32 {
            if matches!(nibble, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            let word = if nibble < 16 { high } else { low };
            let mut value = (word >> (60 - 4 * (nibble % 16))) & 0xf;
            if nibble == 12 {
                value = 4;
            }
            if nibble == 16 {
                value = 8 | (value & 3);
            }
            text.push(char::from(HEX[value as usize]));
        }
        text
    }

    /// A temporary access key id. It ends in EXAMPLE, as the documentation's do: no such key was ever issued.
    pub(crate) fn session_key(&mut self) -> String {
        format!("ASIA{}EXAMPLE", self.base32(9))
    }

    /// An address of the documentation ranges (RFC 5737, RFC 3849).
    pub(crate) fn address(&mut self) -> String {
        let host = self.between(1, 254);
        match self.below(20) {
            0 => format!("2001:db8:{:x}::{host:x}", self.below(0xffff)),
            1..8 => format!("192.0.2.{host}"),
            8..14 => format!("203.0.113.{host}"),
            _ => format!("198.51.100.{host}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn same_seed_and_label_draw_the_same() {
        let draw = |seed, label| {
            let mut random = Random::new(seed, label);
            (random.uuid(), random.session_key(), random.address())
        };
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn ids_have_the_length_aws_gives_them() {
        let mut random = Random::new(3, "ids");
        assert_eq!(random.uuid().len(), 36);
        assert_eq!(random.session_key().len(), 20);
        assert!((0..1000).all(|_| random.below(7) < 7));
    }
}
