//! What conditions can be on: each feature as small codes, with readable cut points or texts.

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::economics::discovery::builder::Discovery;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, Values};
use crate::numeric::levels::{Scale, scores};
use crate::numeric::number::{NumericFeature, Ties};
use crate::numeric::quantile::{Quantile, quantiles_of};
use crate::segment::{Predicate, feature};

/// The parts of contribution, whose conditions would say what is searched for and not who it is; and the upper bound of
/// return rates, which is for caps and says nothing that the lower one does not.
const PARTS: [&str; 10] = [
    "contribution",
    "cost_of_goods",
    "cost_of_goods_returned",
    "discount",
    "net",
    "return_rate_high",
    "returned",
    "returned_attributed",
    "returned_gross",
    "rich_but_returning",
];

/// Into how many parts quantiles cut a feature; as many cut points are spread evenly over its range.
const CUTS: u32 = 32;

/// The most texts of a category that conditions name: the most frequent ones.
const TEXTS: usize = 60;

/// A feature in codes: 0 where it is missing.
pub(super) struct Coded {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) codes: Vec<u8>,
}

pub(super) enum Kind {
    /// The code is one more than the number of cut points that are at most the value.
    Number { cuts: Vec<f64> },
    /// The code is one more than the place among these texts, which stand from the most frequent on; others have the
    /// code after them.
    Text { texts: Vec<String> },
}

impl Coded {
    /// How many codes there are.
    pub(super) fn codes(&self) -> usize {
        match &self.kind {
            Kind::Number { cuts } => cuts.len() + 2,
            Kind::Text { texts } => texts.len() + 2,
        }
    }
}

/// The features of a table that a search may use, in the order of its columns, as codes of the population's values.
///
/// # Errors
/// [`Error::MissingFeature`] where the search names a feature that is not there, [`Error::FeatureType`] where it asks
/// for one that is neither number nor category, [`Error::Empty`] where nothing is left.
pub(super) fn coded(table: &FeatureTable, discovery: &Discovery, population: &Bitmap) -> Result<Vec<Coded>> {
    for name in discovery.features.iter().flatten().chain(&discovery.leave_out) {
        let column = table.column(name)?;
        if matches!(column.values(), Values::Time(_)) && !discovery.leave_out.contains(name) {
            return Err(Error::FeatureType {
                feature: name.clone(),
                found: column.values().type_name(),
                expected: "a number or a category; of a time, its age in days",
            });
        }
    }
    let wanted = |name: &str| {
        let listed = match &discovery.features {
            Some(names) => names.iter().any(|wanted| wanted == name),
            None => !PARTS.contains(&name.split("__").next().unwrap_or(name)),
        };
        listed && !discovery.leave_out.iter().any(|left_out| left_out == name)
    };
    let names: Vec<&str> = table.names().filter(|name| wanted(name)).collect();
    let coded: Vec<Option<Coded>> =
        names.par_iter().map(|name| code(table, name, population)).collect::<Result<_>>()?;
    let coded: Vec<Coded> = coded.into_iter().flatten().collect();
    if coded.is_empty() {
        let hint = "numbers and categories that are not parts of contribution itself are needed";
        return Err(Error::Empty { what: "the list of features to search", hint });
    }
    Ok(coded)
}

fn code(table: &FeatureTable, name: &str, population: &Bitmap) -> Result<Option<Coded>> {
    let (kind, codes) = match table.column(name)?.values() {
        Values::Time(_) => return Ok(None),
        Values::Category(values) => texts(values, population),
        values => {
            let whole = matches!(values, Values::U32(_) | Values::I32(_) | Values::I64(_));
            let feature = NumericFeature::of(table, name)?;
            let present = feature.present.map_or_else(|| population.clone(), |rows| rows.and(population));
            let cuts = cut_points(feature, &present, whole);
            let codes = scores(feature, feature.present, &cuts, Ties::Above, Scale::Rising);
            (Kind::Number { cuts }, codes)
        }
    };
    Ok(Some(Coded { name: name.to_owned(), kind, codes }))
}

/// The most frequent texts of a population, and every row's code.
fn texts(values: &Category, population: &Bitmap) -> (Kind, Vec<u8>) {
    let mut counts = vec![0_u64; values.levels().len()];
    for row in population.ones() {
        if let Some(code) = values.code(row) {
            counts[code as usize] += 1;
        }
    }
    let mut order: Vec<usize> = (0..counts.len()).filter(|code| counts[*code] > 0).collect();
    order.sort_by_key(|code| (std::cmp::Reverse(counts[*code]), *code));
    order.truncate(TEXTS);
    let mut code_of = vec![order.len() as u8 + 1; counts.len()];
    order.iter().zip(1..).for_each(|(level, code)| code_of[*level] = code);
    let codes = (0..values.len()).map(|row| values.code(row).map_or(0, |level| code_of[level as usize]));
    let text = |level: &usize| values.levels().get(*level as u32).unwrap_or_default().to_owned();
    (Kind::Text { texts: order.iter().map(text).collect() }, codes.collect())
}

/// Cut points of the values that are present: quantiles, which are dense where customers are, and evenly spread ones,
/// which are dense where groups part; as few digits each as keeps them apart.
fn cut_points(feature: NumericFeature<'_>, present: &Bitmap, whole: bool) -> Vec<f64> {
    let places: Vec<Quantile> = (1..CUTS).map(|part| Quantile::Part { part, parts: CUTS }).collect();
    let ends = [Quantile::Part { part: 1, parts: 200 }, Quantile::Part { part: 199, parts: 200 }];
    let places: Vec<Quantile> = places.into_iter().chain(ends).collect();
    let Some(mut cuts) = quantiles_of(feature, Some(present), &places) else { return Vec::new() };
    if let (Some(high), Some(low)) = (cuts.pop(), cuts.pop()) {
        let step = (high - low) / f64::from(CUTS);
        cuts.extend((1..CUTS).map(|place| low + step * f64::from(place)));
    }
    readable(cuts, whole)
}

