//! Which scorer serves some seeds, and why.

use super::ScorerKind;
use super::modes::SeedModes;

/// Effective seeds from which on a weight for every dimension can be learned.
const FEW: f64 = 300.0;

/// Seeds of the smallest kind from which on a cloud of its own can be described.
const SMALLEST_KIND: usize = 50;

/// How many times as deep as needed the valleys must be where kinds shall decide.
const CLEAR: f64 = 1.25;

/// The scorer that the number of seeds and their kinds speak for, and the reason in words.
///
/// Several kinds that are clearly apart come first, since no single direction leads to all of them: a cloud for each where
/// each has 50 seeds, else the nearest seeds. Otherwise logistic regression from 300 effective seeds on, and weight of
/// evidence for fewer, of which a regression may learn more noise than pattern. Where it is not the regression, the fit
/// asks held-out seeds whether it should have been: on real customers it often should (see the benchmarks' table).
pub(crate) fn choose(effective_seeds: f64, seeds: usize, modes: &SeedModes) -> (ScorerKind, String) {
    let counted = if effective_seeds.round() >= seeds as f64 {
        format!("{seeds} seeds")
    } else {
        format!("{seeds} seeds that by their weights count as {effective_seeds:.0}")
    };
    if modes.modes > 1 && modes.depth >= CLEAR {
        let smallest = modes.sizes.iter().copied().min().unwrap_or_default();
        let kind = if smallest >= SMALLEST_KIND { ScorerKind::Mixture } else { ScorerKind::NearestSeeds };
        (kind, format!("{} ask for {kind}, the smallest of {smallest} seeds", modes.reason))
    } else if effective_seeds < FEW {
        let kind = ScorerKind::WeightOfEvidence;
        (kind, format!("{counted}, fewer than {FEW:.0}, ask for {kind}"))
    } else {
        let kind = ScorerKind::Logistic;
        (kind, format!("{kind}: {counted} are enough for it, and of one kind as far as it matters"))
    }
}
