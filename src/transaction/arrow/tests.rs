//! What each Arrow type means in each place, and what cannot be read.

use std::sync::Arc;

use arrow_array::types::{Int8Type, UInt16Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, Decimal128Array, Decimal256Array,
    DictionaryArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
    LargeStringArray, NullArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt8Array, UInt64Array,
};

use super::*;
use crate::transaction::{
    Attribute, CustomerId, DiscountColumn, IdColumn, LogColumns, Money, PriceColumn, RejectReason,
    ReturnedColumn, SchemaBuilder, SchemaDiscount, SchemaPrice, Strictness, TimeFormat, Undelivered, Zone,
};

const NOON: i64 = 1_325_419_200; // 2012-01-01T12:00:00Z

fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn texts(texts: &[&str]) -> ArrayRef {
    array(StringArray::from(texts.to_vec()))
}

fn decimals(units: Vec<Option<i128>>, scale: i8) -> ArrayRef {
    array(Decimal128Array::from(units).with_precision_and_scale(38, scale).unwrap())
}

fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.iter().map(|(name, array)| (*name, Arc::clone(array), true)),
    )
    .unwrap()
}

/// A batch of plain lines, in which some columns are others.
fn lines(rows: usize, others: &[(&str, ArrayRef)]) -> RecordBatch {
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("who", array(StringArray::from_iter_values((0..rows).map(|row| format!("c{row}"))))),
        ("when", array(TimestampSecondArray::from(vec![NOON; rows]).with_timezone("UTC"))),
        ("price", array(Float64Array::from(vec![2.5; rows]))),
    ];
    for (name, array) in others {
        match columns.iter_mut().find(|(own, _)| own == name) {
            Some(own) => own.1 = Arc::clone(array),
            None => columns.push((name, Arc::clone(array))),
        }
    }
    batch(&columns)
}

fn rules() -> crate::transaction::LogRulesBuilder {
    LogRules::builder("EUR").orders(OrderIdentity::EachLine)
}

fn schema(rules: crate::transaction::LogRulesBuilder) -> SchemaBuilder {
    Schema::builder(&rules.build().unwrap(), "who", "when", SchemaPrice::Unit("price"))
}

fn read(batch: RecordBatch, schema: SchemaBuilder) -> Result<TransactionLog> {
    TransactionLog::from_record_batches([batch], &schema.build().unwrap())
}

/// What became of each row: its place among the kept ones' customers, or the reason.
fn rejected(log: &TransactionLog) -> Vec<(RejectReason, Vec<u64>)> {
    log.report().rejected.iter().map(|(reason, rejection)| (*reason, rejection.first_rows.clone())).collect()
}

fn ids(log: &TransactionLog) -> Vec<String> {
    (0..log.len()).map(|row| log.customers().get(row).unwrap().to_string()).collect()
}

#[test]
fn customers_are_numbers_or_text_as_the_schema_says() {
    let dictionary: DictionaryArray<Int8Type> = vec![Some("7"), Some("9"), None].into_iter().collect();
    let numbers_in_dictionary = DictionaryArray::new(
        PrimitiveArray::<UInt16Type>::from(vec![Some(1), Some(0), None]),
        array(Int64Array::from(vec![9, 7])),
    );
    let columns = [
        array(Int8Array::from(vec![Some(7), Some(9), None])),
        array(Int16Array::from(vec![Some(7), Some(9), None])),
        array(Int32Array::from(vec![Some(7), Some(9), None])),
        array(Int64Array::from(vec![Some(7), Some(9), None])),
        array(UInt8Array::from(vec![Some(7), Some(9), None])),
        array(UInt64Array::from(vec![Some(7), Some(9), None])),
        decimals(vec![Some(7), Some(9), None], 0),
        array(StringArray::from(vec![Some("7"), Some(" 9"), Some(" ")])),
        array(LargeStringArray::from(vec![Some("7"), Some("9 "), None])),
        array(StringViewArray::from(vec![Some("7"), Some("9"), Some("")])),
        array(dictionary),
        array(numbers_in_dictionary),
    ];
    for column in columns {
        for kind in [IdKind::Number, IdKind::Text] {
            let log =
                read(lines(3, &[("who", Arc::clone(&column))]), schema(rules()).customer_ids(kind)).unwrap();
            assert_eq!(log.customers().kind(), kind, "{:?}", column.data_type());
            assert_eq!(ids(&log), ["7", "9"], "{:?}", column.data_type());
            assert_eq!(
                rejected(&log),
                [(RejectReason::MissingCustomer, vec![3])],
                "{:?}",
                column.data_type()
            );
        }
    }
}

