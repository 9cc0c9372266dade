//! Rule text: what is printed reads back, what people write is understood, and what is wrong is pointed at.

use kohort::Error;
use kohort::segment::{Predicate, Relative, Value, bucket, feature, segment};
use proptest::prelude::*;

use crate::predicates::predicate;

fn read(text: &str) -> Predicate {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What the error says, and where: its place has to be one of the text, or just behind it.
fn refused(text: &str) -> (u64, u64, String, String) {
    match text.parse::<Predicate>() {
        Err(Error::RuleText { line, column, problem, hint }) => {
            let written = text.split('\n').nth(usize::try_from(line - 1).unwrap());
            assert!(
                column >= 1 && column <= written.unwrap().chars().count() as u64 + 1,
                "{line}:{column} in {text:?}"
            );
            assert!(!problem.is_empty() && !hint.is_empty(), "{text}");
            assert!(problem.chars().count() < 200, "{problem}");
            (line, column, problem, hint)
        }
        Err(error) => panic!("{text}: {error}"),
        Ok(predicate) => panic!("{text} was read as {predicate}"),
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(predicate in predicate()) {
        let text = predicate.to_string();
        let again = text.parse::<Predicate>();
        prop_assert!(again.is_ok(), "{text}: {}", again.unwrap_err());
        let again = again.unwrap();
        // Text tells the sign of a zero, which equality does not.
        prop_assert_eq!(again.to_string(), text);
        prop_assert_eq!(again, predicate);
    }

    #[test]
    fn no_words_in_any_order_do_harm(words in prop::collection::vec(prop::sample::select(WORDS), 0..24), joint in prop::sample::select(vec![" ", "", "\n"])) {
        check_any(&words.join(joint));
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..60), text in any::<String>()) {
        check_any(&String::from_utf8_lossy(&bytes));
        check_any(&text);
    }

    #[test]
    fn no_slip_does_harm(predicate in predicate(), place in any::<prop::sample::Index>(), length in 0..4_usize, instead in prop::sample::select(WORDS)) {
        let letters: Vec<char> = predicate.to_string().chars().collect();
        let from = place.index(letters.len());
        let to = letters.len().min(from + length);
        let text: String = letters[..from].iter().copied().chain(instead.chars()).chain(letters[to..].iter().copied()).collect();
        check_any(&text);
    }
}

/// A text is a predicate that reads back when printed, or an error with its place.
fn check_any(text: &str) {
    if let Ok(predicate) = text.parse::<Predicate>() {
        assert!(predicate.depth() <= Predicate::MAX_DEPTH, "{text}");
        assert_eq!(read(&predicate.to_string()), predicate, "{text}");
    } else {
        refused(text);
    }
}

const WORDS: &[&str] = &[
    "a",
    "\"b c\"",
    "`d`",
    "AND",
    "or",
    "NOT",
    "(",
    ")",
    ",",
    ".",
    "=",
    "<>",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "&&",
    "||",
    "!",
    "+",
    "-",
    "*",
    "/",
    ";",
    "~",
    "1",
    "-0.5",
    "1e400",
    "9",
    "'x'",
    "'it''s'",
    "'%x_'",
    "'",
    "\"",
    "TRUE",
    "false",
    "NULL",
    "IS",
    "IN",
    "BETWEEN",
    "LIKE",
    "ILIKE",
    "ESCAPE",
    "'\\'",
    "AS_OF",
    "INTERVAL",
    "'90'",
    "'3 months'",
    "DAY",
    "MONTHS",
    "TIMESTAMP",
    "DATE",
    "'2026-01-31'",
    "PERCENTILE(",
    "TOP(",
    "BOTTOM(",
    "BUCKET(",
    "IN_SEGMENT(",
    "SCORE(",
    "ANNIVERSARY_IN_DAYS(",
    "ANNIVERSARY_THIS_MONTH(",
    "COUNT(",
    "EVENTS",
    "ORDERS",
    "WHERE",
    "WITHIN",
    "SUM(",
    "SEQUENCE(",
    "--",
    "/*",
    "*/",
    "\n",
    "ä",
    "€",
    "‘",
    "\u{0}",
    "$a$",
    "N'",
    "x'",
    "0x1",
    "1L",
    "?",
    "\u{a0}",
    "@",
    "#",
    "[",
    "{",
];

#[test]
fn what_people_write_is_understood() {
    let dk = || feature("country").eq("DK");
    let cases = [
        ("orders != 3", feature("orders").ne(3)),
        ("5 < orders", feature("orders").gt(5)),
        ("5 >= orders", feature("orders").le(5)),
        ("'DK' = country", dk()),
        ("-1 <> x", feature("x").ne(-1)),
        ("x <-1", feature("x").lt(-1)),
        ("x=-1e3", feature("x").eq(-1000)),
        ("x > +.5", feature("x").gt(0.5)),
        ("country NOT IN ('DK', 'NO')", feature("country").is_not_in(["DK", "NO"])),
        ("x not between 1 and 2 and y = 3", (!feature("x").between(1, 2)).and(feature("y").eq(3))),
        ("city not like '%ber%'", !feature("city").contains("ber")),
        ("city IS NOT NULL", feature("city").is_present()),
        ("Not city Is Null", !feature("city").is_missing()),
        ("consent AND orders > 3", feature("consent").is_yes().and(feature("orders").gt(3))),
        ("NOT consent OR (x)", (!feature("consent").is_yes()).or(feature("x").is_yes())),
        ("TRUE = consent", feature("consent").is_yes()),
        ("consent <> FALSE", feature("consent").ne(false)),
        ("((((country = 'DK'))))", dk()),
        ("country = 'DK' -- those\n /* a /* nested */ comment */", dk()),
        ("x = 1 OR y = 2 AND NOT z = 3", feature("x").eq(1).or(feature("y").eq(2).and(!feature("z").eq(3)))),
        ("(x = 1 OR y = 2) AND z", feature("x").eq(1).or(feature("y").eq(2)).and(feature("z").is_yes())),
        ("last_order >= DATE '2026-01-31'", feature("last_order").since("2026-01-31")),
        ("last_order > AS_OF - INTERVAL '90' DAYS", feature("last_order").gt(Relative::Days(-90))),
        ("last_order > as_of - interval '90 days'", feature("last_order").gt(Relative::Days(-90))),
        ("last_order > AS_OF - INTERVAL 2 week", feature("last_order").gt(Relative::Days(-14))),
        ("AS_OF + INTERVAL '1 year' > ends", feature("ends").lt(Relative::Months(12))),
        ("city LIKE 'Ber%'", feature("city").starts_with("Ber")),
        ("city LIKE '%lin'", feature("city").ends_with("lin")),
        ("city LIKE 'Berlin'", feature("city").eq("Berlin")),
        ("city ILIKE 'berlin'", feature("city").any_case().eq("berlin")),
        ("city LIKE '%'", feature("city").contains("")),
        ("city LIKE ''", feature("city").eq("")),
        ("code LIKE '50!%!_!!%' ESCAPE '!'", feature("code").starts_with("50%_!")),
        ("path LIKE 'c:\\%'", feature("path").starts_with("c:\\")),
        ("gross > percentile(99.5)", feature("gross").above_percentile(99.5)),
        ("TOP(10) <= gross", feature("gross").top(10)),
        ("bucket('salt') < 0.1 and in_segment('it''s')", bucket("salt").lt(0.1).and(segment("it's"))),
        (
            "score(1, a or b, -2, not c) >= -1",
            Predicate::score(
                [(1, feature("a").is_yes().or(feature("b").is_yes())), (-2, !feature("c").is_yes())],
                -1,
            ),
        ),
        (
            "\"Größe\" = 1 AND Größe = 2 AND `x y` = 3",
            feature("Größe").eq(1).and(feature("Größe").eq(2)).and(feature("x y").eq(3)),
        ),
        ("anniversary_in_days(birthday, 7)", feature("birthday").anniversary_in_days(7)),
        ("x IN ()", feature("x").is_in(Vec::<Value>::new())),
        ("true or false", Predicate::everyone().or(Predicate::no_one())),
        ("x = 'two\nlines'", feature("x").eq("two\nlines")),
        ("\u{a0}x\t=\r\n1 ", feature("x").eq(1)),
    ];
    for (text, predicate) in cases {
        assert_eq!(read(text), predicate, "{text}");
    }
}

#[test]
fn errors_point_at_the_place() {
    let cases: &[(&str, u64, u64, &str, &str)] = &[
        ("", 1, 1, "there is no condition in it", "for everyone write TRUE"),
        ("  \n-- nothing", 1, 1, "there is no condition in it", "for everyone write TRUE"),
        (
            "hello, world",
            1,
            6,
            "expected AND, OR or the end, found `,`",
            "join conditions by AND or OR; numbers have a decimal point, as in 1.5",
        ),
        (
            "SELECT * FROM customers WHERE orders > 3",
            1,
            8,
            "expected a comparison behind `SELECT`, found `*`",
            "give what stands behind WHERE, and nothing else",
        ),
        (
            "WHERE orders > 3",
            1,
            1,
            "expected a condition, found `WHERE`",
            "give what stands behind WHERE, and nothing else",
        ),
        (
            "orders > 3;",
            1,
            11,
            "expected AND, OR or the end, found `;`",
            "leave it out: a text is one predicate",
        ),
        (
            "orders >",
            1,
            9,
            "expected a value, found the end of the text",
            "a value is a number, 'a text', TRUE, FALSE, TIMESTAMP '2026-01-31' or AS_OF",
        ),
        (
            "orders > 3 AND",
            1,
            15,
            "expected a condition, found the end of the text",
            "a condition is like orders >= 3, country IN ('DK') or NOT consent",
        ),
        (
            "AND orders > 3",
            1,
            1,
            "expected a condition, found `AND`",
            "a condition is like orders >= 3, country IN ('DK') or NOT consent",
        ),
        (
            "orders > 3 orders < 5",
            1,
            12,
            "expected AND, OR or the end, found `orders`",
            "join conditions by AND or OR",
        ),
        ("orders == 3", 1, 8, "expected a comparison behind `orders`, found `==`", "write ="),
        ("a && b", 1, 3, "expected a comparison behind `a`, found `&&`", "write AND"),
        ("a || b", 1, 3, "expected a comparison behind `a`, found `||`", "write OR"),
        ("!a", 1, 1, "expected a condition, found `!`", "write NOT"),
        (
            "orders > 3\n  AND city = NULL",
            2,
            14,
            "expected a value, found NULL, which nothing equals",
            "write IS NULL",
        ),
        ("city <> NULL", 1, 9, "expected a value, found NULL, which nothing equals", "write IS NOT NULL"),
        ("NULL = city", 1, 1, "expected a condition, found `NULL`", "write IS NULL behind a feature"),
        (
            "x IN (1, NULL)",
            1,
            10,
            "expected a value, found NULL, which nothing equals",
            "write OR … IS NULL behind the list",
        ),
        ("(a = 1 OR b = 2", 1, 1, "this has no closing parenthesis", "end it with )"),
        ("a = 1)", 1, 6, "`)` closes nothing", "leave it out, or open it before"),
        (
            "()",
            1,
            2,
            "expected a condition, found `)`",
            "a condition is like orders >= 3, country IN ('DK') or NOT consent",
        ),
        (
            "a = (1)",
            1,
            5,
            "expected a value, found `(`",
            "a value is a number, 'a text', TRUE, FALSE, TIMESTAMP '2026-01-31' or AS_OF",
        ),
        (
            "NOT",
            1,
            4,
            "expected a condition, found the end of the text",
            "a condition is like orders >= 3, country IN ('DK') or NOT consent",
        ),
        (
            "a = 'unfinished",
            1,
            5,
            "a text has no closing quote",
            "end it with ', and write one that is part of it as ''",
        ),
        (
            "a = 1\n AND \"unfinished",
            2,
            6,
            "a name has no closing quote",
            "end it with the quote it begins with",
        ),
        ("a = 1 /* unfinished", 1, 7, "a comment has no end", "end it with */"),
        (
            "a IN ('DK', 'NO'",
            1,
            17,
            "expected `,` or `)`, found the end of the text",
            "write IN ('DK', 'NO')",
        ),
        ("a IN 'DK'", 1, 6, "expected `(`, found the text 'DK'", "write IN ('DK', 'NO')"),
        ("a IN ('DK' 'NO')", 1, 12, "expected `,` or `)`, found the text 'NO'", "write IN ('DK', 'NO')"),
        (
            "country = DK",
            1,
            11,
            "expected a value, found `DK`",
            "a text stands in single quotes, as in 'DK'; features are not compared with each other",
        ),
        (
            "country = \"DK\"",
            1,
            11,
            "expected a value, found the name \"DK\"",
            "a text stands in single quotes, as in 'DK'; features are not compared with each other",
        ),
        (
            "a = b",
            1,
            5,
            "expected a value, found `b`",
            "a text stands in single quotes, as in 'DK'; features are not compared with each other",
        ),
        (
            "1 = 1",
            1,
            5,
            "expected the name of a feature, found the number 1",
            "for everyone write TRUE, and FALSE for no one",
        ),
        (
            "1",
            1,
            2,
            "expected a comparison behind a value, found the end of the text",
            "a condition compares a feature with a value, as in orders >= 3",
        ),
        (
            "'x'",
            1,
            4,
            "expected a comparison behind a value, found the end of the text",
            "a condition compares a feature with a value, as in orders >= 3",
        ),
        (
            "a > 1e999",
            1,
            5,
            "1e999 is beyond what a number can be",
            "write one that is less than 1e308 in size",
        ),
        (
            "a > 1,5",
            1,
            6,
            "expected AND, OR or the end, found `,`",
            "join conditions by AND or OR; numbers have a decimal point, as in 1.5",
        ),
        (
            "a > 1.5.2",
            1,
            8,
            "expected AND, OR or the end, found the number .2",
            "join conditions by AND or OR",
        ),
        (
            "1 < a < 5",
            1,
            7,
            "expected AND, OR or the end, found `<`",
            "compare one feature with one value; 1 < x < 5 is x > 1 AND x < 5",
        ),
        (
            "a * 2 > 5",
            1,
            3,
            "expected a comparison behind `a`, found `*`",
            "arithmetic has no place in a rule; make it a feature and compare that",
        ),
        (
            "a + b > 5",
            1,
            3,
            "expected a comparison behind `a`, found `+`",
            "arithmetic has no place in a rule; make it a feature and compare that",
        ),
        (
            "a = 2 * 3",
            1,
            7,
            "expected AND, OR or the end, found `*`",
            "arithmetic has no place in a rule; make it a feature and compare that",
        ),
        ("a ~ 'x'", 1, 3, "expected a comparison behind `a`, found `~`", "write LIKE"),
        (
            "a REGEXP 'x'",
            1,
            3,
            "expected a comparison behind `a`, found `REGEXP`",
            "a text is matched by LIKE, with % at the beginning, at the end or both",
        ),
        (
            "a SIMILAR TO 'x'",
            1,
            3,
            "expected a comparison behind `a`, found `SIMILAR`",
            "a text is matched by LIKE, with % at the beginning, at the end or both",
        ),
        (
            "a LIKE '%a%b%'",
            1,
            8,
            "the pattern '%a%b%' has a `%` in its middle, which rules do not have",
            "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'",
        ),
        (
            "a LIKE 'a_b'",
            1,
            8,
            "the pattern 'a_b' has a `_`, for any one letter, which rules do not have",
            "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'",
        ),
        (
            "a LIKE 'a' ESCAPE 'xy'",
            1,
            19,
            "'xy' cannot take the meaning of a sign away",
            "write one sign that is neither % nor _, as in ESCAPE '\\'",
        ),
        (
            "a LIKE '\\a' ESCAPE '\\'",
            1,
            8,
            "the pattern '\\a' has an escape before a letter that needs none",
            "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'",
        ),
        (
            "a LIKE 5",
            1,
            8,
            "expected a pattern in single quotes, found the number 5",
            "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'",
        ),
        (
            "a NOT 5",
            1,
            7,
            "expected IN, LIKE, ILIKE or BETWEEN, found the number 5",
            "a whole condition is negated by NOT before it",
        ),
        (
            "a IS TRUE",
            1,
            6,
            "expected NULL, found `TRUE`",
            "write IS NULL or IS NOT NULL; other values are compared by = and <>",
        ),
        (
            "a IS NOT DISTINCT FROM 3",
            1,
            10,
            "expected NULL, found `DISTINCT`",
            "write IS NULL or IS NOT NULL; other values are compared by = and <>",
        ),
        (
            "LOWER(city) = 'x'",
            1,
            1,
            "there is no function `LOWER`",
            "a text in any letter case is matched by ILIKE",
        ),
        (
            "COALESCE(a, 0) > 1",
            1,
            1,
            "there is no function `COALESCE`",
            "a missing value is asked for by IS NULL, as in (x IS NULL OR x < 3)",
        ),
        (
            "ANNIVERSARY_THIS_MONT(birthday)",
            1,
            1,
            "there is no function `ANNIVERSARY_THIS_MONT`",
            "did you mean ANNIVERSARY_THIS_MONTH?",
        ),
        (
            "foo(bar)",
            1,
            1,
            "there is no function `foo`",
            "there are ACTIVE_PERIODS, ANNIVERSARY_IN_DAYS, ANNIVERSARY_THIS_MONTH, AVG, BOTTOM, BUCKET, COUNT, FIRST_TIME, IN_SEGMENT, LAST_TIME, MAX, MIN, PERCENTILE, SCORE, SEQUENCE, SUM, TIMESTAMP, DATE, TOP",
        ),
        ("gross > PERCENTILE(101)", 1, 20, "101 is no percentile", "write a number from 0 to 100"),
        ("gross > TOP(0)", 1, 13, "expected a number of customers, found 0", "write 1 or more"),
        (
            "gross > TOP(1.5)",
            1,
            13,
            "expected a number of customers, found 1.5",
            "write a whole number, neither with a point nor a huge one",
        ),
        (
            "gross >= TOP 10",
            1,
            10,
            "expected a value, found `TOP`",
            "write TOP(1000), BOTTOM(1000) or PERCENTILE(90)",
        ),
        (
            "last_order > NOW()",
            1,
            14,
            "there is no function `NOW`",
            "the moment of the table is AS_OF, and 90 days before it AS_OF - INTERVAL '90' DAY",
        ),
        (
            "last_order > CURRENT_DATE - INTERVAL '9' DAY",
            1,
            14,
            "expected a value, found `CURRENT_DATE`",
            "the moment of the table is AS_OF, and 90 days before it AS_OF - INTERVAL '90' DAY",
        ),
        (
            "last_order > AS_OF - 90",
            1,
            22,
            "expected INTERVAL, found the number 90",
            "write AS_OF - INTERVAL '90' DAY, or MONTH",
        ),
        (
            "last_order > AS_OF - INTERVAL '90'",
            1,
            35,
            "expected DAY or MONTH, found the end of the text",
            "write AS_OF - INTERVAL '90' DAY, or MONTH",
        ),
        (
            "last_order > AS_OF - INTERVAL '90' HOUR",
            1,
            31,
            "an interval has no unit `hour`",
            "write DAY, WEEK, MONTH or YEAR",
        ),
        (
            "last_order > AS_OF - INTERVAL '-90' DAY",
            1,
            31,
            "'-90' is no interval",
            "write AS_OF - INTERVAL '90' DAY, or MONTH",
        ),
        (
            "last_order > AS_OF - INTERVAL '9999999999' DAY",
            1,
            31,
            "'9999999999' is no interval",
            "write AS_OF - INTERVAL '90' DAY, or MONTH",
        ),
        (
            "last_order > AS_OF - INTERVAL '1' MONTH - INTERVAL '1' DAY",
            1,
            41,
            "expected AND, OR or the end, found `-`",
            "arithmetic has no place in a rule; make it a feature and compare that",
        ),
        (
            "last_order > INTERVAL '1' MONTH",
            1,
            14,
            "expected a value, found `INTERVAL`",
            "write AS_OF - INTERVAL '90' DAY, or MONTH",
        ),
        (
            "last_order > TIMESTAMP '2026-13-01'",
            1,
            24,
            "'2026-13-01' is no date",
            "write TIMESTAMP '2026-01-31' or TIMESTAMP '2026-01-31 18:30'",
        ),
        (
            "last_order > DATE 2026",
            1,
            14,
            "expected a value, found `DATE`",
            "write TIMESTAMP '2026-01-31' or TIMESTAMP '2026-01-31 18:30'",
        ),
        (
            "SCORE(10, a, 5, b) > 3",
            1,
            20,
            "expected `>=`, found `>`",
            "write SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12",
        ),
        (
            "SCORE(10, a, 5) >= 3",
            1,
            15,
            "expected `,`, found `)`",
            "write SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12",
        ),
        ("SCORE(a, 10) >= 3", 1, 7, "expected points, found `a`", "write digits, as in 12 or -0.5"),
        (
            "SCORE(1.5, a) >= 3",
            1,
            7,
            "expected points, found 1.5",
            "write a whole number, neither with a point nor a huge one",
        ),
        (
            "SCORE(99999999999, a) >= 3",
            1,
            7,
            "expected points, found 99999999999",
            "write a whole number, neither with a point nor a huge one",
        ),
        ("SCORE(1, a, 2, b >= 3", 1, 1, "this has no closing parenthesis", "end it with )"),
        (
            "3 <= SCORE(1, a)",
            1,
            6,
            "SCORE has no place here",
            "values such as PERCENTILE(90) stand behind a comparison, conditions such as SCORE(…) >= 12 alone",
        ),
        (
            "BUCKET(salt) < 1",
            1,
            8,
            "expected a salt, found `salt`",
            "names of segments and buckets stand in single quotes, as in IN_SEGMENT('vip')",
        ),
        (
            "BUCKET('salt')",
            1,
            15,
            "expected a comparison behind BUCKET('salt'), found the end of the text",
            "write =, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS NULL",
        ),
        (
            "IN_SEGMENT(vip)",
            1,
            12,
            "expected the name of a segment, found `vip`",
            "names of segments and buckets stand in single quotes, as in IN_SEGMENT('vip')",
        ),
        (
            "count > 3",
            1,
            1,
            "expected a condition, found `count`",
            "write \"count\" if it is the name of a feature",
        ),
        (
            "\"\" > 3",
            1,
            1,
            "expected a condition, found the name \"\"",
            "a condition is like orders >= 3, country IN ('DK') or NOT consent",
        ),
        (
            "orders.gross > 3",
            1,
            7,
            "expected a comparison behind `orders`, found `.`",
            "put a name that has a point in it in double quotes",
        ),
        ("a BETWEEN 1 5", 1, 13, "expected AND, found the number 5", "write BETWEEN 1 AND 5"),
        ("a BETWEEN 1, 5", 1, 12, "expected AND, found `,`", "write BETWEEN 1 AND 5"),
        (
            "(a) > 5",
            1,
            5,
            "expected AND, OR or the end, found `>`",
            "compare one feature with one value; 1 < x < 5 is x > 1 AND x < 5",
        ),
        ("a = ‘DK’", 1, 5, "expected a value, found `‘`", "texts stand in straight quotes, as in 'DK'"),
        (
            "größe > 3 UND x",
            1,
            11,
            "expected AND, OR or the end, found `UND`",
            "join conditions by AND or OR",
        ),
        (
            "a = 'DK' OR 'NO'",
            1,
            17,
            "expected a comparison behind a value, found the end of the text",
            "a condition compares a feature with a value, as in orders >= 3",
        ),
        ("a = ?", 1, 5, "expected a value, found `?`", "write the value itself"),
        (
            "CASE WHEN a THEN 1 END",
            1,
            6,
            "expected a comparison behind `CASE`, found `WHEN`",
            "points for conditions are SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12",
        ),
        (
            "a = 1 and\n\n   b = = 2",
            3,
            8,
            "expected a value, found `=`",
            "compare one feature with one value; 1 < x < 5 is x > 1 AND x < 5",
        ),
        (
            "a = N'x'",
            1,
            5,
            "expected a value, found `N'x'`",
            "a value is a number, 'a text', TRUE, FALSE, TIMESTAMP '2026-01-31' or AS_OF",
        ),
        (
            "a = 5L",
            1,
            5,
            "expected a value, found `5L`",
            "a value is a number, 'a text', TRUE, FALSE, TIMESTAMP '2026-01-31' or AS_OF",
        ),
    ];
    for (text, line, column, problem, hint) in cases {
        let found = refused(text);
        assert_eq!(
            (found.0, found.1, found.2.as_str(), found.3.as_str()),
            (*line, *column, *problem, *hint),
            "{text}"
        );
    }
}

#[test]
fn what_is_too_long_or_too_deep_is_refused_at_its_place() {
    let depth = Predicate::MAX_DEPTH;
    let deep =
        |open: &str, close: &str, levels| format!("{}a = 1{}", open.repeat(levels), close.repeat(levels));
    for (open, close) in [("(", ")"), ("NOT ", ""), ("NOT (", ")"), ("(b OR ", ")"), ("SCORE(1, ", ") >= 1")]
    {
        let levels = if open == "NOT (" { depth / 2 } else { depth };
        assert!(deep(open, close, levels).parse::<Predicate>().is_ok(), "{open}");
        let found = refused(&deep(open, close, levels + 1));
        assert_eq!((found.0, found.1), (1, (open.len() * levels) as u64 + 1), "{open}");
        assert!(found.2.contains(&format!("at most {depth}")) && found.3.contains("IN_SEGMENT"), "{found:?}");
        // As many as a text can hold.
        refused(&deep(open, close, 1_000_000 / (open.len() + close.len())));
    }
    // Each of these parentheses has two levels.
    assert!(deep("(b OR c AND ", ")", depth / 2).parse::<Predicate>().is_ok());
    let found = refused(&deep("(b OR c AND ", ")", depth - 2));
    assert!(found.2.starts_with(&format!("what begins here has {} levels", depth + 2)), "{found:?}");
    for text in ["(".repeat(1_000_000), ")".repeat(1_000_000), "NOT ".repeat(250_000), "'".repeat(999_999)] {
        refused(&text);
    }
    let chain = vec!["a = 1"; 100_000].join(" AND ");
    assert_eq!(read(&chain).to_string(), chain);

    let long = format!("ä = '\n{}", "x".repeat(1 << 20));
    let found = refused(&long);
    assert_eq!((found.0, found.1), (2, (1 << 20) - "ä = '\n".len() as u64 + 1));
    assert!(found.2.contains("1048583 bytes"), "{found:?}");
    assert_eq!(refused(&format!("ä = {}", "x".repeat(1 << 19))).1, 5);
}
