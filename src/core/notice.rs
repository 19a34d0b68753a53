//! Every sentence that a user reads, in one place: what happened, to what, what to do next.