#[test]
fn a_negative_number_and_a_word_are_no_numbers() {
    let number =
        |column| read(lines(4, &[("who", column)]), schema(rules()).customer_ids(IdKind::Number)).unwrap();
    let log = number(array(Int64Array::from(vec![3, -1, i64::MAX, i64::MIN])));
    assert_eq!(rejected(&log), [(RejectReason::MissingCustomer, vec![2, 4])]);
    assert_eq!(log.report().rejected[&RejectReason::MissingCustomer].example, "who `-1`");
    assert_eq!(log.customers(), &IdColumn::Numbers(vec![3, i64::MAX as u64]));
    let log = number(array(Int32Array::from(vec![3, -1, 4, -2])));
    assert_eq!(rejected(&log), [(RejectReason::MissingCustomer, vec![2, 4])]);
    let log = number(texts(&["17", "017", "x", "-3"]));
    assert_eq!(log.customers(), &IdColumn::Numbers(vec![17, 17]));
    let log = number(array(UInt64Array::from(vec![u64::MAX, 0, 1, 2])));
    assert_eq!(log.customers().get(0), Some(CustomerId::Number(u64::MAX)));
    // As text they are what they are written as.
    let text = read(lines(2, &[("who", array(Int64Array::from(vec![-1, 30])))]), schema(rules())).unwrap();
    assert_eq!(ids(&text), ["-1", "30"]);
}

#[test]
fn orders_stay_numbers_unless_the_rules_look_at_their_text() {
    let orders = || array(Int32Array::from(vec![Some(912), Some(17), None, Some(-4)]));
    let by_column = || LogRules::builder("EUR");
    let log = read(lines(4, &[("order", orders())]), schema(by_column()).order("order")).unwrap();
    assert_eq!(log.orders, IdColumn::Numbers(vec![912, 17]));
    assert_eq!(rejected(&log), [(RejectReason::MissingOrder, vec![3, 4])]);
    let log =
        read(lines(4, &[("order", orders())]), schema(by_column().exclude_orders(["9"])).order("order"))
            .unwrap();
    assert_eq!(
        rejected(&log),
        [(RejectReason::MissingOrder, vec![3]), (RejectReason::ExcludedOrder, vec![1])]
    );
    let mixed =
        [lines(1, &[("order", array(Int32Array::from(vec![1])))]), lines(1, &[("order", texts(&["a"]))])];
    let schema = schema(by_column()).order("order").build().unwrap();
    let both = TransactionLog::from_record_batches(mixed.clone(), &schema);
    assert!(matches!(both, Err(Error::Incompatible { .. })), "{both:?}");
    // Text first: then numbers are read as text.
    let log = TransactionLog::from_record_batches(mixed.into_iter().rev(), &schema).unwrap();
    assert_eq!(log.orders, IdColumn::from(vec!["a", "1"]));
}

