//! How a decision is asked for: until it has the rows that it needs.

use super::{Fatal, Pipeline};
use crate::core::context::{Context, Missing, Need};
use crate::panics;
use crate::store::Store;

/// Why nothing was decided.
pub(super) enum Undecided {
    /// By a defect of the gateway, which concerns nothing but what was decided about: what the panic said.
    Defect(String),
    /// The gateway ends.
    Fatal(Fatal),
}

impl From<Fatal> for Undecided {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

/// Why a decision that was asked for once is not there.
pub(super) enum Unanswered {
    /// These rows have to be loaded first.
    Rows(Vec<Need>),
    /// It failed by a defect: what the panic said.
    Defect(String),
}

/// What was decided; what takes its place where that failed by a defect.
pub(super) fn or_by_defect<T>(
    decided: Result<T, Undecided>,
    otherwise: impl FnOnce(String) -> T,
) -> Result<T, Fatal> {
    match decided {
        Ok(decided) => Ok(decided),
        Err(Undecided::Defect(why)) => Ok(otherwise(why)),
        Err(Undecided::Fatal(fatal)) => Err(fatal),
    }
}

impl<S: Store> Pipeline<S> {
    /// Asks a decision until it has all the rows that it needs.
    pub(super) async fn decided<T>(
        &self,
        context: &mut Context,
        decide: impl Fn(&Context) -> Result<T, Missing>,
    ) -> Result<T, Undecided> {
        loop {
            match Self::ask(context, &decide) {
                Ok(decided) => return Ok(decided),
                Err(Unanswered::Defect(why)) => return Err(Undecided::Defect(why)),
                Err(Unanswered::Rows(needs)) => self.load(context, needs).await?,
            }
        }
    }

    pub(super) fn ask<T>(
        context: &mut Context,
        decide: &impl Fn(&Context) -> Result<T, Missing>,
    ) -> Result<T, Unanswered> {
        let asked = context.ask(|context| match panics::caught(|| decide(context)) {
            Ok(decided) => decided.map(Ok),
            // A defect that shows only while rows are missing is none: nobody hears of it.
            Err(why) => Ok(Err(why)),
        });
        let decided = asked.map_err(Unanswered::Rows)?;
        decided.map_err(Unanswered::Defect)
    }

    pub(super) async fn load(&self, context: &mut Context, needs: Vec<Need>) -> Result<(), Fatal> {
        if needs.is_empty() {
            return Ok(());
        }
        let rows = self.store.load(&needs).await?;
        for (need, row) in needs.into_iter().zip(rows) {
            context.insert(need, row);
        }
        Ok(())
    }
}
