//! Is what was seen explained rightly, and no surer than it can be? Rounds are built, broken in one thing, and diagnosed.

mod answer;
mod answers;
mod captured;
mod names;
mod properties;
mod reach;
mod round;
mod table;
