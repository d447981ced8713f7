//! Every function of the library in at least one example. `!` marks the message of an error.

use std::collections::BTreeSet;

use expressions::Library;

use crate::world::render;

const EXAMPLES: &[(&str, &str)] = &[
    // numbers
    ("abs(-4.5)", "4.5"),
    ("max(3, \"12\", 7)", "12"),
    ("min(3, 12, -7)", "-7"),
    ("min()", "!error calling min(...): need at least 1 argument(s), got 0"),
    ("mean(1, 2, 2)", "1.6666666666666667"),
    ("mod(17, 5)", "2"),
    ("mod(17, 0)", "!error calling mod(...): division by zero"),
    ("number(\" 007.50 \")", "7.5"),
    ("number(\"seven\")", "!error calling number(...): unable to convert \"seven\" to a number"),
    ("percent(0.255)", "26%"),
    ("round(2.345, 2)", "2.35"),
    ("round(1250, -2)", "1300"),
    ("round_up(2.1)", "3"),
    ("round_up(-2.1)", "-2"),
    ("round_down(2.9)", "2"),
    ("round_down(-2.1)", "-3"),
    ("sum(array(1, 2.5, \"3\"))", "6.5"),
    ("rand()", "0.125"),
    ("rand_between(1, 8)", "2"),
    // texts
    ("char(66)", "B"),
    ("clean(\"a\\tb\\nc\")", "abc"),
    ("code(\"Baba\")", "66"),
    ("code(\"\")", "!error calling code(...): requires a string of at least one character"),
    ("lower(\"HABARI Ünal\")", "habari ünal"),
    ("upper(\"habari straße\")", "HABARI STRAßE"),
    ("title(\"mary o'neil-KAMAU x_y\")", "Mary O'Neil-Kamau X_y"),
    ("read_chars(\"2541\")", "2 5 4 1"),
    ("read_chars(\"072345\")", "0 7 2 , 3 4 5"),
    ("read_chars(\"07234\")", "0 , 7 , 2 , 3 , 4"),
    ("repeat(\"ha\", 3)", "hahaha"),
    ("repeat(\"ha\", -1)", "!error calling repeat(...): must be called with a positive integer, got -1"),
    (
        "repeat(\"abc\", 3334)",
        "!error calling repeat(...): cannot build a string longer than 10000 characters",
    ),
    ("replace(\"moja mbili moja\", \"moja\", \"tatu\")", "tatu mbili tatu"),
    ("replace(\"moja mbili moja\", \"moja\", \"tatu\", 1)", "tatu mbili moja"),
    ("replace(\"ab\", \"\", \"-\")", "-a-b-"),
    ("text(1.50)", "1.5"),
    ("text_compare(\"a\", \"b\")", "-1"),
    ("text_length(\"añö👍\")", "4"),
    ("text_slice(\"Kisumu\", 1, 3)", "is"),
    ("text_slice(\"Kisumu\", -3)", "umu"),
    ("text_slice(\"Kisumu\", 0, -4)", "Ki"),
    ("text_slice(\"Kisumu\", 9)", ""),
    ("trim(\"  x \")", "x"),
    ("trim_left(\"--x--\", \"-\")", "x--"),
    ("trim_right(\"--x--\", \"-\")", "--x"),
    // words
    ("field(\"a,,c\", 2, \",\")", "c"),
    ("field(\"a  b   c\", 2, \" \")", "c"),
    ("field(\"a,b\", 5, \",\")", ""),
    ("field(\"a,b\", -1, \",\")", "!error calling field(...): cannot use a negative index"),
    ("remove_first_word(\"join, the club\")", "the club"),
    ("remove_first_word(\"join\")", ""),
    ("split(\"one two,three\")", "[one, two, three]"),
    ("split(\"1|2\", \"|\")", "[1, 2]"),
    ("word(\"one two three\", 1)", "two"),
    ("word(\"one two three\", -1)", "three"),
    ("word(\"one\", 3)", "!error calling word(...): index 3 is out of range for the number of words 1"),
    ("word_count(\"it's 3 words\")", "3"),
    ("word_slice(\"one two three four\", 1, 3)", "two three"),
    (
        "word_slice(\"one two\", 1, 1)",
        "!error calling word_slice(...): must have a end which is greater than the start",
    ),
    ("regex_match(\"order 66 now\", \"(\\w+) (\\d+)\", 2)", "66"),
    ("regex_match(\"x\", \"(\")", "!error calling regex_match(...): invalid regular expression"),
    // logic
    ("and(true, 1, \"yes\")", "true"),
    ("or(false, 0, \"\")", "false"),
    ("boolean(\"FALSE\")", "false"),
    ("default(\"\", \"none\")", "none"),
    ("default(1 / 0, \"none\")", "none"),
    ("default(fields.age, 18)", "29"),
    ("if(fields.age >= 18, \"adult\", 1 / 0)", "adult"),
    ("is_error(1 / 0)", "true"),
    // dates
    ("date(\"5.3.2026\")", "2026-03-05"),
    ("date_from_parts(2026, 2, 30)", "2026-03-02"),
    (
        "date_from_parts(2026, 13, 1)",
        "!error calling date_from_parts(...): invalid value for month, must be 1-12",
    ),
    ("datetime(\"5.3.2026 14:05\")", "2026-03-05T14:05:00.000000+03:00"),
    ("datetime_add(\"31.1.2026\", 1, \"M\")", "2026-03-03T00:00:00.000000+03:00"),
    ("datetime_add(\"2026-03-05T10:00:00Z\", -90, \"m\")", "2026-03-05T08:30:00.000000Z"),
    ("datetime_diff(\"1.1.2026 23:00\", \"3.1.2026 01:00\", \"D\")", "2"),
    ("datetime_diff(\"1.1.2026 23:00\", \"3.1.2026 01:00\", \"h\")", "26"),
    ("datetime_diff(\"31.12.2025\", \"1.1.2026\", \"Y\")", "1"),
    ("datetime_from_epoch(1.5)", "1970-01-01T03:00:01.500000+03:00"),
    ("epoch(\"1970-01-02T00:00:00.250000Z\")", "86400.25"),
    ("format_date(\"2026-03-05\")", "05-03-2026"),
    ("format_date(\"2026-03-05\", \"EEEE D MMM YYYY\")", "Thursday 5 Mar 2026"),
    ("format_datetime(\"2026-03-05T08:30:00Z\")", "05-03-2026 11:30"),
    ("format_datetime(\"2026-03-05T08:30:00Z\", \"h:mm aa\", \"Asia/Kolkata\")", "2:00 pm"),
    (
        "format_datetime(\"2026-03-05T08:30:00Z\", \"h:mm aa\", \"asia/kolkata\")",
        "!error calling format_datetime(...): unknown time zone asia/kolkata",
    ),
    ("format_datetime(\"2026-03-05T08:30:00Z\", \"tt:mm Z\", \"\")", "08:30 Z"),
    ("format_time(\"14:05\", \"h:mm aa\")", "2:05 pm"),
    ("legacy_add(\"5.3.2026\", 2)", "2026-03-07T00:00:00.000000+03:00"),
    ("legacy_add(2, 3)", "5"),
    ("now()", "2026-03-05T11:30:00.250000+03:00"),
    ("today()", "2026-03-05"),
    ("parse_datetime(\"3/5/26 7am\", \"M/D/YY haa\")", "2026-03-05T07:00:00.000000+03:00"),
    ("parse_time(\"7:05 pm\", \"h:mm aa\")", "19:05:00.000000"),
    ("replace_time(\"5.3.2026 14:05\", \"7:30\")", "2026-03-05T07:30:00.000000+03:00"),
    ("time(\"7 pm\")", "19:00:00.000000"),
    ("time(24)", "00:00:00.000000"),
    ("time_from_parts(6, 5, 4)", "06:05:04.000000"),
    (
        "time_from_parts(24, 0, 0)",
        "!error calling time_from_parts(...): invalid value for hour, must be 0-23",
    ),
    ("tz(\"5.3.2026\")", "Africa/Nairobi"),
    ("tz_offset(\"5.3.2026\")", "+0300"),
    ("week_number(\"2026-01-04\")", "2"),
    ("weekday(\"2026-03-08\")", "0"),
    // arrays
    ("array(1, \"two\", true)", "[1, two, true]"),
    ("concat(array(1), array(2, 3))", "[1, 2, 3]"),
    ("contains(array(1, 2), 2)", "true"),
    ("contains(array(1, 2), \"2\")", "false"),
    ("count(array(1, 2))", "2"),
    ("count(\"text\")", "!error calling count(...): value isn't countable"),
    ("filter(array(1, 2, 3, 4), (n) => n > 2)", "[3, 4]"),
    ("foreach(array(\"a\", \"b\"), upper)", "[A, B]"),
    ("foreach(array(\"a b\", \"c d\"), word, 1)", "[b, d]"),
    ("foreach(array(1, 2), (a) => foreach(array(10, 20), (b) => a * b))", "[[10, 20], [20, 40]]"),
    ("join(array(1, 2, 3), \"-\")", "1-2-3"),
    ("reverse(array(1, 2))", "[2, 1]"),
    ("slice(array(1, 2, 3), 1)", "[2, 3]"),
    ("slice(array(1, 2, 3), 0, -1)", "[1, 2]"),
    ("sort(array(3, 1, 2))", "[1, 2, 3]"),
    ("sort(array(3, \"1\"))", "!error calling sort(...): can't sort array of different types"),
    ("unique(array(1, 2, 1))", "[1, 2]"),
    // objects
    ("extract(results.mood, \"Value\")", "fine"),
    ("extract_object(object(\"a\", 1, \"b\", 2), \"b\", \"c\")", "{b: 2, c: }"),
    ("foreach_value(object(\"a\", \"x\"), upper)", "{a: X}"),
    ("json(object(\"b\", 1, \"a\", array(true, null)))", "{\"a\":[true,null],\"b\":1}"),
    ("keys(object(\"b\", 1, \"a\", 2))", "[a, b]"),
    ("object(\"a\")", "!error calling object(...): requires an even number of arguments"),
    ("parse_json(\"{\\\"a\\\": [1.50, 2e3]}\").a", "[1.5, 2000]"),
    ("parse_json(\"{a}\")", "!error calling parse_json(...): invalid JSON"),
    // formats
    ("attachment_parts(\"image/jpeg:https://example.org/a.jpg\").content_type", "image/jpeg"),
    ("attachment_parts(\"https://example.org/a.jpg\").url", "https://example.org/a.jpg"),
    ("format(1234567.5)", "1,234,567.5"),
    ("format(array(1000, today()))", "1,000, 05-03-2026"),
    ("format(object(\"a\", 1, \"b\", true))", "a: 1\nb: true"),
    ("format_location(fields.clinic)", "Ahero"),
    ("format_number(1234.567, 1)", "1,234.6"),
    ("format_number(1234.567, 1, false)", "1234.6"),
    ("format_urn(\"tel:+254712345678\")", "0712 345678"),
    ("format_urn(\"telegram:123#akinyi\")", "akinyi"),
    (
        "format_urn(\"nobody\")",
        "!error calling format_urn(...): nobody is not a valid URN: path cannot be empty",
    ),
    ("html_decode(\"Fish &amp; chips &#8364;5\")", "Fish & chips €5"),
    ("url_encode(\"a b&c/d~é\")", "a%20b%26c%2Fd~%C3%A9"),
    ("urn_parts(\"tel:+254712345678\").path", "+254712345678"),
    ("prompt(\"greet\", \"Akinyi\")", "Greet Akinyi"),
    ("prompt(\"scold\")", "!error calling prompt(...): unknown LLM prompt scold"),
];

#[test]
fn examples() {
    for (expression, expected) in EXAMPLES {
        assert_eq!(render(&format!("@({expression})")), *expected, "{expression}");
    }
}

#[test]
fn every_function_has_an_example() {
    let shown: BTreeSet<&str> =
        EXAMPLES.iter().filter_map(|(expression, _)| expression.split('(').next()).collect();
    let missing: Vec<&str> =
        Library::standard().iter().map(|builtin| builtin.name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