#[test]
fn times_of_every_type_are_instants() {
    let berlin = || rules().zone(Zone::named("Europe/Berlin").unwrap());
    let instant = |column: ArrayRef, format: TimeFormat| {
        let log = read(lines(2, &[("when", column)]), schema(berlin()).time_format(format)).unwrap();
        assert_eq!(rejected(&log), [(RejectReason::Time, vec![2])]);
        log.times()[0]
    };
    let iso = || TimeFormat::Iso;
    let noon = NOON * 1_000_000;
    // With a zone they are instants; without one they are read in that of the rules, an hour ahead.
    for (zone, expected) in [(Some("UTC"), noon), (Some("America/Lima"), noon), (None, noon - 3_600_000_000)]
    {
        let columns = [
            array(TimestampSecondArray::from(vec![Some(NOON), None]).with_timezone_opt(zone)),
            array(TimestampMillisecondArray::from(vec![Some(NOON * 1_000), None]).with_timezone_opt(zone)),
            array(TimestampMicrosecondArray::from(vec![Some(noon), None]).with_timezone_opt(zone)),
            array(
                TimestampNanosecondArray::from(vec![Some(noon * 1_000 + 999), None]).with_timezone_opt(zone),
            ),
        ];
        for column in columns {
            assert_eq!(instant(Arc::clone(&column), iso()), expected, "{:?}", column.data_type());
        }
    }
    let midnight = noon - 13 * 3_600_000_000;
    assert_eq!(instant(array(Date32Array::from(vec![Some(15_340), None])), iso()), midnight);
    assert_eq!(instant(array(Date64Array::from(vec![Some(15_340 * 86_400_000), None])), iso()), midnight);
    assert_eq!(instant(texts(&["2012-01-01T12:00:00Z", "yesterday"]), iso()), noon);
    assert_eq!(instant(array(StringViewArray::from(vec![Some(" 2012-01-01 13:00 "), None])), iso()), noon);
    let dictionary: DictionaryArray<Int8Type> = vec![Some("2012-01-01 13:00"), None].into_iter().collect();
    assert_eq!(instant(array(dictionary), iso()), noon);
    for column in [array(Int64Array::from(vec![Some(NOON), None])), texts(&[&NOON.to_string(), "x"])] {
        assert_eq!(instant(column, TimeFormat::UnixSeconds), noon);
    }
    let seconds = array(Int32Array::from(vec![Some(NOON as i32), None]));
    assert_eq!(instant(seconds, TimeFormat::UnixSeconds), noon);
    let millis = array(UInt64Array::from(vec![NOON as u64 * 1_000, u64::MAX]));
    assert_eq!(instant(millis, TimeFormat::UnixMilliseconds), noon);
    let digits = array(Int32Array::from(vec![20_120_101, 20_121_301]));
    assert_eq!(instant(digits, TimeFormat::Pattern("%Y%m%d".into())), midnight);
    // The ends of time.
    let far = array(TimestampSecondArray::from(vec![NOON, i64::MAX]).with_timezone("UTC"));
    assert_eq!(instant(far, iso()), noon);
    let far = array(TimestampSecondArray::from(vec![NOON, i64::MAX]));
    assert_eq!(instant(far, iso()), noon - 3_600_000_000);
}

