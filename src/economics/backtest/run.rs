//! The plan of then, and what its customers did after.

use crate::bitmap::Bitmap;
use crate::economics::backtest::{Backtest, BacktestOutcome, Outcome, SegmentOutcome, TenthOutcome};
use crate::economics::builder::Economics;
use crate::economics::concentration::{TENTHS, bounds};
use crate::economics::costs::Costs;
use crate::economics::facts::Facts;
use crate::economics::plan::{descending, ranks};
use crate::economics::returns::RatioSums;
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::{Error, Result};
use crate::features::{Computed, Feature, FeatureExtractor, FeatureTable, ReturnKnowledge};
use crate::segment::Segmentation;
use crate::transaction::{AsOf, DAY, Money, MoneyTotal, TransactionLog, Window};

/// What the waterfall of the days after is made of. Posted returns are left out: a return belongs to its sale here,
/// whenever it came.
const MEASURED: [Feature; 12] = [
    Feature::Gross,
    Feature::Discount,
    Feature::ReturnedAttributed,
    Feature::ReturnedGross,
    Feature::CostOfGoods,
    Feature::CostOfGoodsReturned,
    Feature::Orders,
    Feature::Items,
    Feature::ItemsReturned,
    Feature::OrdersWithReturn,
    Feature::ReturnParcels,
    Feature::Country,
];

impl Economics {
    /// Makes the plan of a past moment from what was known then, and holds it against what its customers did in the days
    /// after. Segments are made by `segment`, which is given the enriched table of then: fit there what you fit today.
    ///
    /// The extractor's features are taken as of the past moment. O(lines) twice, and the time of the segments.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where returns carry no time, because nobody could say which of them were known then;
    /// [`Error::Setting`] where the log ends before the days after do, or nothing was bought before the moment; as for
    /// [`FeatureExtractor::extract`], [`Economics::enrich`] and [`Economics::prioritize`]; what `segment` returns.
    pub fn backtest(
        &self,
        log: &TransactionLog,
        extractor: &FeatureExtractor,
        test: &Backtest,
        segment: impl FnOnce(&FeatureTable) -> Result<Segmentation>,
    ) -> Result<BacktestOutcome> {
        let (end, until) = (log.as_of_end()?, test.until(log)?);
        let (then, _) = self.customers_of(log, &extractor.moved_to(test.at.clone())?)?;
        test.check(&then)?;
        let then = self.enrich(&then)?;
        let segments = segment(&then)?;
        let known = Facts::read(&then)?;
        let before = waterfalls(&self.costs, &known)?;
        let plan = self.rank(&known, &before, &segments)?.places;

        let costs = self.costs.of_orders_alone();
        let after = test.outcome_table(&costs, log, &then, (&until, &end))?;
        let facts = Facts::read(&after)?;
        let after = After { waterfalls: &waterfalls(&costs, &facts)?, facts: &facts };
        let places: Vec<Option<usize>> =
            (0..then.len()).map(|row| after.facts.table.ids().position(&then.ids().id(row))).collect();
        let level = self.settings.confidence;
        let outcome = |rows: &mut dyn Iterator<Item = usize>| {
            after.outcome(&rows.map(|row| places[row]).collect::<Vec<_>>(), level)
        };

        let all = outcome(&mut (0..then.len()));
        let members = members(&segments);
        let mut found: Vec<SegmentOutcome> = plan
            .iter()
            .map(|place| {
                let position = segments.named(&place.segment)?;
                Ok(SegmentOutcome {
                    segment: place.segment.clone(),
                    action: place.action,
                    rank: place.rank,
                    rank_by_gross: place.rank_by_gross,
                    rank_after: 0,
                    return_rate_before: place.economics.return_rate.map(|rate| rate.rate),
                    outcome: outcome(&mut members[position].iter().copied()),
                })
            })
            .collect::<Result<_>>()?;
        let contribution = |place: usize| found[place].outcome.contribution;
        let ranks_after = ranks(found.len(), |a, b| contribution(b).cmp(&contribution(a)));
        found.iter_mut().zip(ranks_after).for_each(|(segment, rank)| segment.rank_after = rank);
        let correlation = |rank: fn(&SegmentOutcome) -> usize| {
            rank_correlation(found.iter().map(|segment| (rank(segment), segment.rank_after)))
        };

        let tenths = |value: &dyn Fn(usize) -> Option<i64>| {
            let (rows, values): (Vec<usize>, Vec<i64>) =
                (0..then.len()).filter_map(|row| Some((row, value(row)?))).unzip();
            let order = descending(&values);
            (0..TENTHS)
                .map(|tenth| {
                    let places = &order[bounds(tenth, order.len())];
                    let outcome = outcome(&mut places.iter().map(|place| rows[*place as usize]));
                    let share = outcome.contribution.share_of(all.contribution);
                    TenthOutcome {
                        tenth: tenth + 1,
                        contribution: outcome.contribution,
                        share_of_contribution: share.filter(|_| all.contribution > MoneyTotal::ZERO),
                        outcome,
                    }
                })
                .collect()
        };
        let by_contribution = tenths(&|row| before.last_margin(row).map(Money::ten_thousandths));
        let by_gross = tenths(&|row| before.last_margin(row).and_then(|_| known.gross.get(row)));

        let mut newcomers = Bitmap::filled(after.facts.len(), true);
        places.iter().flatten().for_each(|place| newcomers.set(*place, false));
        let new: Vec<Option<usize>> = newcomers.ones().map(Some).collect();
        let new = after.outcome(&new, level);
        Ok(BacktestOutcome {
            rank_correlation: correlation(|segment| segment.rank),
            rank_correlation_by_gross: correlation(|segment| segment.rank_by_gross),
            segments: found,
            by_contribution,
            by_gross,
            customers: then.len() as u64,
            customers_new: new.buyers,
            gross_new: new.gross,
            all,
            days_seen_after: u32::try_from((end.micros() - until.micros()) / DAY).unwrap_or(u32::MAX),
            at: test.at.clone(),
            until,
        })
    }
}

