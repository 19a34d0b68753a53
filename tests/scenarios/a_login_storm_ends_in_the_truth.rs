//! Forty users log in at once, each with ten contacts on three other systems: no more than three mails for each of them,
//! and when half of them have left again, everybody elsewhere is shown who is there and who is not.

use super::storm::{Size, Storm};
use std::time::Duration;

const USERS: usize = 40;

#[tokio::test]
async fn with_three_mails_for_each_user() {
    let mut storm = Storm::brewing(Size {
        users: USERS,
        contacts: 10,
        people: 4,
        config: "[presence]\ndebounce = \"2s\"\nspacing = \"4s\"\n".to_owned(),
        patience: Duration::from_secs(40),
    })
    .await;

    let coming = storm.all_log_in().await;
    assert_eq!(coming.mails, 3 * USERS);
    let going = storm.half_leave().await;
    assert_eq!(going.mails, 3 * storm.changed());
    storm.is_remembered().await;
    // What everybody has seen left after all that might have left besides.
    let all = storm.quartet.left(&storm.quartet.a).len();
    assert_eq!(all, coming.mails + going.mails);
}
