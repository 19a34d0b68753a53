//! The task tree: starts everything, stops it in order.
