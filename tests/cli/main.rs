//! Does the real binary behave as its users expect? Run from outside, against the lab.

mod once;
mod serve;
mod side;
