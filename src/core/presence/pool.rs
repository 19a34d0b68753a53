//! Equal values kept once: a change of a user's presence is told to each of its contacts, and is one value for all.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// Below this many values none is looked for that nobody has any more.
const SWEEP_MIN: usize = 1024;

/// Values that are shared by all who have an equal one.
#[derive(Debug)]
pub(super) struct Pool<T: ?Sized + Hash + Eq> {
    values: HashSet<Arc<T>>,
    /// With this many, those that nobody has any more are thrown out: twice as many as were left the last time, so that
    /// each value is looked at only a few times.
    sweep_at: usize,
}

impl<T: ?Sized + Hash + Eq> Default for Pool<T> {
    fn default() -> Self {
        Self {
            values: HashSet::new(),
            sweep_at: SWEEP_MIN,
        }
    }
}

impl<T: ?Sized + Hash + Eq> Pool<T> {
    /// The one that equals `value`.
    pub(super) fn share(&mut self, value: impl Into<Arc<T>> + Borrow<T>) -> Arc<T> {
        if let Some(known) = self.values.get(value.borrow()) {
            return Arc::clone(known);
        }
        if self.values.len() >= self.sweep_at {
            self.values.retain(|value| Arc::strong_count(value) > 1);
            self.sweep_at = self.values.len().saturating_mul(2).max(SWEEP_MIN);
        }
        let value = value.into();
        self.values.insert(Arc::clone(&value));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_and_those_that_nobody_has_are_thrown_out() {
        let mut pool = Pool::<str>::default();
        let (one, other) = (pool.share("phone"), pool.share("phone"));
        assert!(Arc::ptr_eq(&one, &other));
        for number in 0..10 * SWEEP_MIN {
            pool.share(number.to_string().as_str());
        }
        assert!(pool.values.len() <= SWEEP_MIN);
        assert!(Arc::ptr_eq(&one, &pool.share("phone")));
    }
}