#[test]
fn numbers_of_every_type_are_amounts() {
    let price = |column: ArrayRef| {
        let rows = column.len();
        let log = read(lines(rows, &[("price", column)]), schema(rules())).unwrap();
        (log.gross.clone(), rejected(&log))
    };
    let half = || (vec![25_000], vec![(RejectReason::Price, vec![2])]);
    let dictionary = DictionaryArray::new(
        PrimitiveArray::<UInt16Type>::from(vec![Some(0), None]),
        array(Float64Array::from(vec![2.5])),
    );
    for column in [
        array(Float64Array::from(vec![Some(2.5), None])),
        array(Float64Array::from(vec![2.5, f64::NAN])),
        array(Float32Array::from(vec![Some(2.5), None])),
        decimals(vec![Some(25), None], 1),
        decimals(vec![Some(2_500_000_000_000), None], 12),
        array(
            Decimal256Array::from(vec![Some(arrow_buffer::i256::from(250)), None])
                .with_precision_and_scale(60, 2)
                .unwrap(),
        ),
        array(StringArray::from(vec![Some(" 2.50 "), Some("two")])),
        array(dictionary),
    ] {
        assert_eq!(price(Arc::clone(&column)), half(), "{:?}", column.data_type());
    }
    assert_eq!(price(array(Int32Array::from(vec![Some(3), None]))).0, [30_000]);
    assert_eq!(
        price(array(UInt64Array::from(vec![3, u64::MAX]))),
        (vec![30_000], vec![(RejectReason::AmountRange, vec![2])])
    );
    // A `f32` is what it is printed as.
    assert_eq!(price(array(Float32Array::from(vec![19.99_f32, 0.1]))).0, [199_900, 1_000]);
    let fine = decimals(vec![Some(1_234_567), Some(12_345_670), Some(i128::MAX), Some(i128::MIN)], 5);
    assert_eq!(
        price(fine),
        (vec![1_234_567], vec![(RejectReason::Decimals, vec![1]), (RejectReason::AmountRange, vec![3, 4])])
    );
    let rounded = |column| {
        let rules = rules().rounding(crate::transaction::Rounding::HalfEven);
        read(lines(3, &[("price", column)]), schema(rules)).unwrap().gross
    };
    assert_eq!(
        rounded(decimals(vec![Some(123_445), Some(123_455), Some(123_456)], 5)),
        [12_344, 12_346, 12_346]
    );
    assert_eq!(rounded(texts(&["1.23445", "1.23455", "1.23456"])), [12_344, 12_346, 12_346]);
    let digits = decimals(vec![Some(3), Some(4), None], -2);
    assert_eq!(price(digits).0, [3_000_000, 4_000_000]);
}

#[test]
fn quantities_discounts_costs_and_returns_of_every_type() {
    let schema = |returns| {
        schema(rules().returns(returns))
            .quantity("n")
            .discount(SchemaDiscount::Rate("off"))
            .unit_cost("cost")
            .returned("back")
            .return_time("back_at")
    };
    let columns = |n: ArrayRef, off: ArrayRef, cost: ArrayRef, back: ArrayRef| {
        let back_at =
            array(TimestampMillisecondArray::from(vec![None, Some(NOON * 1_000), None]).with_timezone("UTC"));
        lines(3, &[("n", n), ("off", off), ("cost", cost), ("back", back), ("back_at", back_at)])
    };
    let wide = columns(
        array(Int64Array::from(vec![Some(2), Some(4), None])),
        array(Float64Array::from(vec![None, Some(0.1), Some(0.5)])),
        array(Float64Array::from(vec![None, Some(1.5), Some(1.0)])),
        array(Int16Array::from(vec![None, Some(1), Some(0)])),
    );
    let log = read(wide, schema(Returns::Quantity)).unwrap();
    assert_eq!(log.quantities, [2, 4]);
    assert_eq!(log.discounts, Some(vec![0, 10_000]));
    assert_eq!(log.costs, Some(vec![crate::transaction::UNKNOWN_COST, 60_000]));
    assert_eq!(log.returned_quantities, Some(vec![0, 1]));
    assert_eq!(log.return_times, Some(vec![crate::transaction::NO_TIME, NOON * 1_000_000]));
    assert_eq!(rejected(&log), [(RejectReason::Quantity, vec![3])]);

    let odd = columns(
        array(Float64Array::from(vec![2.0, 2.5, 1e12])),
        decimals(vec![Some(0), Some(0), Some(0)], 6),
        array(Int32Array::from(vec![1, 1, 1])),
        texts(&["0", "", "0"]),
    );
    let log = read(odd, schema(Returns::Quantity)).unwrap();
    assert_eq!(rejected(&log), [(RejectReason::QuantityRange, vec![2, 3])]);

    let amounts = columns(
        array(Int32Array::from(vec![2, 2, 2])),
        decimals(vec![Some(100_000), Some(1_000_001), Some(1)], 6),
        array(Float64Array::from(vec![-1.0, 1.0, 1.0])),
        decimals(vec![Some(1), Some(1), None], 0),
    );
    let log = read(amounts, schema(Returns::Amount)).unwrap();
    assert_eq!(rejected(&log), [(RejectReason::Discount, vec![2]), (RejectReason::UnitCost, vec![1])]);
    assert_eq!(log.returned, Some(vec![0]));

    let flag = |back| {
        read(
            columns(
                array(Int32Array::from(vec![2, 2, 2])),
                array(Float64Array::from(vec![0.0; 3])),
                array(Float64Array::from(vec![1.0; 3])),
                back,
            ),
            schema(Returns::Flag),
        )
        .unwrap()
    };
    for back in [
        array(BooleanArray::from(vec![Some(true), Some(false), None])),
        array(Int8Array::from(vec![Some(1), Some(0), None])),
        texts(&["Yes", "f", ""]),
    ] {
        assert_eq!(flag(back).returned_quantities, Some(vec![2, 0, 0]));
    }
    assert_eq!(rejected(&flag(texts(&["perhaps", "2", "no"]))), [(RejectReason::Returned, vec![1, 2])]);
}

