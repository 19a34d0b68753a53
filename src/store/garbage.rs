//! What sled has replaced (pages, and buffers of 512 KiB that are written) it frees when no thread can still read it. By itself it
//! looks for that now and then, with 64 things in hand for each thread, so that some 20 MB of buffers are waiting.

/// Frees what this thread has replaced, as soon as no thread can still read it: at the latest with the calls after the next.
///
/// This is about all that `crossbeam-epoch` defers in this process, and only sled uses it.
pub(super) fn free() {
    crossbeam_epoch::pin().flush();
}
