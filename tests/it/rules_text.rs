//! Rule text: what is printed reads back, what people write is understood, and what is wrong is pointed at.

use kohort::features::{Behaviour, Number, Same};
use kohort::segment::rules::{did, regular};
use kohort::segment::{Predicate, Relative, Value, bucket, feature, segment};
use kohort::{Attribute, Error, Window};
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
fn behaviours_are_understood() {
    let clicks = || Behaviour::events(["clicked"]);
    let shoes = || Behaviour::orders().only(Attribute::Category, ["shoes"]);
    let cases = [
        (
            "count(events where kind = 'clicked' within '30d') >= 3",
            did(clicks().within(Window::days(30))).at_least(3),
        ),
        ("0 = COUNT(EVENTS WHERE kind IN ('clicked'))", did(clicks()).never()),
        (
            "COUNT(EVENTS WHERE kind = 'clicked' AND value BETWEEN 1 AND 2.5) > 1 AND orders > 2",
            did(clicks().at_least(1.0).at_most(2.5)).gt(1).and(feature("orders").gt(2)),
        ),
        (
            "SUM(ORDERS.gross WHERE category != 'x' WITHIN '60d_30d') > 100",
            did(Behaviour::orders()
                .except(Attribute::Category, ["x"])
                .within(Window::days_ago(60, 30))
                .sum(Number::Gross))
            .gt(100),
        ),
        ("avg( LINES . \"paid\" ) < 5", did(Behaviour::lines().average(Number::Paid)).lt(5)),
        ("MAX(EVENTS.value) > 5", did(Behaviour::any_event().max()).gt(5)),
        ("last_time(orders) IS NULL", did(Behaviour::orders().last_time()).is_missing()),
        (
            "ANNIVERSARY_IN_DAYS(FIRST_TIME(ORDERS), 7)",
            did(Behaviour::orders().first_time()).anniversary_in_days(7),
        ),
        ("ACTIVE_PERIODS(ORDERS WHERE category = 'shoes', 6, '30d') >= 5", regular(shoes(), 5, 6, 30)),
        (
            "SEQUENCE(EVENTS WHERE kind = 'clicked' WITHIN '90d', ORDERS WHERE category = 'shoes', '7d', same product) > 0",
            did(clicks().within(Window::days(90)).then_same(Same::Product, shoes(), 7)).gt(0),
        ),
    ];
    for (text, predicate) in cases {
        assert_eq!(read(text), predicate, "{text}");
    }
}

/// Each block: the text, the place and what is wrong there, what to write instead.
#[test]
fn errors_point_at_the_place() {
    let blocks = include_str!("../fixtures/rule_text_errors.txt").trim_end().split("\n\n");
    let mut checked = 0;
    for block in blocks {
        let (text, expected): (Vec<&str>, Vec<&str>) = block.lines().partition(|line| line.starts_with('>'));
        let text = text.iter().map(|line| line.get(2..).unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let (line, column, problem, hint) = refused(&text);
        assert_eq!([format!("{line}:{column} {problem}"), hint], *expected, "{text}");
        checked += 1;
    }
    assert!(checked > 100);
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