#[test]
fn undelivered_lines_are_told_by_flags_dates_and_values() {
    let undelivered = |column, how| read(lines(3, &[("out", column)]), schema(rules()).undelivered(how));
    let rows = |column, how| rejected(&undelivered(column, how).unwrap());
    let second = || vec![(RejectReason::Undelivered, vec![2])];
    let column = || Undelivered::Column("out");
    assert_eq!(rows(array(BooleanArray::from(vec![false, true, false])), column()), second());
    assert_eq!(rows(array(Int8Array::from(vec![0, 1, 0])), column()), second());
    assert_eq!(rows(texts(&["no", "YES", "n"]), column()), second());
    assert_eq!(rows(array(Date32Array::from(vec![Some(1), None, Some(2)])), column()), second());
    assert_eq!(rows(texts(&["2012-01-01", "", "x"]), column()), second());
    assert_eq!(rows(texts(&["a", "lost", "b"]), Undelivered::WhenEquals("out", "lost")), second());
    assert_eq!(rows(array(Int64Array::from(vec![1, 9, 2])), Undelivered::WhenEquals("out", "9")), second());
    assert_eq!(
        rows(array(StringArray::from(vec![Some("a"), None, Some("b")])), Undelivered::WhenEquals("out", "")),
        second()
    );
    assert_eq!(rows(texts(&["a", "b", "c"]), Undelivered::WhenEquals("out", "lost")), []);
    let mixed = undelivered(array(BooleanArray::from(vec![Some(false), None, Some(false)])), column());
    assert!(matches!(mixed, Err(Error::AmbiguousFlag { column }) if column == "out"));
    // Words in one batch and nulls in another are no clearer.
    let batches =
        [vec![Some(true)], vec![None]].map(|flags| lines(1, &[("out", array(BooleanArray::from(flags)))]));
    let mixed =
        TransactionLog::from_record_batches(batches, &schema(rules()).undelivered(column()).build().unwrap());
    assert!(matches!(mixed, Err(Error::AmbiguousFlag { .. })));
}

