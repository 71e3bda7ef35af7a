//! Who waits to be let in by a worker: few at once, few a second, and nobody so many that others find no place.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Strangers that may be at the door at the same time.
const MAX_WAITING: usize = 32;

/// Strangers that may come to it within [`WINDOW`], in all and from one origin. Each costs a handshake, and memory until its connection
/// is forgotten, which is some time after it was closed.
const MAX_COMERS: usize = 256;
const MAX_COMERS_PER_ORIGIN: usize = 128;

/// Strangers that are asked within [`WINDOW`] whether their address is theirs. If all were, they could come faster than they are asked.
const MAX_ASKED: usize = 4096;

const WINDOW: Duration = Duration::from_secs(1);

/// Who is at the door, each with a `T`.
#[derive(Debug)]
pub struct Queue<T> {
    places: Vec<Waiting<T>>,
    tickets: u64,
    comers: HashMap<IpAddr, usize>,
    asked: usize,
    counted_since: Instant,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    origin: IpAddr,
    who: T,
}

impl<T> Queue<T> {
    /// An empty one.
    pub fn new(now: Instant) -> Self {
        Self { places: Vec::new(), tickets: 0, comers: HashMap::new(), asked: 0, counted_since: now }
    }

    /// Whether somebody is to be asked now whether their address is theirs.
    pub fn asks(&mut self, now: Instant) -> bool {
        self.count_anew(now);
        self.asked += 1;
        self.asked <= MAX_ASKED
    }

    /// Whether somebody from `address` may come to the door now; they may try again.
    pub fn admits(&mut self, address: IpAddr, now: Instant) -> bool {
        self.count_anew(now);
        let all: usize = self.comers.values().sum();
        if all >= MAX_COMERS {
            return false;
        }
        let theirs = self.comers.entry(origin(address)).or_default();
        let admitted = *theirs < MAX_COMERS_PER_ORIGIN;
        *theirs += usize::from(admitted);
        admitted
    }

    fn count_anew(&mut self, now: Instant) {
        if now.duration_since(self.counted_since) >= WINDOW {
            self.counted_since = now;
            self.comers.clear();
            self.asked = 0;
        }
    }

    /// A number that nobody else has.
    pub fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// Gives a place. If all are taken, the newcomer gets that of whoever has been there longest of the origin with most places,
    /// who is returned: those who only stand there keep nobody out.
    pub fn enter(&mut self, ticket: u64, address: IpAddr, who: T) -> Option<T> {
        let place = Waiting { ticket, origin: origin(address), who };
        let displaced = if self.places.len() < MAX_WAITING { None } else { self.most_crowding() };
        let displaced = displaced.map(|index| self.places.remove(index).who);
        self.places.push(place);
        displaced
    }

    /// Frees a place.
    pub fn leave(&mut self, ticket: u64) {
        self.places.retain(|place| place.ticket != ticket);
    }

    fn most_crowding(&self) -> Option<usize> {
        let crowd = |place: &Waiting<T>| self.places.iter().filter(|other| other.origin == place.origin).count();
        // Of several the last in this order, which is the first in the queue.
        (0..self.places.len()).rev().max_by_key(|index| crowd(&self.places[*index]))
    }
}

/// What counts as one origin: an address, or the network that one customer of a provider has by IPv6.
fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn few_come_in_a_second_and_fewer_from_one_origin() {
        let began = Instant::now();
        let mut queue = Queue::<()>::new(began);
        let admitted =
            |queue: &mut Queue<()>, last, now| (0..1000).filter(|_| queue.admits(address(last), now)).count();
        assert_eq!(admitted(&mut queue, 1, began), MAX_COMERS_PER_ORIGIN);
        assert!(queue.admits(address(2), began), "another origin is not kept out");
        let all: usize = (3..=255).map(|last| admitted(&mut queue, last, began)).sum();
        assert_eq!(all, MAX_COMERS - MAX_COMERS_PER_ORIGIN - 1);
        assert!(queue.comers.len() <= MAX_COMERS, "origins are not kept without end");
        assert_eq!((0..2 * MAX_ASKED).filter(|_| queue.asks(began)).count(), MAX_ASKED);
        assert_eq!(admitted(&mut queue, 1, began + WINDOW), MAX_COMERS_PER_ORIGIN);
        assert!(queue.asks(began + WINDOW));
    }

    #[test]
    fn a_crowd_makes_room_for_others_and_for_its_own() {
        let mut queue = Queue::new(Instant::now());
        let mut enter = |last: u8| {
            let ticket = queue.ticket();
            queue.enter(ticket, address(last), (last, ticket))
        };
        assert_eq!(enter(7), None);
        for _ in 1..MAX_WAITING {
            assert_eq!(enter(1), None);
        }
        assert_eq!(enter(2), Some((1, 2)), "the oldest of the crowd, not the one who came first");
        assert_eq!(enter(1), Some((1, 3)));
        queue.leave(1);
        assert_eq!(queue.enter(1_000, address(3), (3, 0)), None, "a place was free");
        assert_eq!(queue.places.len(), MAX_WAITING);
    }

    #[test]
    fn an_origin_is_an_address_or_a_network() {
        let of = |text: &str| origin(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
