//! Fingerprints: a finding recognised again after lines have moved. Knows rule, item and subject, never a place.

use std::collections::HashMap;

use crate::diagnostic::Diagnostic;

/// Gives out fingerprints; equal diagnostics are told apart by their order.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: HashMap<String, usize>,
}

impl Fingerprints {
    /// Sixteen hex digits from rule, item, subject and, from the second equal one on, its number.
    pub(super) fn next(&mut self, diagnostic: &Diagnostic) -> String {
        let mut text = format!("{}\0{}\0{}", diagnostic.rule, diagnostic.item, diagnostic.subject);
        let seen = self.seen.entry(text.clone()).or_default();
        *seen += 1;
        if *seen > 1 {
            text.push_str(&format!("\0{seen}"));
        }
        format!("{:016x}", fnv1a(text.as_bytes()))
    }
}

/// FNV-1a with 64 bits. Baselines outlive toolchains, and the hashers of the standard library promise no stable result.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the algorithm's authors.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
