//! Numbers and times in writing.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What stands where there is no number.
pub const NONE: &str = "–";

/// A whole number with a comma after every three digits.
pub fn thousands(number: f64) -> String {
    let digits = format!("{:.0}", number.max(0.0));
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A figure with at least three digits that mean something; [`NONE`] for what is no number.
pub fn figure(number: f64) -> String {
    let decimals = match number.abs() {
        size if !size.is_finite() => return NONE.to_string(),
        size if size >= 1000.0 => return thousands(number),
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 0.1 || size == 0.0 => 3,
        size if size >= 0.001 => 4,
        _ => 6,
    };
    format!("{number:.decimals$}")
}

/// A number for an axis: as short as it goes, such as `0.5`, `20`, `1,000` or, from ten thousand on, `80k`.
pub fn short(number: f64) -> String {
    let scaled = |by: f64, unit: &str| {
        let digits = format!("{:.2}", number / by);
        format!(
            "{}{unit}",
            digits.trim_end_matches('0').trim_end_matches('.')
        )
    };
    match number.abs() {
        size if size >= 1e9 => scaled(1e9, "G"),
        size if size >= 1e6 => scaled(1e6, "M"),
        size if size >= 1e4 => scaled(1e3, "k"),
        size if size >= 1e3 => thousands(number),
        size if size >= 0.01 || size == 0.0 => scaled(1.0, ""),
        // The shortest digits that make the same number.
        _ => format!("{number}"),
    }
}

/// Names in a sentence, the first five of them: `SET, GET and 3 more`.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match (more, shown.split_last()) {
        (1.., _) => format!("{} and {more} more", shown.join(", ")),
        (0, Some((last, others @ [_, ..]))) => format!("{} and {last}", others.join(", ")),
        _ => shown.concat(),
    }
}

/// A count with its noun: `1 test`, `3 tests`.
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(count as f64))
}

/// A throughput; `None` in no time.
pub fn per_second(replies: u64, time: Duration) -> Option<f64> {
    (time > Duration::ZERO).then(|| replies as f64 / time.as_secs_f64())
}

/// The median; `None` of nothing.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some(f64::midpoint(lower, upper))
}

/// Seconds since 1970, negative before.
pub fn unix_seconds(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// A time in UTC as ISO 8601 has it, to the millisecond: `2026-11-21T13:38:00.250Z`.
pub fn utc(time: SystemTime) -> String {
    let millis = (unix_seconds(time) * 1e3).round() as i64;
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
    let milli = of_day % 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The date that is so many days after 1970-01-01, in the Gregorian calendar.
///
/// Years are taken to begin in March: then the leap day is the last of its year, and the months' lengths
/// follow one rule (153 days in every five months).
fn date(days: i64) -> (i64, i64, i64) {
    const DAYS_OF_400_YEARS: i64 = 146_097;
    // 1970-01-01 is this many days after 0000-03-01.
    let days = days.saturating_add(719_468);
    let (era, day) = (
        days.div_euclid(DAYS_OF_400_YEARS),
        days.rem_euclid(DAYS_OF_400_YEARS),
    );
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let march_based = (5 * day + 2) / 153;
    let day = day - (153 * march_based + 2) / 5 + 1;
    let month = if march_based < 10 {
        march_based + 3
    } else {
        march_based - 9
    };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

/// A time as long as a test takes: `0.83 s`, `75.0 s`.
pub fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let decimals = if seconds < 10.0 { 2 } else { 1 };
    format!("{seconds:.decimals$} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        let cases = [
            (0.0, "0"),
            (999.4, "999"),
            (1000.0, "1,000"),
            (1_234_567.0, "1,234,567"),
        ];
        for (number, text) in cases {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn figures_keep_three_digits() {
        let cases = [
            (0.0, "0.000"),
            (0.000_016, "0.000016"),
            (0.0163, "0.0163"),
            (0.6125, "0.613"),
            (12.345, "12.35"),
            (123.45, "123.5"),
            (59_999.0, "59,999"),
            (f64::NAN, NONE),
            (f64::INFINITY, NONE),
        ];
        for (number, text) in cases {
            assert_eq!(figure(number), text);
        }
    }

    #[test]
    fn axis_numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.0001, "0.0001"),
            (0.05, "0.05"),
            (0.5, "0.5"),
            (20.0, "20"),
            (1000.0, "1,000"),
            (80_000.0, "80k"),
            (1_250_000.0, "1.25M"),
        ];
        for (number, text) in cases {
            assert_eq!(short(number), text);
        }
    }

    #[test]
    fn lists_read_as_sentences() {
        let names = |count: usize| -> Vec<String> { (0..count).map(|n| n.to_string()).collect() };
        let cases = [
            (0, ""),
            (1, "0"),
            (2, "0 and 1"),
            (3, "0, 1 and 2"),
            (7, "0, 1, 2, 3, 4 and 2 more"),
        ];
        for (count, text) in cases {
            assert_eq!(listed(&names(count)), text);
        }
        assert_eq!(counted(1, "test"), "1 test");
        assert_eq!(counted(1200, "test"), "1,200 tests");
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_798_761_599_250, "2026-12-31T23:59:59.250Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (millis, text) in cases {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_millis(millis)), text);
        }
        let before = UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(utc(before), "1969-12-31T23:59:59.000Z");
    }
}
