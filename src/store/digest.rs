//! Whether a database still has all that was written to it. sled recovers from damage of its log by leaving out what it
//! cannot read, without a word; so each commit also writes, in the same batch, how many commits and rows there are and the
//! sum of the rows' checksums, and each start adds up the rows again: of a big store while it is in use already.

/// What the rows add up to, and how far that was checked.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    pub(super) digest: Digest,
    /// The rows that were added up so far, while a check is under way: all before `next`.
    check: Option<(Digest, Vec<u8>)>,
}

impl Counted {
    pub(super) fn of(digest: Digest) -> Self {
        Self {
            digest,
            check: None,
        }
    }

    /// A row changes.
    pub(super) fn change(&mut self, key: &[u8], old: Option<&[u8]>, new: Option<&[u8]>) {
        let found = self.check.as_mut();
        let found = found.and_then(|(found, next)| (key < next.as_slice()).then_some(found));
        for digest in std::iter::once(&mut self.digest).chain(found) {
            if let Some(old) = old {
                digest.remove(key, old);
            }
            if let Some(new) = new {
                digest.add(key, new);
            }
        }
    }

    /// The key from which on rows are to be added up.
    pub(super) fn next(&mut self) -> Vec<u8> {
        self.check.get_or_insert_default().1.clone()
    }

    /// The next row of the check.
    pub(super) fn found(&mut self, key: &[u8], value: &[u8]) {
        let (found, next) = self.check.get_or_insert_default();
        found.add(key, value);
        *next = [key, &[0]].concat();
    }

    /// There are no more rows: what is wrong with them?
    pub(super) fn end(&mut self) -> Option<String> {
        let (found, _) = self.check.take().unwrap_or_default();
        self.digest.differs_from(&found)
    }
}

/// What the row says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    /// Batches so far.
    pub(super) commits: u64,
    /// Rows, without those that describe the store.
    pub(super) rows: u64,
    /// Of their checksums.
    sum: u64,
}

impl Digest {
    /// A row has come.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(checksum(key, value));
    }

    /// A row has gone.
    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum(key, value));
    }

    /// What is wrong with rows that add up to `found`.
    pub(super) fn differs_from(&self, found: &Self) -> Option<String> {
        if found.rows != self.rows {
            return Some(format!(
                "{} rows were written to it, {} are there",
                self.rows, found.rows
            ));
        }
        (found.sum != self.sum).then(|| "some of its rows are not what was written".to_owned())
    }

    pub(super) fn octets(&self) -> Vec<u8> {
        [self.commits, self.rows, self.sum]
            .map(u64::to_be_bytes)
            .concat()
    }

    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let (numbers, []) = octets.as_chunks::<8>() else {
            return None;
        };
        let [commits, rows, sum] = *<&[[u8; 8]; 3]>::try_from(numbers).ok()?;
        Some(Self {
            commits: u64::from_be_bytes(commits),
            rows: u64::from_be_bytes(rows),
            sum: u64::from_be_bytes(sum),
        })
    }
}

fn checksum(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = crc32fast::Hasher::new();
    // Where the key ends is part of it.
    hasher.update(&u32::try_from(key.len()).unwrap_or(u32::MAX).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    u64::from(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_change_while_they_are_added_up_are_added_up_as_they_are() {
        let mut digest = Digest::default();
        for key in [b"a", b"c", b"e"] {
            digest.add(key, b"1");
        }
        let mut counted = Counted::of(digest);
        assert_eq!(counted.next(), b"");
        counted.found(b"a", b"1");
        assert_eq!(counted.next(), b"a\0");
        counted.change(b"a", Some(b"1"), Some(b"2"));
        counted.change(b"A", None, Some(b"new"));
        counted.change(b"c", Some(b"1"), None);
        counted.change(b"d", None, Some(b"4"));
        counted.found(b"d", b"4");
        assert!(counted.clone().end().unwrap().contains("4 rows were"));
        counted.found(b"e", b"1");
        assert_eq!(counted.end(), None);
        assert_eq!(counted.next(), b"");
    }

    #[test]
    fn rows_add_up_in_any_order_and_each_counts() {
        let (mut one, mut other) = (Digest::default(), Digest::default());
        one.add(b"a", b"1");
        one.add(b"b", b"2");
        one.add(b"c", b"");
        other.add(b"c", b"");
        other.add(b"b", b"2");
        assert!(
            one.differs_from(&other)
                .unwrap()
                .contains("3 rows were written to it, 2 are")
        );
        other.add(b"a", b"9");
        assert!(
            one.differs_from(&other)
                .unwrap()
                .contains("not what was written")
        );
        other.remove(b"a", b"9");
        other.add(b"a", b"1");
        assert_eq!(one, other);
        assert_eq!(Digest::parse(&one.octets()), Some(one));
        assert_eq!(Digest::parse(b"short"), None);
    }
}
