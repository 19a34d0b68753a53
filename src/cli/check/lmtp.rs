//! Whether mail can be handed over by LMTP.

use super::{Line, PATIENCE};
use crate::config::Lmtp;
use crate::lmtp::{self, Found};

/// Who answers there.
pub(super) async fn line(lmtp: &Lmtp) -> Line {
    let what = format!("LMTP {}", lmtp.listen);
    match lmtp::look(&lmtp.listen, PATIENCE).await {
        Ok(Found::Gateway) => Line::ok(what, "a gateway takes mail here"),
        Ok(Found::Free) => Line::ok(what, "can be listened at, which nobody does yet"),
        Ok(Found::Other(said)) => Line::wrong(
            what,
            format!(
                "something else answers here ({said}); write another place in listen of [lmtp]"
            ),
        ),
        Err(error) => Line::wrong(what, error.to_string()),
    }
}
