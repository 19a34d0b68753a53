//! Addresses without surprises between two gateways.
