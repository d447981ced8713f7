//! Pay-as-you-go: from a payment to light, as rules without any I/O.
//!
//! `keycode` turns hours or days into the digits that a device understands, and models the device; `pricing` turns money
//! into time; `reconcile` says what a provider's notice means; `indicators` computes what a portfolio is measured by.
//! Money is an integer in minor units; no clock is read here.

pub mod indicators;
pub mod keycode;
pub mod mobile_money;
pub mod money;
pub mod pricing;
pub mod reconcile;
pub mod reference;
