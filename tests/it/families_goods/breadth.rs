//! Breadth, against plain loops and examples that can be counted on one's fingers.

use std::collections::{BTreeMap, BTreeSet};

use kohort::features::{Breadth, Detail, FeatureState};
use kohort::transaction::{IdColumn, LogColumns, PriceColumn};
use kohort::{Attribute, Category, Error, FeatureTable, LogRules, TransactionLog};
use proptest::prelude::*;

use super::{Cell, Kind, Plain, Row, builder, cell, check, column, log_of, sales_of, share, shop, sums};
use crate::features::DAY;

pub(super) fn plain(rows: &[Row], as_of: i64, largest: usize, often: usize) -> Plain {
    let sales = sales_of(rows, as_of);
    let all = sales.values().flatten().map(|i| &rows[*i]);
    let shop = sums(all, |row| row.category.clone(), |row| row.gross);
    let mut ranked: Vec<(&String, &i64)> = shop.iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let has_category = rows.iter().any(|row| row.category.is_some());
    let has_brand = rows.iter().any(|row| row.brand.is_some());
    let mut table = Plain::new();
    for (customer, own) in &sales {
        let own: Vec<&Row> = own.iter().map(|i| &rows[*i]).collect();
        let gross = own.iter().map(|row| row.gross).sum::<i64>();
        let number = |value: usize| Cell::Number(Some(value as f64));
        let mut features = BTreeMap::new();
        let products: BTreeSet<&str> = own.iter().map(|row| row.product.as_str()).collect();
        features.insert("products".to_owned(), number(products.len()));
        if has_category {
            let by_category = sums(own.iter().copied(), |row| row.category.clone(), |row| row.gross);
            let mut orders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for row in &own {
                if let Some(category) = &row.category {
                    orders.entry(category).or_default().insert(&row.order);
                }
            }
            let with =
                |wanted: &dyn Fn(usize) -> bool| orders.values().filter(|set| wanted(set.len())).count();
            features.insert("categories_often".to_owned(), number(with(&|orders| orders >= often)));
            features.insert("categories_once".to_owned(), number(with(&|orders| orders == 1)));
            let never = shop.keys().filter(|category| !by_category.contains_key(*category)).count();
            features.insert("categories_never".to_owned(), number(never));
            let mut spent: Vec<i64> = by_category.values().copied().collect();
            spent.sort_unstable_by(|a, b| b.cmp(a));
            let top = |count: usize| {
                let part = spent.iter().take(count).sum();
                Cell::Number(share(part, gross).filter(|_| !spent.is_empty()))
            };
            features.insert("top_category_share".to_owned(), top(1));
            features.insert(format!("top{largest}_categories_share"), top(largest));
            let named = spent.iter().sum::<i64>() as f64;
            let entropy: f64 = spent.iter().map(|part| *part as f64 / named).map(|p| -p * p.ln()).sum();
            features
                .insert("category_entropy".to_owned(), Cell::Number((!spent.is_empty()).then_some(entropy)));
            for (category, _) in ranked.iter().take(largest) {
                let part = by_category.get(*category).copied().unwrap_or_default();
                let name = format!("category_share__{}", category.replace(' ', "_"));
                features.insert(name, Cell::Number(share(part, gross)));
            }
        }
        if has_brand {
            let by_brand = sums(own.iter().copied(), |row| row.brand.clone(), |row| row.gross);
            let top = by_brand.iter().rev().max_by_key(|(_, gross)| **gross);
            features.insert("brands".to_owned(), number(by_brand.len()));
            features.insert("top_brand".to_owned(), Cell::Text(top.map(|(brand, _)| brand.clone())));
            let loyalty = top.and_then(|(_, part)| share(*part, gross));
            features.insert("brand_loyalty".to_owned(), Cell::Number(loyalty));
        }
        table.insert(*customer, features);
    }
    table
}

fn breadth(log: &TransactionLog, as_of: i64, settings: Breadth) -> FeatureTable {
    builder(as_of).breadth(settings).build().unwrap().extract(log).unwrap()
}

