//! Where everything lies that waits: kept by who writes, asked by whoever reads.

use super::record::JobKey;
use super::replay::JournalPlace;
use super::segment::Name;
use std::collections::{BTreeMap, HashMap};

/// Where everything lies that waits.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) live: HashMap<JobKey, JournalPlace>,
    pub(super) segments: BTreeMap<u64, Segment>,
    /// Of all records that live.
    pub(super) octets: u64,
}

#[derive(Debug)]
pub(super) struct Segment {
    pub(super) name: Name,
    /// Where it ends.
    pub(super) end: u64,
    /// How many records in it live.
    pub(super) live: usize,
}

impl Index {
    pub(super) fn add_segment(&mut self, name: Name, end: u64) {
        let segment = Segment { name, end, live: 0 };
        self.segments.insert(name.number, segment);
    }

    pub(super) fn insert(&mut self, key: JobKey, place: JournalPlace) {
        self.remove(key);
        self.octets = self.octets.saturating_add(place.octets());
        if let Some(segment) = self.segments.get_mut(&place.segment) {
            segment.live = segment.live.saturating_add(1);
        }
        self.live.insert(key, place);
    }

    pub(super) fn remove(&mut self, key: JobKey) {
        if let Some(place) = self.live.remove(&key) {
            self.octets = self.octets.saturating_sub(place.octets());
            if let Some(segment) = self.segments.get_mut(&place.segment) {
                segment.live = segment.live.saturating_sub(1);
            }
        }
    }

    /// Of all segments.
    pub(super) fn taken(&self) -> u64 {
        let ends = self.segments.values().map(|segment| segment.end);
        ends.fold(0, u64::saturating_add)
    }
}
