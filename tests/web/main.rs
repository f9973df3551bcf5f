//! Does the web side answer whoever may ask, and nobody else, however they behave? The real daemon, asked over real sockets.

mod client;
mod daemon;
#[path = "../support/address.rs"]
mod address;
#[path = "../support/service.rs"]
mod service;

mod control;
mod listen;
mod requests;
mod routes;
mod slow;
mod tls;
mod users;
