//! `my address`: by which mail address others reach the user.

use super::{Answer, Call, Command, Values, texts};
use crate::core::decide::decider::Stop;
use crate::core::decide::lookup;

#[derive(Debug)]
pub(super) struct OwnAddress;

impl Command for OwnAddress {
    fn name(&self) -> &'static str {
        "my-address"
    }

    fn run(&self, call: &Call<'_>, _values: &Values) -> Result<Answer, Stop> {
        let mail = lookup::user_mail(call.decider, &call.user())?;
        Ok(Answer::says(texts::own_address(
            call.language(),
            &mail.for_people(),
        )))
    }
}