impl Backtest {
    /// The end of the days after.
    fn until(&self, log: &TransactionLog) -> Result<AsOf> {
        let end = log.as_of_end()?;
        let until = self.at.micros().saturating_add(i64::from(self.days) * DAY);
        if until > end.micros() {
            return Err(Error::Setting {
                setting: "at",
                found: format!("{} with {} days after it; the log ends before {end}", self.at, self.days),
                expected: "a moment whose days after are in the log: an earlier one, or fewer days",
            });
        }
        AsOf::instant(until, self.at.zone())
    }

    /// Whether the table of then holds what was known then, and anyone at all.
    fn check(&self, then: &FeatureTable) -> Result<()> {
        if then.context().is_some_and(|context| context.returns == ReturnKnowledge::AsKnown) {
            return Err(Error::Incompatible {
                what: "the time of returns",
                left: "not recorded for every return".to_owned(),
                right: format!("needed: a plan of {} may only know what had come back by then", self.at),
            });
        }
        if then.is_empty() {
            return Err(Error::Setting {
                setting: "at",
                found: format!("{}, before which there is no line", self.at),
                expected: "a moment with customers before it",
            });
        }
        Ok(())
    }

    /// What every customer bought in the days after, with all its returns, under the names that economics reads.
    fn outcome_table(
        &self,
        costs: &Costs,
        log: &TransactionLog,
        then: &FeatureTable,
        (until, end): (&AsOf, &AsOf),
    ) -> Result<FeatureTable> {
        let after = u32::try_from((end.micros() - until.micros()) / DAY).unwrap_or(u32::MAX);
        // Counted back from a moment a whole number of days after: the last day of the log may not be full.
        let known = AsOf::instant(until.micros() + i64::from(after) * DAY, end.zone())?;
        let window = Window::days_ago(after + self.days, after);
        let features = MEASURED.into_iter().filter(|feature| then.has(feature));
        let by_category = costs
            .traits(log.rules())
            .into_iter()
            .map(|computed| Computed { window: window.clone(), ..computed });
        let extractor = FeatureExtractor::builder(known)
            .features([])
            .within(&window, features)
            .computed(by_category)
            .build()?;
        let table = extractor.extract(log)?;
        let suffix = format!("__{window}");
        let columns = table.names().map(|name| {
            let plain = name.strip_suffix(&suffix).unwrap_or(name).to_owned();
            Ok((plain, table.column(name)?.clone()))
        });
        let renamed = FeatureTable::from_columns(table.ids().clone(), columns.collect::<Result<Vec<_>>>()?)?;
        Ok(match table.context() {
            Some(context) => renamed.described(context.clone()),
            None => renamed,
        })
    }
}

