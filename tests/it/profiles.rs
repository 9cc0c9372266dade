//! Profiles from rows and columns: what is read, what is missing, what is refused, and what a report says of it.

use std::collections::BTreeMap;

use kohort::features::Column;
use kohort::profiles::{
    DuplicateIds, FieldType, ProfileField, ProfileKind, ProfileSchema, ProfileSchemaBuilder, ProfileValue,
    SpecialCategory,
};
use kohort::transaction::{CustomerIds, IdColumn, RejectReason, Strictness, TimeFormat};
use kohort::{
    Bitmap, Category, CustomerId, Error, FeatureTable, IdKind, Join, ProfileReport, ProfileTable, Values,
    Zone,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

const DAY: i64 = 86_400_000_000;

fn field(name: &str, kind: ProfileKind, values: FieldType) -> ProfileField {
    ProfileField::new(name, kind, values)
}

/// A field of every type.
fn builder() -> ProfileSchemaBuilder {
    ProfileSchema::builder("customer")
        .field(field("income", ProfileKind::Demographic, FieldType::Number))
        .field(field("children", ProfileKind::Demographic, FieldType::Whole))
        .field(field("region", ProfileKind::Geographic, FieldType::Category))
        .field(field("asked", ProfileKind::Attitude, FieldType::Date))
        .field(field("likes", ProfileKind::Attitude, FieldType::Score { lowest: -5.0, highest: 5.0 }))
        .field(field("mail", ProfileKind::Consent, FieldType::Flag))
}

fn schema() -> ProfileSchema {
    builder().build().unwrap()
}

/// A table of rows, each an id and its values as texts.
fn of_texts(schema: &ProfileSchema, rows: &[(&str, [&str; 6])]) -> kohort::Result<ProfileTable> {
    let mut builder = ProfileTable::builder(schema);
    for (id, texts) in rows {
        builder.push(*id, texts.map(ProfileValue::from))?;
    }
    builder.build()
}

/// All fields of a customer, as text.
fn told(profiles: &ProfileTable, id: &str) -> Vec<String> {
    let told = profiles.table().customer(&id.into()).unwrap();
    told.into_iter().map(|(_, text)| text).collect()
}

#[test]
fn texts_are_read_as_what_their_fields_are() {
    let schema = builder().missing_texts(["NA", "?"]).build().unwrap();
    let profiles = of_texts(
        &schema,
        &[
            ("ben", ["58138.5", "2.0", " Ulm ", "2024-03-01", "-5", "Yes"]),
            ("ada", ["NA", "", "?", "", "NA", " "]),
            ("cem", ["1e3", "-3", "NA?", "2024-03-01 12:00", "4.5", "NEIN"]),
            ("dea", ["inf", "2.5", "Bonn", "2024-02-30", "5.01", "maybe"]),
            ("eve", ["12,5", "two", "Bonn", "yesterday", "-6", "2"]),
        ],
    )
    .unwrap();
    assert_eq!(profiles.table().ids().iter().map(|id| id.to_string()).collect::<String>(), "adabencemdeaeve");
    assert_eq!(told(&profiles, "ben"), ["58138.5", "2", "Ulm", "2024-03-01T00:00:00Z", "-5", "1"]);
    assert_eq!(told(&profiles, "ada"), [""; 6]);
    assert_eq!(told(&profiles, "cem"), ["1000", "-3", "NA?", "2024-03-01T12:00:00Z", "4.5", "0"]);
    assert_eq!(told(&profiles, "dea"), ["", "", "Bonn", "", "", ""]);
    assert_eq!(told(&profiles, "eve"), ["", "", "Bonn", "", "", ""]);

    let report = profiles.report();
    assert!(report.balances());
    assert_eq!((report.rows_read, report.rows_kept, report.rows_rejected()), (5, 5, 0));
    for name in ["income", "children", "asked", "likes", "mail"] {
        let field = report.field(name).unwrap();
        assert_eq!((field.present, field.missing), (2, 3), "{name}");
        assert_eq!((field.unreadable.rows, field.unreadable.first_rows.as_slice()), (2, &[4_u64, 5][..]));
    }
    assert_eq!(report.field("likes").unwrap().unreadable.example, "`5.01`");
    assert_eq!(report.field("region").unwrap().unreadable.rows, 0);
    assert_eq!(report.field("likes").unwrap().coverage(), Some(0.4));
}

#[test]
fn numbers_and_flags_are_taken_as_they_are() {
    let mut rows = ProfileTable::builder(&schema());
    let values = |income: f64, children: ProfileValue, mail: ProfileValue| {
        [income.into(), children, 7_i64.into(), ProfileValue::Time(DAY), 1_i64.into(), mail]
    };
    rows.push("ada", values(-0.0, 3.0.into(), true.into())).unwrap();
    rows.push("ben", values(f64::NAN, 3.5.into(), 0_i64.into())).unwrap();
    rows.push("cem", values(f64::INFINITY, true.into(), 0.5.into())).unwrap();
    rows.push("dea", values(1.0, 1e300.into(), None::<bool>.into())).unwrap();
    let profiles = rows.build().unwrap();
    assert_eq!(told(&profiles, "ada"), ["0", "3", "7", "1970-01-02T00:00:00Z", "1", "1"]);
    assert_eq!(told(&profiles, "ben")[0..2], ["", ""]);
    assert_eq!((told(&profiles, "ben")[5].as_str(), told(&profiles, "cem")[5].as_str()), ("0", ""));
    let unreadable: Vec<u64> = profiles.report().fields.iter().map(|field| field.unreadable.rows).collect();
    assert_eq!(unreadable, [1, 3, 0, 0, 0, 1], "NaN is missing, infinity no number");
}

#[test]
fn dates_are_read_in_the_zone_and_form_of_the_schema() {
    let schema = builder()
        .zone(Zone::named("Europe/Berlin").unwrap())
        .time_format(TimeFormat::Pattern("%d.%m.%Y".into()))
        .build()
        .unwrap();
    let profiles = of_texts(&schema, &[("ada", ["", "", "", "01.07.2024", "", ""])]).unwrap();
    assert_eq!(told(&profiles, "ada")[3], "2024-06-30T22:00:00Z");
}

#[test]
fn rows_without_a_usable_id_are_counted_and_in_strict_mode_an_error() {
    let none = [const { ProfileValue::Missing }; 6];
    let numbers = builder().customer_ids(IdKind::Number).build().unwrap();
    let mut rows = ProfileTable::builder(&numbers);
    for id in [CustomerId::from(7), "9".into(), "x9".into(), "".into(), " 11 ".into()] {
        rows.push(id, none.clone()).unwrap();
    }
    rows.push(12, none[..3].to_vec()).unwrap();
    let profiles = rows.build().unwrap();
    assert_eq!(profiles.table().ids(), &CustomerIds::numbers(vec![7, 9, 11]).unwrap());
    let report = profiles.report();
    assert!(report.balances());
    let rejected = &report.rejected[&RejectReason::MissingCustomer];
    assert_eq!((rejected.rows, rejected.first_rows.as_slice()), (2, &[3_u64, 4][..]));
    assert_eq!(rejected.example, "`x9`");
    assert_eq!(report.rejected[&RejectReason::Ragged].first_rows, [6]);

    let strict = builder().strictness(Strictness::Stop).build().unwrap();
    let mut rows = ProfileTable::builder(&strict);
    rows.push(12, none.clone()).unwrap();
    let stopped = rows.push("", none.clone());
    assert!(matches!(stopped, Err(Error::Rejected { row: 2, reason: RejectReason::MissingCustomer, .. })));
    rows.push("ada", none).unwrap();
    assert_eq!(rows.build().unwrap().report().rows_read, 3, "the builder stays usable");
}

#[test]
fn duplicates_are_an_error_that_names_the_customer_or_the_latest_wins() {
    let row = |date, region| ["", "", region, date, "", ""];
    let rows = [
        ("ben", row("2024-05-01", "Ulm")),
        ("ada", row("2024-05-02", "Bonn")),
        ("ben", row("2024-06-01", "Jena")),
        ("ada", row("", "Köln")),
        ("ada", row("2024-05-02", "Aachen")),
    ];
    let refused = of_texts(&schema(), &rows);
    assert!(matches!(refused, Err(Error::DuplicateCustomer { customer }) if customer == "ada"));

    let latest = builder().duplicates(DuplicateIds::Latest("asked".into())).build().unwrap();
    let profiles = of_texts(&latest, &rows).unwrap();
    // Of two rows of one day the greater stays, whichever was read first.
    assert_eq!((told(&profiles, "ada")[2].as_str(), told(&profiles, "ben")[2].as_str()), ("Bonn", "Jena"));
    assert_eq!((profiles.report().superseded, profiles.report().rows_kept), (3, 2));
    assert!(profiles.report().balances());
    let levels = profiles.table().category("region").unwrap().levels().clone();
    assert_eq!(levels.iter().collect::<Vec<_>>(), ["Bonn", "Jena"], "what gave way is gone");
    let backwards: Vec<_> = rows.iter().rev().copied().collect();
    assert_eq!(of_texts(&latest, &backwards).unwrap(), profiles);
}

#[test]
fn a_schema_that_cannot_be_is_refused() {
    let score = |lowest, highest| FieldType::Score { lowest, highest };
    let other = |name: &str, values| builder().field(field(name, ProfileKind::Attitude, values));
    let consent = builder().field(field("phone", ProfileKind::Consent, FieldType::Category));
    let pattern = TimeFormat::Pattern("%H:%M".into());
    for (builder, expected) in [
        (ProfileSchema::builder("customer"), "field"),
        (
            ProfileSchema::builder(" ").field(field("age", ProfileKind::Demographic, FieldType::Whole)),
            "customer",
        ),
        (other(" ", FieldType::Whole), "field"),
        (builder().field(field("age", ProfileKind::Demographic, FieldType::Whole).column("")), "field"),
        (other("mark", score(1.0, 1.0)), "field"),
        (other("mark", score(f64::NAN, 1.0)), "field"),
        (other("mark", score(0.0, f64::INFINITY)), "field"),
        (consent, "field"),
        (builder().duplicates(DuplicateIds::Latest("region".into())), "duplicates"),
        (builder().duplicates(DuplicateIds::Latest("aksed".into())), "duplicates"),
        (builder().time_format(pattern), "time_format"),
        (builder().field(field("age", ProfileKind::Demographic, FieldType::Whole).purpose(" ")), "purpose"),
        (builder().allow_special(SpecialCategory::Health, " "), "allow_special"),
    ] {
        match builder.build() {
            Err(Error::Setting { setting, .. }) => assert_eq!(setting, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    let twice = other("income", FieldType::Whole).build();
    assert!(matches!(twice, Err(Error::DuplicateFeature { feature }) if feature == "income"));
}

#[test]
fn special_categories_need_a_basis_which_the_report_keeps() {
    let church = || field("church_member", ProfileKind::Demographic, FieldType::Flag);
    let q17 = || field("q17", ProfileKind::Attitude, FieldType::Category).special(SpecialCategory::Politics);
    let hidden = || field("f3", ProfileKind::Demographic, FieldType::Category).column("Blutgruppe");
    for (field, name, category) in [
        (church(), "church_member", SpecialCategory::Belief),
        (q17(), "q17", SpecialCategory::Politics),
        (hidden(), "f3", SpecialCategory::Health),
    ] {
        let refused = builder().field(field).build().unwrap_err();
        let message = refused.to_string();
        assert!(message.contains(name) && message.contains(&category.to_string()), "{message}");
        assert!(matches!(refused, Error::SpecialCategory { category: found, .. } if found == category));
    }
    let half =
        builder().field(church()).field(q17()).allow_special(SpecialCategory::Belief, "church tax").build();
    assert!(matches!(half, Err(Error::SpecialCategory { category: SpecialCategory::Politics, .. })));

    let allowed = ProfileSchema::builder("customer")
        .field(church())
        .allow_special(SpecialCategory::Belief, "church tax, Art. 9(2)(b) GDPR")
        .allow_special(SpecialCategory::Health, "not needed after all")
        .build()
        .unwrap();
    let mut rows = ProfileTable::builder(&allowed);
    rows.push("ada", [true.into()]).unwrap();
    let profiles = rows.build().unwrap();
    let [allowance] = profiles.report().allowed.as_slice() else { panic!("one category is used") };
    assert_eq!(
        (allowance.category, allowance.fields.as_slice()),
        (SpecialCategory::Belief, &["church_member".to_owned()][..])
    );
    assert!(profiles.report().to_string().contains("church tax, Art. 9(2)(b) GDPR"), "{}", profiles.report());
}

#[test]
fn only_an_explicit_yes_is_a_consent() {
    let profiles = of_texts(
        &schema(),
        &[
            ("ada", ["", "", "", "", "", "yes"]),
            ("ben", ["", "", "", "", "", "no"]),
            ("cem", [""; 6]),
            ("dea", ["", "", "", "", "", "unclear"]),
        ],
    )
    .unwrap();
    let yes: Bitmap = [true, false, false, false].into_iter().collect();
    assert_eq!(profiles.consented("mail").unwrap(), yes);
    assert!(matches!(profiles.consented("income"), Err(Error::FeatureType { .. })));
    assert!(matches!(profiles.consented("mails"), Err(Error::MissingFeature { nearest: Some(_), .. })));
    let orders = Values::U32(vec![3, 1, 2]);
    let texts = |ids: [&str; 3]| CustomerIds::texts(ids.map(str::to_owned).to_vec().try_into().unwrap());
    let orders = FeatureTable::from_columns(texts(["ada", "ben", "zoe"]), [("orders", orders)]).unwrap();
    let (customers, _) = orders.enriched(&profiles).unwrap();
    assert_eq!(customers.consented("mail").unwrap().ones().collect::<Vec<_>>(), [0]);
    assert!(matches!(customers.consented("orders"), Err(Error::FeatureType { .. })));
    assert!(matches!(customers.consented("income"), Err(Error::FeatureType { .. })));
}

#[test]
fn purposes_come_with_the_fields() {
    let schema = ProfileSchema::builder("customer")
        .field(field("age", ProfileKind::Demographic, FieldType::Whole).purpose("minors").purpose("mail"))
        .field(field("region", ProfileKind::Geographic, FieldType::Category))
        .build()
        .unwrap();
    let ids = vec![3_u64, 1];
    let columns = [("age", Values::I32(vec![40, 12])), ("region", Values::I32(vec![1, 2]))];
    let profiles = ProfileTable::from_columns(&schema, ids, columns).unwrap();
    let orders =
        FeatureTable::from_columns(CustomerIds::rows(2), [("orders", Values::U32(vec![1, 2]))]).unwrap();
    let (customers, _) = orders.enriched(&profiles).unwrap();
    let restricted = customers.restricted_to("mail").unwrap();
    assert_eq!(restricted.table.names().collect::<Vec<_>>(), ["age"]);
    assert_eq!(restricted.left_out, ["orders", "region"]);
}

#[test]
fn columns_are_checked_before_they_are_read() {
    let schema = ProfileSchema::builder("customer")
        .field(field("age", ProfileKind::Demographic, FieldType::Whole).column("Age"))
        .build()
        .unwrap();
    let ages = || Values::U32(vec![40, 12]);
    let read =
        |ids: IdColumn, columns: Vec<(&str, Values)>| ProfileTable::from_columns(&schema, ids, columns);
    let unknown = read(vec![1_u64, 2].into(), vec![("age", ages())]);
    assert!(matches!(unknown, Err(Error::UnknownColumn { nearest: Some(name), .. }) if name == "age"));
    let short = read(vec![1_u64].into(), vec![("Age", ages())]);
    assert!(matches!(short, Err(Error::ColumnLength { found: 2, expected: 1, .. })));
    let twice = read(vec![1_u64, 2].into(), vec![("Age", ages()), ("Age", ages())]);
    assert!(matches!(twice, Err(Error::DuplicateFeature { .. })));
    let more = read(vec!["b", ""].into(), vec![("secret", Values::U32(vec![])), ("Age", ages())]).unwrap();
    assert_eq!((more.len(), more.report().rows_rejected(), more.table().names().len()), (1, 1, 1));
    assert!(read(Vec::<u64>::new().into(), vec![("Age", Values::U32(vec![]))]).unwrap().is_empty());
}

#[test]
fn unmatched_customers_are_counted_on_both_sides_and_mixed_ids_refused() {
    let profiles = of_texts(&schema(), &[("7", [""; 6]), ("8", ["1", "1", "x", "", "2", "yes"])]).unwrap();
    let numbers =
        FeatureTable::from_columns(CustomerIds::rows(9), [("orders", Values::U32(vec![1; 9]))]).unwrap();
    let message = numbers.enriched(&profiles).unwrap_err().to_string();
    assert!(message.contains("whole numbers") && message.contains("as text"), "{message}");

    let texts = CustomerIds::texts(vec!["1".to_owned(), "8".to_owned()].try_into().unwrap());
    let orders = FeatureTable::from_columns(texts, [("orders", Values::U32(vec![1, 2]))]).unwrap();
    let (customers, report) = orders.enriched(&profiles).unwrap();
    assert_eq!((customers.len(), report.customers.matched), (2, 1));
    assert_eq!(report.customers.left_only.first, ["1".into()]);
    assert_eq!(report.customers.right_only.first, ["7".into()]);
    let survey: Vec<_> = report.survey().map(|field| (field.field.as_str(), field.share())).collect();
    assert_eq!(survey, [("asked", Some(0.0)), ("likes", Some(0.5))]);
    let page = report.to_string();
    for words in ["only in the right table  1  left out  7", "likes     attitude           1    50.0 %"] {
        assert!(page.contains(words), "{page}");
    }
    let nobody = FeatureTable::from_columns(
        CustomerIds::texts(kohort::Levels::default()),
        [("o", Values::U32(vec![]))],
    );
    let (nobody, report) = nobody.unwrap().enriched(&profiles).unwrap();
    assert_eq!((nobody.len(), report.fields[0].share()), (0, None));
}

#[test]
fn an_erased_customer_leaves_no_text() {
    let rows = [("ada", ["x", "", "Bonn", "", "", ""]), ("ben", ["1", "", "Ulm", "", "", ""])];
    let profiles = of_texts(&schema(), &rows).unwrap();
    assert!(serde_json::to_string(profiles.report()).unwrap().contains("`x`"));
    let (left, erased) = profiles.without_customers(&["ada".into(), "zoe".into()]);
    assert_eq!((left.len(), erased, left.report().erased), (1, 1, 1));
    assert!(left.report().balances());
    let told = serde_json::to_string(left.report()).unwrap();
    assert!(!told.contains("`x`"), "{told}");
    assert_eq!(left.table().category("region").unwrap().levels().iter().collect::<Vec<_>>(), ["Ulm"]);
    assert_eq!(profiles.without_customers(&[]), (profiles, 0));
}

#[test]
fn the_report_is_a_page() {
    let schema = ProfileSchema::builder("customer")
        .field(field("age", ProfileKind::Demographic, FieldType::Whole))
        .field(field("diagnosis", ProfileKind::Attitude, FieldType::Score { lowest: 0.0, highest: 9.0 }))
        .allow_special(SpecialCategory::Health, "explicit consent")
        .build()
        .unwrap();
    let mut rows = ProfileTable::builder(&schema);
    for (id, age, mark) in [("ada", "61", "3"), ("ben", "young", "10"), ("", "2", "2"), ("cem", "27", "")] {
        rows.push(id, [age.into(), mark.into()]).unwrap();
    }
    let report = rows.build().unwrap().report().clone();
    let expected = "\
4 rows read: 3 kept, 1 rejected.

  field      kind         values        present  missing  unreadable  coverage
  ─────────  ───────────  ────────────  ───────  ───────  ──────────  ────────
  age        demographic  whole number        2        1           1    66.7 %
  diagnosis  attitude     score 0 to 9        1        2           1    33.3 %

  First values that cannot be read, by field:
  - age: row 2 (the first: `young`)
  - diagnosis: row 2 (the first: `10`)

  First rejected rows, by reason:
  - no customer id: row 3 (the first: empty)

  Special categories of personal data that are allowed:
  - health (diagnosis): explicit consent
";
    assert_eq!(report.to_string(), expected);
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<ProfileReport>(&json).unwrap(), report);
}

/// An id and the values of a row of three fields: some missing, some that cannot be read.
type Told = (u16, Option<i8>, Option<u8>, Option<u8>);

/// Day, mark and place of a row, in the order in which rows of one customer compare.
type Latest = (Option<u8>, Option<i8>, Option<u8>);

fn small() -> ProfileSchema {
    ProfileSchema::builder("customer")
        .field(field("mark", ProfileKind::Attitude, FieldType::Score { lowest: 0.0, highest: 50.0 }))
        .field(field("place", ProfileKind::Geographic, FieldType::Category))
        .field(field("day", ProfileKind::Attitude, FieldType::Date))
        .duplicates(DuplicateIds::Latest("day".into()))
        .build()
        .unwrap()
}

fn id_of(kind: IdKind, id: u16) -> CustomerId {
    match kind {
        IdKind::Number => u64::from(id).into(),
        IdKind::Text => format!("c{id}").into(),
    }
}

fn from_rows(kind: IdKind, rows: &[Told]) -> ProfileTable {
    let schema = small();
    let ids: IdColumn = match kind {
        IdKind::Number => rows.iter().map(|row| u64::from(row.0)).collect::<Vec<u64>>().into(),
        IdKind::Text => rows.iter().map(|row| format!("c{}", row.0)).collect::<Vec<String>>().into(),
    };
    let places: Vec<Option<String>> = rows.iter().map(|row| row.2.map(|place| format!("p{place}"))).collect();
    let days = Values::Time(rows.iter().map(|row| i64::from(row.3.unwrap_or_default()) * DAY).collect());
    let columns = [
        ("mark", Column::optional(rows.iter().map(|row| row.1.map(f64::from)).collect())),
        ("place", Column::new(Values::Category(Category::from_texts(places.iter().map(Option::as_deref))))),
        ("day", Column::with_missing(days, rows.iter().map(|row| row.3.is_some()).collect()).unwrap()),
    ];
    ProfileTable::from_columns(&schema, ids, columns).unwrap()
}

fn rows() -> impl Strategy<Value = Vec<Told>> {
    let value = (0_u16..20, any::<Option<i8>>(), prop::option::of(0_u8..5), prop::option::of(0_u8..4));
    prop::collection::vec(value, 0..60)
}

proptest! {
    #[test]
    fn the_latest_row_of_each_customer_is_kept_in_any_order(rows in rows(), seed in any::<u64>(), text in any::<bool>()) {
        let kind = if text { IdKind::Text } else { IdKind::Number };
        let profiles = from_rows(kind, &rows);

        let readable = |mark: Option<i8>| mark.filter(|mark| (0..=50).contains(mark));
        let mut latest: BTreeMap<CustomerId, Latest> = BTreeMap::new();
        for (id, mark, place, day) in &rows {
            let row = (*day, readable(*mark), *place);
            let kept = latest.entry(id_of(kind, *id)).or_insert(row);
            *kept = row.max(*kept);
        }
        prop_assert_eq!(profiles.table().ids().iter().collect::<Vec<_>>(), latest.keys().cloned().collect::<Vec<_>>());
        for (row, (day, mark, place)) in latest.values().enumerate() {
            let table = profiles.table();
            prop_assert_eq!(table.column("mark").unwrap().number(row), mark.map(f64::from));
            let place = place.map(|place| format!("p{place}"));
            prop_assert_eq!(table.category("place").unwrap().get(row), place.as_deref());
            prop_assert_eq!(table.column("day").unwrap().number(row), day.map(|day| f64::from(day) * DAY as f64));
        }
        let report = profiles.report();
        prop_assert!(report.balances());
        let unreadable = rows.iter().filter(|row| row.1.is_some_and(|mark| !(0..=50).contains(&mark))).count();
        prop_assert_eq!(report.field("mark").unwrap().unreadable.rows, unreadable as u64);

        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (u64::from(row.0) + 1).wrapping_mul(seed | 1).rotate_left(17) ^ u64::from(row.3.unwrap_or(9)));
        let shuffled = from_rows(kind, &shuffled);
        prop_assert_eq!(shuffled.table(), profiles.table());
        let mut pushed = ProfileTable::builder(&{
            let schema = ProfileSchema::builder("customer").customer_ids(kind);
            schema
                .field(field("mark", ProfileKind::Attitude, FieldType::Score { lowest: 0.0, highest: 50.0 }))
                .field(field("place", ProfileKind::Geographic, FieldType::Category))
                .field(field("day", ProfileKind::Attitude, FieldType::Date))
                .duplicates(DuplicateIds::Latest("day".into()))
                .build()
                .unwrap()
        });
        for (id, mark, place, day) in &rows {
            let day = day.map_or(ProfileValue::Missing, |day| ProfileValue::Time(i64::from(day) * DAY));
            let place = place.map(|place| format!("p{place}"));
            pushed.push(id_of(kind, *id), [mark.map(i64::from).into(), place.into(), day]).unwrap();
        }
        let pushed = pushed.build().unwrap();
        prop_assert_eq!(pushed.table(), profiles.table());
    }

    #[test]
    fn erasing_customers_is_never_having_known_them(rows in rows(), gone in prop::collection::vec(0_u16..25, 1..6)) {
        let ids: Vec<CustomerId> = gone.iter().map(|id| id_of(IdKind::Text, *id)).collect();
        let profiles = from_rows(IdKind::Text, &rows);
        let (left, erased) = profiles.without_customers(&ids);
        let without: Vec<Told> = rows.iter().copied().filter(|row| !gone.contains(&row.0)).collect();
        let without = from_rows(IdKind::Text, &without);
        prop_assert_eq!(left.table(), without.table());
        prop_assert_eq!(erased, profiles.len() - without.len());
        prop_assert!(left.report().balances());
    }
}

#[test]
fn any_number_of_threads_reads_alike() {
    let rows: Vec<Told> = (0..60_000_u32)
        .map(|row| {
            let mixed = row.wrapping_mul(2_654_435_761);
            (
                (mixed >> 17) as u16,
                Some((mixed >> 3) as i8),
                Some((mixed >> 9) as u8 % 5),
                Some((mixed >> 5) as u8 % 4),
            )
        })
        .collect();
    let on = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| from_rows(IdKind::Text, &rows))
    };
    let one = on(1);
    assert!(one.report().superseded > 10_000);
    for threads in [2, 3, 8] {
        assert_eq!(on(threads), one);
    }
    let other = FeatureTable::from(one.clone()).select(["mark"]).unwrap();
    assert_eq!(other.join(&one.table().select(["day"]).unwrap(), Join::Inner).unwrap().1.matched, one.len());
}
