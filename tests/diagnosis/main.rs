//! Is what was seen explained rightly, and no surer than it can be? Rounds are built, broken in one thing, and diagnosed.

mod answer;
mod answers;
mod captured;
mod contrast;
mod filter;
mod ipv6;
mod names;
mod opened;
mod properties;
mod reach;
mod round;
mod second_opinion;
mod table;
