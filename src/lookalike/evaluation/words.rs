//! An evaluation as a table for people.

use std::fmt;

use crate::layout::{TextTable, grouped, percent};
use crate::lookalike::evaluation::evaluated::{Estimate, Evaluated, Protocol, RankingFigures};

/// Features whose drift is told: the first of them, where they moved beyond what chance does.
const DRIFTING: usize = 5;

fn share_of(estimate: Option<Estimate>) -> String {
    percent(estimate.map(|estimate| estimate.mean))
}

fn lift(figures: Option<&RankingFigures>) -> String {
    figures.map_or_else(|| "–".to_owned(), |figures| format!("{:.2}", figures.lift.mean))
}

/// A whole share without a decimal, as people write it.
fn whole_percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

impl fmt::Display for Evaluated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seeds, held_out, pool) = (grouped(self.seeds), grouped(self.held_out), grouped(self.pool));
        match self.protocol {
            Protocol::HeldOut { repeats, share } => writeln!(
                f,
                "Lookalikes put to the test: of {seeds} seeds {held_out} ({}) were held out, {repeats} times, and looked for \
                 among {pool} customers",
                whole_percent(share)
            )?,
            Protocol::OverTime => writeln!(
                f,
                "Lookalikes put to the test of time: from {seeds} seeds, {held_out} customers who became good after were \
                 looked for among {pool}"
            )?,
        }
        self.not_looked_for(f)?;
        write!(f, "{}", self.table())?;
        self.areas(f)?;
        self.cautions(f)
    }
}

impl Evaluated {
    /// Who of the list could not be looked for.
    fn not_looked_for(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(list) = self.became_good else { return Ok(()) };
        let why = [
            (list.unknown, "not in the table"),
            (list.seeds, "seeds already"),
            (list.not_eligible, "not eligible"),
        ];
        let why: Vec<String> = why
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, why)| format!("{} {why}", grouped(*count)))
            .collect();
        if why.is_empty() {
            return Ok(());
        }
        writeln!(f, "Of {} named as having become good are {}.", grouped(list.named), why.join(", "))
    }

    /// The figures of each share, a row each, and those of chance.
    fn table(&self) -> TextTable {
        let (found, precision) = match self.protocol {
            Protocol::HeldOut { .. } => ("seeds found", "seeds at least"),
            Protocol::OverTime => ("good found", "good among them"),
        };
        let headings =
            ["<first", "customers", found, "lift", "±", "by RFM", "by centroid", precision, "value found"];
        let mut headings = headings.to_vec();
        let first = self.shares.first().map(|figures| figures.lookalike);
        let rates = first.is_some_and(|own| own.return_rate.is_some());
        let contribution = first.is_some_and(|own| own.contribution.is_some());
        headings.extend(rates.then_some("return rate"));
        headings.extend(contribution.then_some("contribution each"));
        let mut table = TextTable::new(&headings);
        let tail = |figures: &RankingFigures| {
            let money = |estimate: Estimate| format!("{:.2}", estimate.mean);
            let rate = rates.then(|| share_of(figures.return_rate));
            let each = contribution.then(|| figures.contribution.map_or_else(|| "–".to_owned(), money));
            rate.into_iter().chain(each)
        };
        for figures in &self.shares {
            let own = &figures.lookalike;
            let cells = [
                whole_percent(figures.share),
                grouped(figures.customers.round() as i128),
                share_of(Some(own.recall)),
                lift(Some(own)),
                own.lift.standard_error.map_or_else(|| "–".to_owned(), |error| format!("{error:.2}")),
                lift(figures.rfm.as_ref()),
                lift(Some(&figures.centroid)),
                share_of(Some(own.precision)),
                share_of(own.captured),
            ];
            table.row(cells.into_iter().chain(tail(own)));
        }
        if let Some(figures) = self.shares.last() {
            let random = &figures.random;
            let one = || "1.00".to_owned();
            let (rfm, none) = (figures.rfm.map_or_else(|| "–".to_owned(), |_| one()), String::new());
            let precision = share_of(Some(random.precision));
            let cells = ["at random".to_owned(), none.clone(), none.clone(), one(), none.clone(), rfm, one()];
            table.rule();
            table.row(cells.into_iter().chain([precision, none]).chain(tail(random)));
        }
        table
    }

    /// How often who is sought is ranked first.
    fn areas(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.protocol {
            Protocol::HeldOut { .. } => "A seed that was held out",
            Protocol::OverTime => "One who became good",
        };
        let area = |estimate: Estimate| percent(Some(estimate.mean));
        write!(f, "{who} is ranked before another customer in {} of cases (", area(self.auc.lookalike))?;
        if let Some(rfm) = self.auc.rfm {
            write!(f, "RFM {}, ", area(rfm))?;
        }
        writeln!(f, "centroid {}, a coin 50.0 %).", area(self.auc.centroid))?;
        if let Some((hidden, corrected)) = self.hidden.zip(self.auc.lookalike_unlabelled) {
            writeln!(
                f,
                "If {} of the pool are like the seeds unknown to all, that is {} of cases against the others.",
                whole_percent(hidden),
                area(corrected)
            )?;
        }
        Ok(())
    }

    /// What else one has to know before relying on it.
    fn cautions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Protocol::HeldOut { .. } = self.protocol {
            writeln!(
                f,
                "What is found of seeds is a lower bound of who is like them: the others in the audience may be good as well."
            )?;
        }
        let moved: Vec<String> = self
            .drift
            .iter()
            .filter(|drift| drift.stability > 2.0 * drift.by_chance)
            .take(DRIFTING)
            .map(|drift| format!("{} ({:.2})", drift.feature, drift.stability))
            .collect();
        if !moved.is_empty() {
            writeln!(
                f,
                "The first {} differ most from the pool in {} (stability index; above 0.25 is another distribution).",
                whole_percent(self.drift_share),
                moved.join(", ")
            )?;
        }
        if let Some(calibration) = &self.calibration {
            writeln!(
                f,
                "As probabilities, similarities are off by {} on average; after Platt's curve by {}, after isotonic regression \
                 by {}.",
                percent(Some(calibration.similarity.error)),
                percent(Some(calibration.platt.error)),
                percent(Some(calibration.isotonic.error))
            )?;
        }
        if !self.leaks.is_empty() {
            writeln!(
                f,
                "Warning: {} alone tells seeds from the pool. If it defines the seed, leave it out and evaluate again: no figure \
                 above says anything then.",
                self.leaks.join(", ")
            )?;
        }
        Ok(())
    }
}
