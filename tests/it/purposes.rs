//! What a feature may be used for: declared once, kept through everything that is made of the table.

use kohort::transaction::CustomerIds;
use kohort::{Bitmap, CustomerId, Error, FeatureTable, Join, Purpose, Values};

fn table(ids: std::ops::Range<u64>, features: &[&str]) -> FeatureTable {
    let values = |_| Values::U32(ids.clone().map(|id| id as u32).collect());
    let columns = features.iter().map(|name| (*name, values(name)));
    FeatureTable::from_columns(CustomerIds::numbers(ids.clone().collect()).unwrap(), columns).unwrap()
}

fn purposes(table: &FeatureTable, feature: &str) -> Vec<String> {
    table.purposes(feature).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn a_purpose_is_a_few_words() {
    for bad in ["", " \t", "two\nlines", &"x".repeat(121), "bell\u{7}"] {
        let refused = Purpose::new(bad);
        assert!(matches!(&refused, Err(Error::Setting { setting: "purpose", .. })), "{bad:?}");
        assert!(refused.unwrap_err().to_string().len() < 400);
        assert!(serde_json::from_value::<Purpose>(bad.into()).is_err());
    }
    assert_eq!(Purpose::new(" mail ").unwrap(), Purpose::new("mail").unwrap());
    assert!(Purpose::new("ü".repeat(120)).is_ok());
}

#[test]
fn declarations_add_up_and_survive_what_is_made_of_the_table() {
    let table = table(3..9, &["orders", "age", "city"])
        .declare("orders", ["stock", "mail"])
        .unwrap()
        .declare("orders", ["mail", "audit"])
        .unwrap()
        .declare("age", ["minors"])
        .unwrap();
    assert_eq!(purposes(&table, "orders"), ["audit", "mail", "stock"]);
    assert_eq!(purposes(&table, "city"), Vec::<String>::new());

    let mask: Bitmap = (0..6).map(|row| row % 2 == 0).collect();
    let other = self::table(5..20, &["visits"]).declare("visits", ["mail"]).unwrap();
    let made = [
        table.select(["age", "orders"]).unwrap(),
        table.filter(&mask).unwrap(),
        table.clone().column_added("more", Values::U32(vec![0; 6])).unwrap(),
        table.without_customers(&[CustomerId::from(4)]).0,
        table.join(&other, Join::Left).unwrap().0,
        other.join(&table, Join::Outer).unwrap().0,
    ];
    for made in &made {
        assert_eq!(purposes(made, "orders"), ["audit", "mail", "stock"]);
        assert_eq!(purposes(made, "age"), ["minors"]);
    }
    assert_eq!(
        made[5].restricted_to("mail").unwrap().table.names().collect::<Vec<_>>(),
        ["visits", "orders"]
    );
    assert_ne!(table, self::table(3..9, &["orders", "age", "city"]), "declarations are a part of the table");
}

#[test]
fn a_restricted_table_has_what_is_declared_and_says_what_it_has_not() {
    let table = table(0..3, &["orders", "age", "city"]).declare("orders", ["mail"]).unwrap();
    let restricted = table.restricted_to(Purpose::new("mail").unwrap()).unwrap();
    assert_eq!(restricted.table, table.select(["orders"]).unwrap());
    assert_eq!(restricted.left_out, ["age", "city"]);
    assert_eq!(restricted.to_string(), "For mail: orders. Left out: age, city.");

    let slip = table.restricted_to("mails").unwrap_err();
    assert!(slip.to_string().contains("did you mean `mail`?"), "{slip}");
    assert!(matches!(slip, Error::NothingDeclared { .. }));
    assert!(matches!(table.restricted_to(" "), Err(Error::Setting { .. })));
    assert!(matches!(table.purposes("ordrs"), Err(Error::MissingFeature { .. })));
    assert!(matches!(table.clone().declare("ordrs", ["mail"]), Err(Error::MissingFeature { .. })));
    assert!(matches!(table.declare("orders", [""]), Err(Error::Setting { .. })));
}

#[test]
fn erased_customers_leave_a_table_with_their_texts() {
    let city = kohort::Category::from_texts([Some("Ulm"), Some("Bonn"), Some("Ulm")]);
    let texts = kohort::Levels::try_from(vec!["1".to_owned(), "2".to_owned(), "x".to_owned()]).unwrap();
    let table =
        FeatureTable::from_columns(CustomerIds::texts(texts), [("city", Values::Category(city))]).unwrap();
    let (left, erased) = table.without_customers(&[2.into(), "2".into(), "nobody".into()]);
    assert_eq!((left.len(), erased), (2, 1));
    assert_eq!(left.category("city").unwrap().levels().iter().collect::<Vec<_>>(), ["Ulm"]);
    assert_eq!(left.ids().iter().collect::<Vec<_>>(), ["1".into(), "x".into()]);
    assert_eq!(table.without_customers(&[]), (table.clone(), 0));
    let (nobody, erased) = table.without_customers(&["x".into(), 1.into(), "2".into()]);
    assert_eq!((nobody.len(), erased, nobody.names().len()), (0, 3, 1));
}

#[cfg(feature = "parquet")]
#[test]
fn purposes_go_along_into_other_formats_and_back() {
    let declared = table(3..9, &["orders", "age"]).declare("orders", ["mail", "audit, yearly"]).unwrap();
    let batch = declared.to_record_batch().unwrap();
    assert_eq!(FeatureTable::from_record_batches([batch], "customer").unwrap(), declared);
    let mut file = Vec::new();
    declared.write_parquet(&mut file).unwrap();
    assert_eq!(FeatureTable::from_parquet_bytes(&file, "customer").unwrap(), declared);

    // Without rows the kind of the ids stays too.
    for ids in [CustomerIds::rows(0), CustomerIds::texts(kohort::Levels::default())] {
        let nobody = FeatureTable::from_columns(ids, [("orders", Values::U32(vec![]))]).unwrap();
        let batch = nobody.to_record_batch().unwrap();
        assert_eq!(FeatureTable::from_record_batches([batch], "customer").unwrap(), nobody);
    }
}
