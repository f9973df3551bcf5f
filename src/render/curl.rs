//! The requests as curl commands, to be copied; nothing is sent.

use super::Clean;
use crate::plan::{AccessPath, Request, plan};
use crate::target::Target;
use std::fmt::{self, Display};

/// A comment and a command for each path; a path that lacks its input is a comment that says what to add.
pub fn curl<'a>(target: &'a Target, paths: &'a [AccessPath], request: &'a Request) -> impl Display + use<'a> {
    Commands { target, paths, request }
}

struct Commands<'a> {
    target: &'a Target,
    paths: &'a [AccessPath],
    request: &'a Request,
}

impl Display for Commands<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, path) in self.paths.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match plan(self.target, *path, self.request) {
                Ok(plan) => writeln!(f, "# {path}\n{}", Clean(&plan.curl()))?,
                Err(missing) => writeln!(f, "# {path} is not configured: {}", missing.hint())?,
            }
        }
        Ok(())
    }
}
