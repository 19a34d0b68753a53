//! Whether mail can be handed over by LMTP.

use super::{CheckLine, PATIENCE};
use crate::config::Lmtp;
use crate::lmtp::{self, Occupant};

/// Who answers there.
pub(super) async fn line(lmtp: &Lmtp) -> CheckLine {
    let what = format!("LMTP {}", lmtp.listen);
    match lmtp::look(&lmtp.listen, PATIENCE).await {
        Ok(Occupant::Gateway) => CheckLine::ok(what, "a gateway accepts mail here"),
        Ok(Occupant::Free) => CheckLine::ok(what, "is free; nothing listens there yet"),
        Ok(Occupant::Other(said)) => CheckLine::wrong(
            what,
            format!(
                "something else answers here ({said}); write another place in listen of [lmtp]"
            ),
        ),
        Err(error) => CheckLine::wrong(what, error.to_string()),
    }
}
