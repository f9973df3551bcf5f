//! The requests as curl commands, to be copied; nothing is sent.

use super::Clean;
use crate::plan::{Request, RowId, plan_row};
use crate::target::Target;
use std::fmt::{self, Display};

/// A comment and a command for each row; a path that lacks its input is a comment that says what to add.
pub fn curl<'a>(target: &'a Target, rows: &'a [RowId], request: &'a Request) -> impl Display + use<'a> {
    Commands { target, rows, request }
}

struct Commands<'a> {
    target: &'a Target,
    rows: &'a [RowId],
    request: &'a Request,
}

impl Display for Commands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match plan_row(self.target, row, self.request) {
                Ok(plan) => writeln!(f, "# {row}\n{}", Clean(&plan.curl()))?,
                Err(missing) => writeln!(f, "# {row} is not configured: {}", missing.hint())?,
            }
        }
        Ok(())
    }
}
