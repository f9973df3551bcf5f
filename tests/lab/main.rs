//! Does the make-believe AWS behave as the real one is documented to?
#![cfg(feature = "lab")]

mod client;
mod dns;
mod gateway;
mod scenarios;
mod signature;
mod transport;
