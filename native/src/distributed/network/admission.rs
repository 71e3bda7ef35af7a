//! A worker's door: whoever reaches its port may come to it, and only those who have the token get in. Until then nothing is read
//! but a few bytes, nobody stays for more than seconds, and there is room for few at once.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use iroh::endpoint::{Connection, Incoming, IncomingAddr};
use sha2::{Digest, Sha256};
use tokio::task::AbortHandle;

use super::queue::Queue;
use super::shared_secret::{CREDENTIAL, SharedSecret};
use super::transport;
use crate::terminal::output::note;

/// How long one may take to show the token, from the first packet on.
const INTRODUCTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Those who are refused are told of no more often than this: they would fill what the notes are written to.
const NOTE_INTERVAL: Duration = Duration::from_secs(10);

/// Lets in those who have the token of a worker.
pub struct Admission {
    /// Digests are compared: how long that takes tells nothing about the credential.
    expected: [u8; 32],
    queue: Mutex<Queue<AbortHandle>>,
    refused: Mutex<Refused>,
}

impl Admission {
    /// Lets in those who have `token`.
    pub fn new(token: &SharedSecret) -> Arc<Self> {
        Arc::new(Self {
            expected: Sha256::digest(token.credential()).into(),
            queue: Mutex::new(Queue::new(Instant::now())),
            refused: Mutex::default(),
        })
    }

    /// Has somebody come to the door, and calls `welcome` if they get in.
    pub fn receive(
        self: &Arc<Self>,
        incoming: Incoming,
        welcome: impl FnOnce(Connection, SocketAddr) + Send + 'static,
    ) {
        let IncomingAddr::Ip(from) = incoming.remote_addr() else { return incoming.ignore() };
        let now = Instant::now();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !incoming.remote_addr_validated() {
            return if queue.asks(now) { ask(incoming) } else { incoming.ignore() };
        }
        if !queue.admits(from.ip(), now) {
            return incoming.ignore();
        }
        let ticket = queue.ticket();
        let admission = self.clone();
        let visit = tokio::spawn(async move {
            let shown = tokio::time::timeout(INTRODUCTION_TIMEOUT, admission.introduction(incoming)).await;
            admission.queue.lock().unwrap_or_else(PoisonError::into_inner).leave(ticket);
            match shown {
                Ok(Some(connection)) => welcome(connection, from),
                _ => admission.refuse(from),
            }
        });
        if let Some(displaced) = queue.enter(ticket, from.ip(), visit.abort_handle()) {
            displaced.abort();
        }
    }

    /// The connection of somebody who has shown the token.
    async fn introduction(&self, incoming: Incoming) -> Option<Connection> {
        // Awaiting the handshake's end would have the endpoint remember every stranger's key. So what they show is awaited, which
        // can only come after that end.
        let arriving = incoming.accept().ok()?.into_0rtt();
        let mut stream = arriving.accept_uni().await.ok()?;
        let mut shown = [0; CREDENTIAL];
        stream.read_exact(&mut shown).await.ok()?;
        if Sha256::digest(shown)[..] != self.expected {
            arriving.close(transport::REFUSED, b"this is not the worker's token");
            return None;
        }
        let connection = arriving.handshake_completed().await.ok()?;
        transport::lift_limits(&connection);
        Some(connection)
    }

    fn refuse(&self, from: SocketAddr) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = refused.tell(from, Instant::now()) {
            note(&text);
        }
    }
}

/// Has somebody come back with what the answer holds, which they get if their address is theirs. Nothing is kept of them until then.
fn ask(incoming: Incoming) {
    if let Err(asked_before) = incoming.retry() {
        asked_before.into_incoming().ignore();
    }
}

/// Who was refused and not told of yet.
#[derive(Debug, Default)]
struct Refused {
    told: Option<Instant>,
    untold: u64,
}

impl Refused {
    /// What is to be said of one who is refused at `now`.
    fn tell(&mut self, from: SocketAddr, now: Instant) -> Option<String> {
        if self.told.is_some_and(|told| now.duration_since(told) < NOTE_INTERVAL) {
            self.untold += 1;
            return None;
        }
        self.told = Some(now);
        let others = match std::mem::take(&mut self.untold) {
            0 => String::new(),
            untold => format!(", and so were {untold} others before"),
        };
        Some(format!("refused {from}: it does not have this worker's token, or broke off{others}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_are_told_of_now_and_then() {
        let mut refused = Refused::default();
        let from = SocketAddr::from(([192, 0, 2, 1], 7));
        let began = Instant::now();
        assert_eq!(
            refused.tell(from, began).as_deref(),
            Some("refused 192.0.2.1:7: it does not have this worker's token, or broke off")
        );
        for _ in 0..1000 {
            assert_eq!(refused.tell(from, began), None);
        }
        let later = refused.tell(from, began + NOTE_INTERVAL).expect("told again");
        assert!(later.ends_with("and so were 1000 others before"), "{later}");
        assert!(!refused.tell(from, began + 2 * NOTE_INTERVAL).expect("told again").contains("others"));
    }
}
