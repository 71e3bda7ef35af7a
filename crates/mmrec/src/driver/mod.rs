//! The one engine behind the command line and the page: commands in, events out.
//!
//! A shell calls [`Session::advance`] again and again; each call does one bounded piece of work (a training step, one batch of an
//! evaluation, one token of a sample) and returns what happened. Between calls the shell may do anything: draw, save, stop.

mod event;
mod probe;
mod rate_finder;
mod rehearsal;
mod session;
mod watch;

pub use event::Event;
pub use probe::probe;
pub use rate_finder::{RateFinder, Trial};
pub use rehearsal::{Rehearsed, compare, rehearse};
pub use session::Session;

pub use crate::progress::{Finish, PendingAction, Point, SaveKind};
