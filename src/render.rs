//! How is a report told? Pure: a report in, text out; one file a format, and nothing in them that a terminal takes for a command.

// the words, cells and pieces that more than one format is made of
mod cells;
mod clean;
mod phases;
mod request_id;
mod step;
mod words;

// the formats
mod block;
mod curl;
mod explain;
pub mod html;
mod json;
pub mod metrics;
mod nagios;
mod style;
mod text;
mod wrap;

pub use clean::Clean;
pub use curl::curl;
pub use explain::{explain, explain_all, explain_outcome};
pub use json::{JSON_SCHEMA, json, json_line, json_setup};
pub use metrics::prometheus;
pub use nagios::{Nagios, NagiosStatus, nagios, nagios_of_all};
pub use style::TextStyle;
pub use text::{setup, text};
