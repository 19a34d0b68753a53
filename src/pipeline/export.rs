//! A user is given all that is stored of them: as a file at an address of the gateway's own, where there are such files, else as
//! messages.
//!
//! The whole is an array of JSON, a row of it in a line, as in an export of the admin; so is each of several messages. The first part
//! says what the others are. What was chosen comes first and what there
//! is most of last, so that whatever does not fit is of the least interest. One user at a time is read, page by page.

use super::OwnFiles;
use crate::core::address::MailAddress;
use crate::core::id::OriginalId;
use crate::core::limits::{
    EXPORT_MESSAGE_OCTETS_MAX, EXPORT_MESSAGES_MAX, EXPORT_OCTETS_MAX, EXPORT_ROWS_AT_ONCE,
    WAITING_FOUND_MAX,
};
use crate::core::operation::{ExportedAs, ExportedData};
use crate::core::time::Timestamp;
use crate::smtp::{Queue, WaitingJob};
use crate::store::originals::Originals;
use crate::store::tables::{Record, RowPlace};
use crate::store::{Store, StoreError, transfer};
use futures::future::BoxFuture;
use jid::BareJid;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;

/// What stands around the lines of an array, in octets, and between two of them.
const AROUND_OCTETS: usize = 4;
const BETWEEN_OCTETS: usize = 2;
/// The file, as it is called.
const NAME: &str = "stanzamail.json";

type Page = Vec<(RowPlace, Record)>;
type Pages = Arc<
    dyn Fn(BareJid, Option<RowPlace>) -> BoxFuture<'static, Result<Page, StoreError>> + Send + Sync,
>;

/// Reads what is stored of a user. Cheap to clone.
#[derive(Clone)]
pub struct UserExporter {
    pages: Pages,
    own: Option<OwnFiles>,
    originals: Option<Arc<Originals>>,
    alone: Arc<Semaphore>,
    /// The last file of each user, which the next one takes the place of.
    last: Arc<Mutex<BTreeMap<BareJid, OriginalId>>>,
}

/// Lines, as many as fit.
#[derive(Default)]
struct ExportLines {
    all: Vec<String>,
    octets: usize,
    is_cut: bool,
}

impl ExportLines {
    /// False: there is no room any more.
    fn push(&mut self, line: String, limits: (usize, usize)) -> bool {
        let (octets_max, line_max) = limits;
        // Of a picture, which no message holds; what is behind it may fit.
        if line.len() > line_max {
            self.is_cut = true;
            return true;
        }
        let octets = self.octets.saturating_add(line.len()).saturating_add(2);
        if octets > octets_max {
            self.is_cut = true;
            return false;
        }
        self.octets = octets;
        self.all.push(line);
        true
    }
}

impl UserExporter {
    /// Of this store, and of what is kept beside it. The file lies at `own`, where there is one.
    pub fn of<S: Store>(
        store: &Arc<S>,
        originals: Option<Arc<Originals>>,
        own: Option<OwnFiles>,
    ) -> Self {
        let store = Arc::clone(store);
        let pages: Pages = Arc::new(move |user, after| {
            let store = Arc::clone(&store);
            Box::pin(async move {
                let after = after.as_ref();
                store.page_of(&user, after, EXPORT_ROWS_AT_ONCE).await
            })
        });
        Self {
            pages,
            own,
            originals,
            alone: Arc::new(Semaphore::new(1)),
            last: Arc::default(),
        }
    }

    /// One whose store never answers.
    #[cfg(test)]
    pub(super) fn hanging() -> Self {
        Self {
            pages: Arc::new(|_, _| Box::pin(std::future::pending())),
            own: None,
            originals: None,
            alone: Arc::new(Semaphore::new(1)),
            last: Arc::default(),
        }
    }

    fn last(&self) -> MutexGuard<'_, BTreeMap<BareJid, OriginalId>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever has a permit of this waits for no export, and none is made meanwhile.
    pub(super) fn alone(&self) -> Arc<Semaphore> {
        Arc::clone(&self.alone)
    }

