//! Numbers as people read them.

/// 1234567 as "1,234,567".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A size in bytes: "12 bytes", "1.1 MB".
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let mut value = bytes as f64 / 1e3;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1e3;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration in seconds: "7 s", "3 min 20 s", "2 h 5 min".
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    let whole = seconds.round() as u64;
    match whole {
        0 => format!("{seconds:.1} s"),
        1..60 => format!("{whole} s"),
        60..3_600 => format!("{} min {} s", whole / 60, whole % 60),
        3_600..172_800 => format!("{} h {} min", whole / 3_600, whole % 3_600 / 60),
        _ => format!("{} days {} h", whole / 86_400, whole % 86_400 / 3_600),
    }
}

/// Three digits of a number that may be small: "0.00566".
pub fn significant(number: f64) -> String {
    let digits = 2.0 - number.abs().max(1e-12).log10().floor();
    format!("{number:.0$}", digits.clamp(0.0, 12.0) as usize)
}

/// "1 character", "2 characters", "1,234 characters".
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// Bytes in hexadecimal, lower case: hashes and keys.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_958_712, "1,958,712")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn sizes_and_durations() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(1_115_394), "1.1 MB");
        assert_eq!(size(999_999), "1.0 MB");
        assert_eq!(size(u64::MAX), "18446744.1 TB");
        assert_eq!(duration(0.25), "0.2 s");
        assert_eq!(duration(59.6), "1 min 0 s");
        assert_eq!(duration(7_500.0), "2 h 5 min");
        assert_eq!(duration(f64::INFINITY), "unknown");
    }

    #[test]
    fn small_numbers_keep_their_digits() {
        assert_eq!(significant(0.005_66), "0.00566");
        assert_eq!(significant(0.01), "0.0100");
        assert_eq!(significant(123.4), "123");
        assert_eq!(significant(0.0), "0.000000000000");
    }

    #[test]
    fn nouns_agree() {
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(1_200, "file"), "1,200 files");
    }
}
