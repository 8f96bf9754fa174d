//! A bounded memory of what was used lately: two generations, of which the older one goes as a whole.

use std::collections::HashMap;
use std::hash::Hash;

/// Keeps between `half` and twice `half` of the values used last.
pub(crate) struct Recent<K, V> {
    half: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Hash + Eq + Clone, V: Clone> Recent<K, V> {
    pub fn new(half: usize) -> Self {
        Self { half, young: HashMap::new(), old: HashMap::new() }
    }

    /// The value, which counts as used.
    pub fn get(&mut self, key: &K) -> Option<V> {
        if let Some(value) = self.young.get(key) {
            return Some(value.clone());
        }
        let value = self.old.remove(key)?;
        self.put(key.clone(), value.clone());
        Some(value)
    }

    pub fn put(&mut self, key: K, value: V) {
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub fn remove(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let mut recent = Recent::new(2);
        for n in 0..4 {
            recent.put(n, n);
            assert_eq!(recent.get(&0), Some(0), "after {n}");
        }
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&3), Some(3));
        assert!(recent.young.len() + recent.old.len() <= 4);
    }

    #[test]
    fn what_is_removed_is_gone_from_both_generations() {
        let mut recent = Recent::new(1);
        recent.put(1, 'a');
        recent.put(2, 'b');
        recent.remove(&1);
        recent.remove(&2);
        assert_eq!((recent.get(&1), recent.get(&2)), (None, None));
    }
}