    /// All of it. `None`: it cannot be read now.
    pub(super) async fn all(
        &self,
        user: &BareJid,
        (mail, about): (Option<&MailAddress>, &BTreeMap<&'static str, String>),
        queue: &Queue,
    ) -> Option<ExportedData> {
        // The semaphore is never closed.
        let _alone = self.alone.acquire().await;
        let now = Timestamp::now();
        let messages = EXPORT_MESSAGE_OCTETS_MAX.saturating_mul(EXPORT_MESSAGES_MAX);
        let limits = match &self.own {
            Some(own) => {
                // A bigger one would not be kept at all.
                let kept = usize::try_from(own.kept.octets_of_one()).unwrap_or(usize::MAX);
                let octets = kept.saturating_sub(AROUND_OCTETS).min(EXPORT_OCTETS_MAX);
                (octets, octets)
            }
            // Lines do not fill messages to their last octet.
            None => (
                messages / 2,
                EXPORT_MESSAGE_OCTETS_MAX.saturating_sub(AROUND_OCTETS),
            ),
        };
        let mut lines = ExportLines::default();
        let first = json!({"kind": "user", "user": user, "mail": mail, "at": now.to_xep0082(), "about": about});
        lines.push(first.to_string(), limits);
        let jobs = queue.of(user.clone()).await?;
        lines.is_cut = jobs.len() >= WAITING_FOUND_MAX;
        for job in jobs {
            lines.push(waiting(&job), limits);
        }
        self.kept(user, &mut lines, limits);
        if let Err(error) = self.rows(user, &mut lines, limits).await {
            tracing::warn!(%error, "what is stored of a user cannot be exported");
            return None;
        }
        tracing::info!(lines = lines.all.len(), "a user exports what is stored");
        Some(ExportedData {
            count: lines.all.len(),
            is_cut: lines.is_cut,
            told: self.told(user, lines.all, now).await?,
        })
    }

    async fn rows(
        &self,
        user: &BareJid,
        lines: &mut ExportLines,
        limits: (usize, usize),
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = (self.pages)(user.clone(), after).await?;
            after = page.last().map(|(place, _)| place.clone());
            for (_, record) in &page {
                // Every record can be written.
                let line = transfer::to_shown_line(record).unwrap_or_default();
                if !lines.push(line, limits) {
                    return Ok(());
                }
            }
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Where mails and files are that are kept, for who can fetch them; else how many.
    fn kept(&self, user: &BareJid, lines: &mut ExportLines, limits: (usize, usize)) {
        let files = self.own.as_ref().map(|own| &own.kept);
        let kept = [
            ("mail", "m", "", self.originals.as_ref()),
            ("file", "f", "/file", files),
        ];
        for (what, path, end, folder) in kept {
            let last = self.last().get(user).cloned();
            let ids = folder.map(|folder| folder.of_user(user));
            let mut ids = ids.unwrap_or_default();
            // It will be gone.
            ids.retain(|(id, _)| Some(id) != last.as_ref());
            let Some(own) = &self.own else {
                let line = json!({"kind": "kept", "what": what, "count": ids.len()});
                lines.push(line.to_string(), limits);
                continue;
            };
            for (id, until) in ids {
                let link = format!("{}/{path}/{}{end}", own.public_url, id.as_str());
                let until = until.to_xep0082();
                let line = json!({"kind": "kept", "what": what, "link": link, "until": until});
                lines.push(line.to_string(), limits);
            }
        }
    }

    async fn told(&self, user: &BareJid, lines: Vec<String>, now: Timestamp) -> Option<ExportedAs> {
        let Some(own) = &self.own else {
            return Some(ExportedAs::Messages(messages(&lines)));
        };
        let text = array(lines.iter().map(String::as_str));
        // Who has got hold of the address of one sees nothing of another.
        let about = format!("export {}", now.millis());
        let (id, link, until) = own.write(user, &about, (NAME, text.into_bytes())).await?;
        let before = self.last().insert(user.clone(), id.clone());
        if let Some(before) = before.filter(|before| *before != id) {
            own.kept.forget(&before);
        }
        Some(ExportedAs::Link { link, until })
    }
}

/// What waits, or is on its way: of a mail that can still change, also its lines.
fn waiting(WaitingJob { job, stage }: &WaitingJob) -> String {
    let to: Vec<String> = job.to.iter().map(MailAddress::for_people).collect();
    let lines = job.draft.iter().flat_map(|draft| &draft.lines);
    let lines: Vec<&str> = lines.map(|line| line.text.as_str()).collect();
    let line = json!({
        "kind": "waiting",
        "id": job.id,
        "to": to,
        "accepted": job.accepted.to_xep0082(),
        "attempts": job.attempts,
        "stage": format!("{stage:?}").to_lowercase(),
        "lines": lines,
    });
    transfer::tamed(&line.to_string())
}

/// Lines as few messages, each of which is an array, too.
fn messages(lines: &[String]) -> Vec<String> {
    let mut messages: Vec<Vec<&str>> = Vec::new();
    let mut octets = 0_usize;
    for line in lines {
        let more = octets
            .saturating_add(line.len())
            .saturating_add(BETWEEN_OCTETS);
        let fits = more.saturating_add(AROUND_OCTETS) <= EXPORT_MESSAGE_OCTETS_MAX;
        match messages.last_mut().filter(|_| fits) {
            Some(last) => {
                octets = more;
                last.push(line);
            }
            None => {
                octets = line.len();
                messages.push(vec![line]);
            }
        }
    }
    messages
        .into_iter()
        .map(|lines| array(lines.into_iter()))
        .collect()
}

fn array<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    format!("[\n{}\n]", lines.collect::<Vec<_>>().join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::traces::Gone;
    use crate::pipeline::Forgetter;
    use crate::smtp::SmtpConnector;
    use crate::smtp::fake::{Fake, Say};
    use crate::store::originals::{Folder, OriginalsLimits};
    use crate::store::spool::Spool;
    use std::time::Duration;
    use tokio::sync::{Notify, mpsc};
    use tokio_util::sync::CancellationToken;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    /// Whoever asks for an export, and at once to be forgotten.
    #[tokio::test]
    async fn an_export_that_is_made_while_its_user_is_forgotten_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let (spool, jobs) = Spool::open(dir.path()).unwrap();
        let (settle, _settles) = mpsc::channel(1);
        let connector = SmtpConnector::new(Fake::start(|_, _| Say::Hang).await.config()).unwrap();
        let (queue, runner) = Queue::start(connector, Arc::new(spool), jobs, DAY, settle);
        tokio::spawn(runner.run(CancellationToken::new()));
        let limits = OriginalsLimits {
            age: DAY,
            octets: 1_000_000,
        };
        let kept = Originals::of_folder(dir.path(), Folder::Files, limits).unwrap();
        let kept = Arc::new(kept);
        let (reads, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (is_read, waits) = (Arc::clone(&reads), Arc::clone(&goes_on));
        let exporter = UserExporter {
            pages: Arc::new(move |_, _| {
                let (reads, goes_on) = (Arc::clone(&is_read), Arc::clone(&waits));
                Box::pin(async move {
                    reads.notify_one();
                    goes_on.notified().await;
                    Ok(Vec::new())
                })
            }),
            own: Some(OwnFiles {
                kept: Arc::clone(&kept),
                public_url: "https://mail.a.example".to_owned(),
                key: [7; 32],
            }),
            originals: None,
            alone: Arc::new(Semaphore::new(1)),
            last: Arc::default(),
        };
        let folders = [None, Some(Arc::clone(&kept))];
        let (forgetter, mut steps) = Forgetter::of(queue.clone(), folders, exporter.alone());
        tokio::spawn(async move {
            while let Some(step) = steps.recv().await {
                step.answer(Gone {
                    is_all: true,
                    ..Gone::default()
                });
            }
        });
        let user = BareJid::new("alice@a.example").unwrap();
        let (of, at) = (user.clone(), queue.clone());
        let export =
            tokio::spawn(async move { exporter.all(&of, (None, &BTreeMap::new()), &at).await });
        reads.notified().await;
        let of = user.clone();
        let forgets = tokio::spawn(async move { forgetter.all(&of).await });
        tokio::time::sleep(Duration::from_millis(300)).await;
        goes_on.notify_one();
        assert!(export.await.unwrap().is_some());
        assert!(forgets.await.unwrap().is_some());
        assert_eq!(kept.count_of(&user), 0);
    }

    #[test]
    fn lines_fill_messages_and_never_more_than_there_may_be() {
        let limits = (
            EXPORT_MESSAGE_OCTETS_MAX * EXPORT_MESSAGES_MAX / 2,
            EXPORT_MESSAGE_OCTETS_MAX - AROUND_OCTETS,
        );
        for length in [10, 1_000, EXPORT_MESSAGE_OCTETS_MAX / 2 + 1, limits.1] {
            let mut lines = ExportLines::default();
            while lines.push(format!("\"{}\"", "x".repeat(length - 2)), limits) {}
            assert!(lines.is_cut);
            let messages = messages(&lines.all);
            assert!(messages.len() <= EXPORT_MESSAGES_MAX, "{length}");
            assert!(
                messages
                    .iter()
                    .all(|one| one.len() <= EXPORT_MESSAGE_OCTETS_MAX)
            );
            let each = messages
                .iter()
                .map(|one| serde_json::from_str::<Vec<String>>(one));
            let all: usize = each.map(|one| one.unwrap().len()).sum();
            assert_eq!(all, lines.all.len());
        }
        let mut lines = ExportLines::default();
        assert!(lines.push("x".repeat(limits.1 + 1), limits));
        assert!(lines.is_cut && lines.all.is_empty());
        assert!(lines.push("next".to_owned(), limits));
        assert_eq!(lines.all, ["next"]);
    }
}
