//! Does the real binary behave as its users expect? Run from outside, against the lab.

mod once;
mod readme;
mod serve;
mod side;
