//! How long training took, without what interrupted it.

/// A pace this many times slower than the one before …
const SLOWER: f64 = 3.0;
/// … and by this many seconds in all is an interruption: the process was stopped, the machine or the tab slept. Clocks tell neither.
const GAP: f64 = 1.0;

/// Counts the seconds of training steps.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Seconds a step at last.
    pace: Option<f64>,
    /// Whether the last count left something out.
    doubted: bool,
}

impl Watch {
    /// The seconds to count for `steps` steps that took `elapsed` by the clock. After an interruption they count as those before
    /// them did; a pace that stays slow is believed.
    pub fn count(&mut self, elapsed: f64, steps: u64) -> f64 {
        let steps = steps.max(1) as f64;
        let usual = self.pace.map(|pace| pace * steps);
        let gap = usual.filter(|usual| !self.doubted && elapsed > SLOWER * usual && elapsed - usual > GAP);
        self.doubted = gap.is_some();
        let counted = gap.unwrap_or(elapsed);
        self.pace = Some(counted / steps);
        counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_sleep_is_no_training() {
        let mut watch = Watch::default();
        assert_eq!(watch.count(0.5, 1), 0.5);
        assert_eq!(watch.count(3_600.5, 1), 0.5);
        assert_eq!(watch.count(0.6, 1), 0.6);
        assert_eq!(watch.count(3_606.0, 10), 6.0, "of several steps that were read at once");
    }

    #[test]
    fn a_machine_that_became_slow_is_believed() {
        let mut watch = Watch::default();
        let counted = [0.5, 20.0, 20.0, 21.0].map(|elapsed| watch.count(elapsed, 1));
        assert_eq!(counted, [0.5, 0.5, 20.0, 21.0]);
        assert_eq!([0.01, 0.4].map(|elapsed| watch.count(elapsed, 1)), [0.01, 0.4], "a hiccup counts");
    }
}