fn settings(largest: u32, often: u32) -> Breadth {
    Breadth::builder().largest(largest).often(often).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn agrees_with_plain_loops((kind, rows) in shop(), day in 1_i64..70, largest in 1_u32..7, often in 2_u32..5) {
        let table = breadth(&log_of(&rows, kind), day * DAY, settings(largest, often));
        check(&table, &plain(&rows, day * DAY, largest as usize, often as usize));
    }

    #[test]
    fn shares_sum_to_one_and_counts_to_what_the_shop_has((kind, mut rows) in shop(), day in 1_i64..70) {
        for row in &mut rows {
            let category = row.category.take().unwrap_or_else(|| "cat 9".to_owned());
            row.category = Some(category);
        }
        let table = builder(day * DAY)
            .features([kohort::Feature::Categories, kohort::Feature::TopCategory])
            .breadth(settings(64, 2)).build().unwrap().extract(&log_of(&rows, kind)).unwrap();
        let shares: Vec<&str> = table.names().filter(|name| name.starts_with("category_share__")).collect();
        for row in 0..table.len() {
            let of = |name: &str| column(&table, name)[row];
            let own: Vec<f64> = shares.iter().filter_map(|name| of(name)).collect();
            let count = |name: &str| of(name).unwrap() as usize;
            let bought = count("categories");
            prop_assert_eq!(bought + count("categories_never"), shares.len());
            prop_assert_eq!(count("categories_often") + count("categories_once"), bought);
            if bought == 0 {
                prop_assert!(own.is_empty() && of("top_category_share").is_none() && of("category_entropy").is_none());
                continue;
            }
            prop_assert!((own.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert_eq!(of("top64_categories_share"), Some(1.0));
            let largest = own.iter().copied().fold(0.0, f64::max);
            prop_assert_eq!(of("top_category_share"), Some(largest));
            let entropy = of("category_entropy").unwrap();
            prop_assert!(entropy >= 0.0 && entropy <= (bought as f64).ln() + 1e-12, "{} of {}", entropy, bought);
        }
    }
}

/// 1 buys coats in three orders, a sock and something without a name; 2 a hat; 3 gets a hat for nothing; 4 sends back.
fn example() -> Vec<Row> {
    let of = |row: Row, category: &str, brand: &str, gross: i64| Row {
        category: (!category.is_empty()).then(|| category.to_owned()),
        brand: (!brand.is_empty()).then(|| brand.to_owned()),
        product: format!("{category} {brand}"),
        gross: gross * 10_000,
        ..row
    };
    vec![
        of(Row::new(1, "a", 1), "coat", "Y", 30),
        of(Row::new(1, "a", 1), "coat", "X", 10),
        of(Row::new(1, "b", 2), "coat", "Y", 20),
        of(Row::new(1, "c", 3), "coat", "X", 40),
        of(Row::new(1, "c", 3), "sock", "", 20),
        of(Row::new(1, "c", 3), "", "", 80),
        of(Row::new(2, "d", 3), "hat", "Z", 20),
        of(Row::new(3, "e", 3), "hat", "Z", 0),
        Row { note: true, ..of(Row::new(4, "f", 3), "hat", "Z", 50) },
        of(Row::new(2, "g", 9), "cane", "Z", 900),
    ]
}

#[test]
fn an_example_counted_by_hand() {
    let table = breadth(&log_of(&example(), Kind::Notes), 9 * DAY, settings(2, 3));
    let names: Vec<&str> = table.names().collect();
    let expected = [
        "products",
        "categories_often",
        "categories_once",
        "categories_never",
        "top_category_share",
        "top2_categories_share",
        "category_entropy",
        "category_share__coat",
        // As large as socks and first by text; canes are not sold yet.
        "category_share__hat",
        "brands",
        "top_brand",
        "brand_loyalty",
    ];
    assert_eq!(names, expected);
    let of = |name: &str| column(&table, name);
    assert_eq!(of("products"), [Some(4.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert_eq!(of("categories_often"), [Some(1.0), Some(0.0), Some(0.0), Some(0.0)]);
    assert_eq!(of("categories_once"), [Some(1.0), Some(1.0), Some(0.0), Some(0.0)]);
    assert_eq!(of("categories_never"), [Some(1.0), Some(2.0), Some(3.0), Some(3.0)]);
    assert_eq!(of("top_category_share"), [Some(0.5), Some(1.0), None, None], "of all 200, named or not");
    assert_eq!(of("top2_categories_share"), [Some(0.6), Some(1.0), None, None]);
    assert_eq!(of("category_share__coat"), [Some(0.5), Some(0.0), None, None]);
    assert_eq!(of("category_share__hat"), [Some(0.0), Some(1.0), None, None]);
    assert_eq!(of("brands"), [Some(2.0), Some(1.0), Some(0.0), Some(0.0)]);
    let top: Vec<Cell> = (0..4).map(|row| cell(&table, "top_brand", row)).collect();
    let text = |text: &str| Cell::Text(Some(text.to_owned()));
    assert_eq!(top, [text("X"), text("Z"), Cell::Text(None), Cell::Text(None)], "X and Y tie at 50");
    assert_eq!(of("brand_loyalty"), [Some(0.25), Some(1.0), None, None]);
    // Coats 100 and socks 20.
    let entropy = of("category_entropy");
    let (p, q) = (100.0_f64 / 120.0, 20.0_f64 / 120.0);
    assert!((entropy[0].unwrap() + p * p.ln() + q * q.ln()).abs() < 1e-14);
    assert_eq!(entropy[1..], [Some(0.0), None, None]);
}

fn column_log(category: Option<Category>, brand: Option<Category>, rows: usize) -> TransactionLog {
    let customer = (0..rows as u64).map(|row| row % 1_000).collect();
    let price: Vec<f64> = (0..rows).map(|row| 1.0 + (row % 7) as f64).collect();
    let time: Vec<i64> = (0..rows as i64).collect();
    let mut columns = LogColumns::new(IdColumn::Numbers(customer), time, PriceColumn::Unit(price.into()))
        .order(IdColumn::Numbers((0..rows as u64).collect()));
    if let Some(category) = category {
        columns = columns.attribute(Attribute::Category, category);
    }
    if let Some(brand) = brand {
        columns = columns.attribute(Attribute::Brand, brand);
    }
    TransactionLog::from_columns(columns, &LogRules::builder("EUR").build().unwrap()).unwrap()
}

#[test]
fn a_log_gives_the_columns_its_texts_allow_and_refuses_what_was_asked_for_by_name() {
    let texts = || Some(Category::from_texts((0..20).map(|row| Some(["a", "b"][row % 2]))));
    let asked = |log: &TransactionLog, of: &[Attribute]| {
        let settings = Breadth::builder().of(of.iter().copied()).build().unwrap();
        builder(DAY).breadth(settings).build().unwrap().extract(log)
    };
    let brands = column_log(None, texts(), 20);
    let names = |table: FeatureTable| table.names().map(str::to_owned).collect::<Vec<_>>();
    let brand_columns = ["brands", "top_brand", "brand_loyalty"];
    assert_eq!(names(breadth(&brands, DAY, Breadth::default())), brand_columns);
    assert_eq!(names(asked(&brands, &[Attribute::Brand]).unwrap()), brand_columns);
    let lacks = |result: Result<FeatureTable, Error>, text: &str| {
        let refused = result.unwrap_err();
        assert!(matches!(&refused, Error::FeatureNeeds { needs, .. } if needs.contains(text)), "{refused}");
    };
    lacks(asked(&brands, &[Attribute::Brand, Attribute::Category]), "category");
    lacks(asked(&brands, &[Attribute::Product]), "product");
    let bare = column_log(None, None, 20);
    lacks(
        builder(DAY).breadth(Breadth::default()).build().unwrap().extract(&bare),
        "products, categories or brands",
    );
    lacks(asked(&bare, &[Attribute::Brand]), "brand");
    let both = column_log(texts(), texts(), 20);
    let only = names(asked(&both, &[Attribute::Category]).unwrap());
    assert!(only.iter().all(|name| name.contains("categor")) && only.len() == 8, "{only:?}");
}

#[test]
fn categories_of_one_name_are_refused_by_it() {
    let texts = Category::from_texts((0..20).map(|row| Some(["a b", "a-b", "c"][row % 3])));
    let log = column_log(Some(texts), None, 20);
    let extract = |largest| builder(DAY).breadth(settings(largest, 2)).build().unwrap().extract(&log);
    assert!(
        matches!(extract(2), Err(Error::DuplicateFeature { feature }) if feature == "category_share__a_b")
    );
    assert!(extract(1).is_ok());
}

#[test]
fn a_state_of_orders_has_categories_and_says_that_it_has_no_products() {
    for kind in [Kind::Flag, Kind::Notes] {
        let rows: Vec<Row> = example().into_iter().filter(|row| kind == Kind::Notes || !row.note).collect();
        let log = log_of(&rows, kind);
        let asked = |of: &[Attribute]| Breadth::builder().of(of.iter().copied()).build().unwrap();
        let extractor = |settings| builder(9 * DAY).breadth(settings).build().unwrap();
        let mut state = FeatureState::new();
        state.push(&log).unwrap();
        for settings in [Breadth::default(), asked(&[Attribute::Product]), asked(&[Attribute::Brand])] {
            let refused = state.finish(&extractor(settings)).unwrap_err();
            assert!(
                matches!(&refused, Error::FeatureNeeds { needs, .. } if needs.contains("state")),
                "{refused}"
            );
        }
        let categories = extractor(asked(&[Attribute::Category]));
        assert_eq!(state.finish(&categories).unwrap(), categories.extract(&log).unwrap());
        let mut lines = FeatureState::keeping(Detail::Lines);
        lines.push(&log).unwrap();
        let all = extractor(Breadth::default());
        assert_eq!(lines.finish(&all).unwrap(), all.extract(&log).unwrap());
    }
}

#[test]
fn more_categories_than_customers_have_lines_are_no_burden() {
    let rows = 300_000;
    let names: Vec<String> = (0..rows).map(|row| format!("k{:06}", row * 7_919 % rows)).collect();
    let texts = Category::from_texts(names.iter().map(|name| Some(name.as_str())));
    let table = breadth(&column_log(Some(texts), None, rows), DAY, settings(3, 2));
    assert_eq!(table.len(), 1_000);
    // 300 lines each, every one in a category of its own.
    assert_eq!(column(&table, "categories_once"), [Some(300.0); 1_000]);
    assert_eq!(column(&table, "categories_never"), [Some((rows - 300) as f64); 1_000]);
    let shares: Vec<&str> = table.names().filter(|name| name.starts_with("category_share__")).collect();
    assert_eq!(shares.len(), 3);
    // Each of them at the highest price, the first by text.
    let mut dearest: Vec<&String> = (0..rows).filter(|row| row % 7 == 6).map(|row| &names[row]).collect();
    dearest.sort_unstable();
    let expected: Vec<String> = dearest[..3].iter().map(|name| format!("category_share__{name}")).collect();
    assert_eq!(shares, expected);
}