/// The rows of each segment.
fn members(segments: &Segmentation) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); segments.names().len()];
    for row in 0..segments.len() {
        if let Some(position) = segments.position(row) {
            members[position].push(row);
        }
    }
    members
}

/// The days after.
struct After<'a> {
    facts: &'a Facts<'a>,
    waterfalls: &'a Waterfalls,
}

impl After<'_> {
    /// What customers did who stand at `places`; someone without one bought nothing.
    fn outcome(&self, places: &[Option<usize>], level: f64) -> Outcome {
        let pair = |place: usize| Some((self.facts.paid(place)?, self.facts.attributed?.get(place)?));
        let pairs = || places.iter().flatten().filter_map(|place| pair(*place));
        let units = |amount: i128| MoneyTotal::from_ten_thousandths(amount).to_f64();
        let (bought, back) =
            pairs().fold((0, 0), |(x, y), (paid, back)| (x + i128::from(paid), y + i128::from(back)));
        let rate = RatioSums::new(units(bought), units(back)).and_then(|mut sums| {
            pairs().for_each(|(paid, back)| sums.add(units(paid.into()), units(back.into())));
            sums.estimate(level)
        });
        let mut sum = Outcome {
            customers: places.len() as u64,
            buyers: 0,
            gross: MoneyTotal::ZERO,
            contribution: MoneyTotal::ZERO,
            return_rate: self.facts.attributed.and(rate),
        };
        for place in places.iter().flatten() {
            if let Some(waterfall) = self.waterfalls.customer(*place) {
                sum.buyers += u64::from(waterfall.gross() > MoneyTotal::ZERO);
                sum.gross += waterfall.gross();
                sum.contribution += waterfall.cm2();
            }
        }
        sum
    }
}

/// Spearman's rank correlation of ranks without ties.
fn rank_correlation(pairs: impl Iterator<Item = (usize, usize)>) -> Option<f64> {
    let pairs: Vec<(usize, usize)> = pairs.collect();
    let n = pairs.len() as f64;
    let squares: f64 = pairs.iter().map(|(a, b)| a.abs_diff(*b) as f64).map(|d| d * d).sum();
    (pairs.len() >= 3).then(|| 1.0 - 6.0 * squares / (n * (n * n - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_correlate_from_minus_one_to_one() {
        let same = rank_correlation([(1, 1), (2, 2), (3, 3), (4, 4)].into_iter());
        let turned = rank_correlation([(1, 4), (2, 3), (3, 2), (4, 1)].into_iter());
        let swapped = rank_correlation([(1, 2), (2, 1), (3, 3), (4, 4)].into_iter());
        assert_eq!((same, turned), (Some(1.0), Some(-1.0)));
        assert!((swapped.unwrap() - 0.8).abs() < 1e-12);
        assert_eq!(rank_correlation([(1, 2), (2, 1)].into_iter()), None);
    }
}
