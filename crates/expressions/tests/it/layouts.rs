//! Writing and reading by layout.

use expressions::dates::{
    format_date, format_datetime, format_time, parse_datetime_layout, parse_time_layout,
};
use jiff::civil::{date, time};
use jiff::tz::TimeZone;

#[test]
fn moments_are_written_by_layout() {
    let zone = TimeZone::get("Africa/Nairobi").expect("Nairobi");
    let moment = date(2026, 3, 7).at(0, 4, 5, 678_901_234).to_zoned(zone).expect("exists");
    for (layout, language, expected) in [
        ("YYYY-MM-DD tt:mm:ss", "eng", "2026-03-07 00:04:05"),
        ("D/M/YY h:m:s aa", "eng", "7/3/26 12:4:5 am"),
        ("hh:mm AA", "eng", "12:04 AM"),
        ("EEEE, D MMMM", "eng", "Saturday, 7 March"),
        ("EEE D MMM", "fra", "sam. 7 mars"),
        ("EEEE D MMMM", "swa", "Jumamosi 7 Machi"),
        ("EEEE", "xyz", "Saturday"),
        ("ss.fff ss.ffffff ss.fffffffff", "eng", "05.678 05.678901 05.678901234"),
        ("YYYY-MM-DDTtt:mm:ssZ", "eng", "2026-03-07T00:04:05+03:00"),
        ("ZZZ", "eng", "+03:00"),
        ("t", "eng", "0"),
    ] {
        assert_eq!(format_datetime(&moment, layout, language).as_deref(), Ok(expected), "{layout}");
    }
    let utc = moment.with_time_zone(TimeZone::UTC);
    assert_eq!(format_datetime(&utc, "ZZZ Z", "eng").as_deref(), Ok("+00:00 Z"));
}

#[test]
fn layouts_refuse_what_is_not_there() {
    let said = |result: Result<String, expressions::dates::LayoutError>| result.map_err(|e| e.to_string());
    assert_eq!(
        said(format_date(date(2026, 3, 7), "DD tt", "eng")),
        Err("'tt' is not valid in a date formatting layout".into())
    );
    assert_eq!(
        said(format_time(time(1, 2, 3, 0), "DD", "eng")),
        Err("'DD' is not valid in a time formatting layout".into())
    );
    assert_eq!(
        said(format_date(date(2026, 3, 7), "YYYYY", "eng")),
        Err("'YYYYY' is not valid in a date formatting layout".into())
    );
    assert_eq!(said(format_date(date(-26, 3, 7), "YYYY", "eng")), Ok("-0026".into()));
}

#[test]
fn moments_are_read_by_layout() {
    let zone = TimeZone::get("Africa/Nairobi").expect("Nairobi");
    for (text, layout, expected) in [
        ("07/03/2026 04:05", "DD/MM/YYYY tt:mm", Ok("2026-03-07T01:05:00Z")),
        ("7-3-99", "D-M-YY", Ok("1999-03-06T21:00:00Z")),
        ("7-3-68 4pm", "D-M-YY haa", Ok("2068-03-07T13:00:00Z")),
        ("2026-03-07T10:00:00.25-02:00", "YYYY-MM-DDTtt:mm:ssZ", Ok("2026-03-07T12:00:00.25Z")),
        ("2026-02-30", "YYYY-MM-DD", Err("day out of range in '2026-02-30'")),
        ("2026-13-01", "YYYY-MM-DD", Err("cannot parse '-01' as 'MM'")),
        ("2026", "YYYY-MM", Err("cannot parse '' as '-'")),
        ("2026-03 and", "YYYY-MM", Err("cannot parse ' and' as ''")),
        ("March", "MMMM", Err("'MMMM' is not valid in a datetime parsing layout")),
    ] {
        let read = parse_datetime_layout(text, layout, &zone);
        let said = read.map(|moment| moment.timestamp().to_string()).map_err(|error| error.to_string());
        assert_eq!(said.as_deref().map_err(String::as_str), expected, "{text} by {layout}");
    }
    assert_eq!(parse_time_layout("2:05 pm", "h:mm aa"), Ok(time(14, 5, 0, 0)));
    assert_eq!(parse_time_layout("00:00:00.5", "tt:mm:ss"), Ok(time(0, 0, 0, 500_000_000)));
}
