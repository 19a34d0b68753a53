//! Whose address one is, for who asks before a mail is taken. Beside the loop: nothing is decided by it.

use crate::core::context::{Context, Missing};
use crate::core::decide::{Decider, lookup};
use crate::core::settings::Settings;
use crate::core::time::Timestamp;
use crate::inbound::RecipientQuery;
use crate::panics;
use crate::store::Store;
use jid::BareJid;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Answers until nobody asks any more. Where the store fails there is no answer: it ends the gateway by itself.
pub async fn answer_recipients<S: Store>(
    settings: watch::Receiver<Settings>,
    store: Arc<S>,
    mut asked: mpsc::Receiver<RecipientQuery>,
) {
    while let Some(one) = asked.recv().await {
        let of_now = settings.borrow().clone();
        if let Some(user) = user_of(&of_now, &*store, &one).await {
            // Who has asked may have given up.
            let _ = one.answer.send(user);
        }
    }
}

async fn user_of<S: Store>(
    settings: &Settings,
    store: &S,
    asked: &RecipientQuery,
) -> Option<Option<BareJid>> {
    let mut context = Context::new();
    loop {
        let look = || {
            lookup::user_of(
                Decider::new(settings, &context, Timestamp::now()),
                &asked.address,
            )
        };
        let needs = match panics::caught(look).ok()? {
            Ok(user) => return Some(user),
            Err(Missing(needs)) => needs,
        };
        let rows = store.load(&needs).await.ok()?;
        for (need, row) in needs.into_iter().zip(rows) {
            context.insert(need, row);
        }
    }
}