/// The distinct cut points in the fewest digits, two at least, that keep most of them apart.
fn readable(mut cuts: Vec<f64>, whole: bool) -> Vec<f64> {
    let tidy = |cuts: &mut Vec<f64>| {
        cuts.retain(|cut| cut.is_finite());
        // Zero has one sign here.
        for cut in cuts.iter_mut() {
            *cut += 0.0;
        }
        cuts.sort_by(f64::total_cmp);
        cuts.dedup_by(|next, kept| next.total_cmp(kept).is_eq());
    };
    tidy(&mut cuts);
    let mut kept = cuts.clone();
    for digits in 2..=6 {
        let rounded = |cut: &f64| rounded(if whole { cut.ceil() } else { *cut }, digits);
        kept = cuts.iter().map(rounded).collect();
        tidy(&mut kept);
        if 3 * kept.len() >= 2 * cuts.len() || (whole && digits > 2 && 2 * kept.len() >= cuts.len()) {
            break;
        }
    }
    kept
}

/// A number with so many significant digits.
fn rounded(number: f64, digits: usize) -> f64 {
    format!("{number:.*e}", digits - 1).parse().unwrap_or(number)
}

/// What a condition asks of a feature's code.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Test {
    /// A value of at least the cut point at this place.
    AtLeast(u8),
    /// A value below it.
    Below(u8),
    /// No value.
    Missing,
    /// One of the texts of these codes, ascending.
    OneOf(Vec<u8>),
}

impl Test {
    /// How many kinds of tests there are.
    pub(super) const KINDS: usize = 4;

    pub(super) fn kind(&self) -> usize {
        match self {
            Self::AtLeast(_) => 0,
            Self::Below(_) => 1,
            Self::Missing => 2,
            Self::OneOf(_) => 3,
        }
    }
}

/// A condition on the feature at a place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Condition {
    pub(super) feature: usize,
    pub(super) test: Test,
}

/// The codes that meet a condition: one bit each.
pub(super) type Codes = [u64; 4];

impl Condition {
    pub(super) fn codes(&self) -> Codes {
        let mut codes = [0; 4];
        let mut set = |code: u8| codes[usize::from(code >> 6)] |= 1 << (code & 63);
        match &self.test {
            Test::AtLeast(cut) => (cut.saturating_add(2)..=u8::MAX).for_each(&mut set),
            Test::Below(cut) => (1..=cut.saturating_add(1)).for_each(&mut set),
            Test::Missing => set(0),
            Test::OneOf(texts) => texts.iter().copied().for_each(&mut set),
        }
        codes
    }

    /// Whether both ask the same kind of question of the same feature.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        self.feature == other.feature && self.test.kind() == other.test.kind()
    }

    /// The condition as others read it.
    pub(super) fn predicate(&self, features: &[Coded]) -> Predicate {
        let Coded { name, kind, .. } = &features[self.feature];
        let operand = feature(name);
        match (&self.test, kind) {
            (Test::AtLeast(cut), Kind::Number { cuts }) => operand.ge(cuts[usize::from(*cut)]),
            (Test::Below(cut), Kind::Number { cuts }) => operand.lt(cuts[usize::from(*cut)]),
            (Test::OneOf(codes), Kind::Text { texts }) => {
                let mut named = codes.iter().map(|code| texts[usize::from(*code) - 1].as_str());
                match (codes.len(), named.next()) {
                    (1, Some(only)) => operand.eq(only),
                    _ => operand.is_in(codes.iter().map(|code| texts[usize::from(*code) - 1].as_str())),
                }
            }
            _ => operand.is_missing(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_points_have_few_digits_and_stay_apart() {
        let rates: Vec<f64> = (0..100).map(|i| f64::from(i) / 99.0).collect();
        let cuts = readable(rates, false);
        assert!(cuts.len() > 60 && cuts.iter().all(|cut| cut.to_string().len() <= 5), "{cuts:?}");
        let amounts = readable(vec![1_234.567, 812.3, 95.49, 0.0, -7.77], false);
        assert_eq!(amounts, [-7.8, 0.0, 95.0, 810.0, 1_200.0]);
        let near = readable((0..20).map(|i| 1_000.0 + f64::from(i)).collect(), false);
        assert_eq!(near.len(), 20, "two digits would make them one");
        assert_eq!(readable(vec![1.0, 1.4, 2.0, 2.5, 17.2], true), [1.0, 2.0, 3.0, 18.0]);
        assert_eq!(readable(vec![-0.0, 0.0], false), [0.0]);
        assert!(readable(vec![], true).is_empty());
    }

    #[test]
    fn codes_of_each_test() {
        let has = |test: Test, code: u8| {
            let codes = Condition { feature: 0, test }.codes();
            codes[usize::from(code >> 6)] >> (code & 63) & 1 == 1
        };
        // With cuts 10, 20, 30 a value of 20 has the code 3.
        assert!(has(Test::AtLeast(1), 3) && !has(Test::AtLeast(1), 2) && !has(Test::AtLeast(1), 0));
        assert!(has(Test::Below(1), 2) && !has(Test::Below(1), 3) && !has(Test::Below(1), 0));
        assert!(has(Test::Missing, 0) && !has(Test::Missing, 1));
        assert!(has(Test::OneOf(vec![1, 70]), 70) && !has(Test::OneOf(vec![1, 70]), 2));
    }
}
