//! Is what was seen explained rightly, and no surer than it can be? Rounds are built, broken in one thing, and diagnosed.

mod addresses;
mod answer;
mod answers;
mod captured;
mod catalogue;
mod contrast;
mod experiment;
mod filter;
mod http_api;
mod ipv6;
mod lost_type;
mod masked;
mod names;
mod opened;
mod proof;
mod properties;
mod reach;
mod round;
mod second_opinion;
mod setup;
mod signed;
mod steps;
mod table;
mod todo;
mod ways;
mod weighing;