#[test]
fn texts_and_currencies_of_every_type() {
    let texts_of = |column| {
        let log = read(lines(3, &[("x", column)]), schema(rules()).size("x")).unwrap();
        let sizes = log.attribute(Attribute::Size).unwrap().clone();
        sizes.iter().map(|text| text.unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(texts_of(array(Int32Array::from(vec![Some(38), None, Some(-4)]))), ["38", "-", "-4"]);
    assert_eq!(
        texts_of(array(UInt64Array::from(vec![Some(38), None, Some(u64::MAX)]))),
        ["38", "-", "18446744073709551615"]
    );
    assert_eq!(
        texts_of(array(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ["true", "-", "false"]
    );
    assert_eq!(texts_of(array(NullArray::new(3))), ["-", "-", "-"]);
    assert_eq!(texts_of(array(Int8Array::from(vec![None::<i8>, None, None]))), ["-", "-", "-"]);
    let currency = array(StringArray::from(vec![Some("EUR"), Some("eur"), None]));
    let log = read(lines(3, &[("money", currency)]), schema(rules()).currency_column("money")).unwrap();
    assert_eq!(rejected(&log), [(RejectReason::Currency, vec![2, 3])]);
    assert_eq!(
        log.report().sales_read().value,
        Money::parse("2.5").unwrap().into(),
        "other money is none of this log"
    );
}

#[test]
fn types_that_cannot_mean_it_are_named() {
    let schema = || {
        schema(LogRules::builder("EUR").returns(Returns::Quantity))
            .order("order")
            .quantity("n")
            .discount(SchemaDiscount::Amount("off"))
            .unit_cost("cost")
            .returned("back")
            .return_time("back_at")
            .undelivered(Undelivered::Column("out"))
            .currency_column("money")
            .product("what")
    };
    let whole = || array(Int32Array::from(vec![1]));
    let good = [
        ("order", whole()),
        ("n", whole()),
        ("off", whole()),
        ("cost", whole()),
        ("back", whole()),
        ("back_at", array(Date32Array::from(vec![20_000]))),
        ("out", array(BooleanArray::from(vec![false]))),
        ("money", texts(&["EUR"])),
        ("what", whole()),
    ];
    assert_eq!(read(lines(1, &good), schema()).unwrap().len(), 1);
    let with = |name: &'static str, column: ArrayRef| {
        let columns: Vec<_> = good.iter().cloned().chain([(name, column)]).collect();
        read(lines(1, &columns), schema())
    };
    for name in
        ["who", "order", "when", "price", "n", "off", "cost", "back", "back_at", "out", "money", "what"]
    {
        let found = with(name, array(BinaryArray::from(vec![&b"x"[..]])));
        match found {
            Err(Error::ColumnType { column, found, expected }) => {
                assert_eq!((column.as_str(), found.as_str()), (name, "Binary"));
                assert!(!expected.is_empty());
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    for (name, column) in [
        ("when", whole()),
        ("when", array(Float64Array::from(vec![1.0]))),
        ("who", array(Float64Array::from(vec![1.0]))),
        ("order", array(Date32Array::from(vec![1]))),
        ("price", array(BooleanArray::from(vec![true]))),
        ("what", array(Float32Array::from(vec![38.5]))),
    ] {
        let refused = with(name, column);
        assert!(
            matches!(&refused, Err(Error::ColumnType { column, .. }) if column == name),
            "{name}: {refused:?}"
        );
    }
    match read(lines(1, &good), schema().country("mony")) {
        Err(Error::UnknownColumn { column, nearest, available }) => {
            assert_eq!((column.as_str(), nearest.as_deref()), ("mony", Some("money")));
            assert_eq!(available.len(), 12);
        }
        other => panic!("{other:?}"),
    }
    let twice = batch(&[("who", whole()), ("when", whole()), ("price", whole()), ("who", whole())]);
    assert!(matches!(read(twice, super::tests::schema(rules())), Err(Error::File { .. })));
}

#[test]
fn no_batches_and_empty_batches_make_an_empty_log_with_its_columns() {
    let schema = schema(rules()).unit_cost("cost").product("what").build().unwrap();
    let empty = lines(0, &[("cost", array(Float64Array::from(Vec::<f64>::new()))), ("what", texts(&[]))]);
    for batches in [vec![], vec![empty.clone()], vec![empty.clone(), empty]] {
        let log = TransactionLog::from_record_batches(batches, &schema).unwrap();
        assert!(log.is_empty() && log.costs.is_some() && log.attribute(Attribute::Product).is_some());
        assert_eq!(log.report().rows_read, 0);
    }
}

#[test]
fn strict_mode_stops_at_the_first_row_of_all_batches() {
    let schema = schema(rules().strictness(Strictness::Stop)).build().unwrap();
    let bad = |at: usize| {
        let prices = (0..40_000).map(|row| if row == at { None } else { Some(1.0) });
        lines(40_000, &[("price", array(prices.collect::<Float64Array>()))])
    };
    let log = TransactionLog::from_record_batches([bad(usize::MAX), bad(39_999), bad(3)], &schema);
    assert!(matches!(log, Err(Error::Rejected { row: 80_000, reason: RejectReason::Price, .. })), "{log:?}");
}

/// A day's lines of a large shop: many chunks and a ragged tail, with dirt.
fn large() -> (Vec<RecordBatch>, SchemaBuilder, TransactionLog) {
    let rows = 190_001_u64;
    let random = |row: u64, below: u64| (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % below;
    let customers: Vec<u64> = (0..rows).map(|row| random(row, 20_000)).collect();
    let seconds: Vec<i64> = (0..rows).map(|row| NOON + random(row, 1_000_000) as i64).collect();
    let prices: Vec<f64> = (0..rows)
        .map(|row| if row % 1_001 == 7 { f64::NAN } else { random(row, 9_000) as f64 / 100.0 })
        .collect();
    let rates: Vec<f64> = (0..rows).map(|row| random(row, 5) as f64 / 10.0).collect();
    let quantities: Vec<i32> = (0..rows).map(|row| random(row, 4) as i32).collect();
    let returned: Vec<i32> = (0..rows).map(|row| i32::from(row % 9 == 0)).collect();
    let channels: Vec<&str> = (0..rows).map(|row| ["web", "app", "shop"][random(row, 3) as usize]).collect();
    let rules = rules().returns(Returns::Quantity).build().unwrap();
    let columns = LogColumns::new(customers.clone(), &seconds, PriceColumn::Unit((&prices).into()))
        .times_in_seconds()
        .quantity(&quantities)
        .discount(DiscountColumn::Rate((&rates).into()))
        .returned(ReturnedColumn::Quantity((&returned).into()))
        .attribute(Attribute::Channel, crate::Category::from_texts(channels.iter().copied().map(Some)));
    let log = TransactionLog::from_columns(columns, &rules).unwrap();
    let whole = batch(&[
        ("who", array(UInt64Array::from(customers))),
        ("when", array(Int64Array::from(seconds))),
        ("price", array(Float64Array::from(prices))),
        ("off", array(Float64Array::from(rates))),
        ("n", array(Int32Array::from(quantities))),
        ("back", array(Int32Array::from(returned))),
        ("channel", array(StringArray::from(channels))),
    ]);
    let cut = |from: usize, to: usize| whole.slice(from, to - from);
    let batches = vec![cut(0, 70_000), cut(70_000, 70_000), cut(70_000, 70_001), cut(70_001, rows as usize)];
    let schema = Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price"))
        .customer_ids(IdKind::Number)
        .time_format(TimeFormat::UnixSeconds)
        .quantity("n")
        .discount(SchemaDiscount::Rate("off"))
        .returned("back")
        .channel("channel");
    (batches, schema, log)
}

fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// Equal but for the examples of what was rejected.
fn assert_equal(log: TransactionLog, expected: &TransactionLog) {
    let plain = |mut log: TransactionLog| {
        log.report.rejected.values_mut().for_each(|rejection| rejection.example.clear());
        log
    };
    let (log, expected) = (plain(log), plain(expected.clone()));
    assert_eq!(log.report, expected.report);
    assert!(log == expected);
}

#[test]
fn many_chunks_make_the_log_of_columns_on_any_number_of_threads() {
    let (batches, schema, expected) = large();
    let schema = schema.build().unwrap();
    assert!(expected.report().rows_rejected() > 40_000 && expected.len() > 100_000);
    for threads in [1, 2, 7] {
        let log =
            with_threads(threads, || TransactionLog::from_record_batches(batches.clone(), &schema).unwrap());
        assert_equal(log, &expected);
    }
}

#[cfg(feature = "parquet")]
mod files;
