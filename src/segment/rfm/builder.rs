//! What a user says of an RFM, checked once.

use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};

use super::axis::{Axis, AxisSetting, CutConvention, Cutting, Direction, RfmMode};
use super::model::RfmModel;
use super::naming::{NameTable, SegmentScheme};

/// An RFM that is ready to be fitted. The [module](crate::segment::rfm) says how scores and names come about.
#[derive(Clone, PartialEq, Debug)]
pub struct Rfm {
    pub(super) axes: [AxisSetting; 3],
    pub(super) return_rate: Option<AxisSetting>,
    pub(super) mode: RfmMode,
    pub(super) convention: CutConvention,
    pub(super) scheme: SegmentScheme,
    pub(super) naming: NameTable,
}

/// Settings of an [`Rfm`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct RfmBuilder {
    axes: [AxisSetting; 3],
    return_rate: AxisSetting,
    scores_return_rate: bool,
    mode: RfmMode,
    convention: CutConvention,
    scheme: SegmentScheme,
}

impl Rfm {
    /// Begins an RFM on the features `recency_days`, `orders` and `net`.
    pub fn builder() -> RfmBuilder {
        let axis = |feature: Feature, direction| AxisSetting {
            feature: feature.name().to_owned(),
            direction,
            cutting: Cutting::Bins(5),
        };
        RfmBuilder {
            axes: [
                axis(Feature::RecencyDays, Direction::LowIsGood),
                axis(Feature::Orders, Direction::HighIsGood),
                axis(Feature::Net, Direction::HighIsGood),
            ],
            return_rate: axis(Feature::ReturnRate, Direction::LowIsGood),
            scores_return_rate: false,
            mode: RfmMode::default(),
            convention: CutConvention::default(),
            scheme: SegmentScheme::default(),
        }
    }

    /// Learns the cut points of a table's customers.
    ///
    /// O(customers) time; memory for the values near the quantiles, some per cent of a column.
    ///
    /// # Errors
    /// [`Error::Empty`] where no customer has a recency or one of the other scored features,
    /// [`Error::MissingFeature`], [`Error::FeatureType`] for text.
    pub fn fit(&self, table: &FeatureTable) -> Result<RfmModel> {
        super::fit::fit(self, table)
    }
}

impl RfmBuilder {
    /// The feature that measures money: `gross`, `net`, `contribution` or any other number. Defaults to `net`.
    pub fn monetary(self, feature: impl AsRef<str>) -> Self {
        self.feature(Axis::Monetary, feature)
    }

    /// Adds a fourth score for a return rate, low rates being good. Defaults to no such score.
    pub fn return_rate(mut self, feature: impl AsRef<str>) -> Self {
        self.scores_return_rate = true;
        self.feature(Axis::ReturnRate, feature)
    }

    /// The feature of an axis. Defaults to `recency_days`, `orders`, `net` and `return_rate`.
    pub fn feature(mut self, axis: Axis, feature: impl AsRef<str>) -> Self {
        feature.as_ref().clone_into(&mut self.axis(axis).feature);
        self
    }

    /// Which end of an axis gets the highest score. Defaults to [`Direction::LowIsGood`] for recency and the return
    /// rate, [`Direction::HighIsGood`] for frequency and money.
    pub fn direction(mut self, axis: Axis, direction: Direction) -> Self {
        self.axis(axis).direction = direction;
        self
    }

    /// The number of bins of every axis, 1 to 99. Defaults to 5.
    pub fn bins(mut self, bins: usize) -> Self {
        for axis in [Axis::Recency, Axis::Frequency, Axis::Monetary, Axis::ReturnRate] {
            self = self.axis_bins(axis, bins);
        }
        self
    }

    /// The number of bins of one axis, 1 to 99. Defaults to 5.
    pub fn axis_bins(mut self, axis: Axis, bins: usize) -> Self {
        self.axis(axis).cutting = Cutting::Bins(bins);
        self
    }

    /// Cut points of one axis, ascending and in the feature's unit (money in currency units), in place of quantiles.
    /// Defaults to quantiles.
    pub fn axis_cuts(mut self, axis: Axis, cuts: impl IntoIterator<Item = f64>) -> Self {
        self.axis(axis).cutting = Cutting::Points(cuts.into_iter().collect());
        self
    }

    /// Whether axes are scored on their own or within each other. Defaults to [`RfmMode::Independent`].
    pub fn mode(mut self, mode: RfmMode) -> Self {
        self.mode = mode;
        self
    }

    /// To which bin a value on a cut point belongs. Defaults to [`CutConvention::RightClosed`].
    pub fn cut_convention(mut self, convention: CutConvention) -> Self {
        self.convention = convention;
        self
    }

    /// How scores get their names: a [`SegmentMap`](super::SegmentMap) or [`SegmentBoxes`](super::SegmentBoxes).
    /// Defaults to [`SegmentMap::standard`](super::SegmentMap::standard), which needs 5 recency and 5 frequency bins.
    pub fn segments(mut self, scheme: impl Into<SegmentScheme>) -> Self {
        self.scheme = scheme.into();
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for a number of bins, cut points or segments that cannot be, among them a map that does not
    /// name each pair of scores once; [`Error::UnknownSegment`] for a segment renamed that the map does not have.
    pub fn build(self) -> Result<Rfm> {
        let return_rate = self.scores_return_rate.then_some(self.return_rate);
        for axis in self.axes.iter().chain(&return_rate) {
            axis.cutting.check("bins")?;
            if axis.feature.is_empty() {
                return Err(Error::Setting {
                    setting: "feature",
                    found: "an empty name".into(),
                    expected: "the name of a feature",
                });
            }
        }
        let bins = |axis: &AxisSetting| axis.cutting.bins();
        let [recency, frequency, monetary] = &self.axes;
        let bins = [bins(recency), bins(frequency), bins(monetary), return_rate.as_ref().map_or(0, bins)];
        let naming = NameTable::new(&self.scheme, bins)?;
        Ok(Rfm {
            axes: self.axes,
            return_rate,
            mode: self.mode,
            convention: self.convention,
            scheme: self.scheme,
            naming,
        })
    }

    fn axis(&mut self, axis: Axis) -> &mut AxisSetting {
        let [recency, frequency, monetary] = &mut self.axes;
        match axis {
            Axis::Recency => recency,
            Axis::Frequency => frequency,
            Axis::Monetary => monetary,
            Axis::ReturnRate => &mut self.return_rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ScoreBox, SegmentBoxes, SegmentMap};
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused() {
        let refused = |builder: RfmBuilder| builder.build().unwrap_err().to_string();
        assert!(refused(Rfm::builder().bins(0)).contains("setting `bins` is 0; expected 1 to 99"));
        assert!(refused(Rfm::builder().axis_bins(Axis::Monetary, 100)).contains("100"));
        assert!(refused(Rfm::builder().axis_cuts(Axis::Monetary, [1.0, f64::NAN])).contains("NaN"));
        assert!(refused(Rfm::builder().axis_cuts(Axis::Monetary, [1.0, 1.0])).contains("1 followed by 1"));
        assert!(
            refused(Rfm::builder().axis_cuts(Axis::Monetary, (0..99).map(f64::from)))
                .contains("99 cut points")
        );
        assert!(refused(Rfm::builder().monetary("")).contains("an empty name"));
        assert!(refused(Rfm::builder().bins(3)).contains("with scores up to 3 and 3"));
        assert!(
            refused(Rfm::builder().segments(SegmentMap::standard().renamed("new", " "))).contains("segments")
        );
        let all_four = ScoreBox::any().frequency(1..=1).monetary(2..=2).return_rate(1..=2);
        let wide = SegmentBoxes::new("rest").segment("x", all_four);
        assert!(
            refused(Rfm::builder().return_rate("return_rate").bins(90).segments(wide)).contains("fewer bins")
        );
    }

    #[test]
    fn the_widest_scales_that_fit_are_accepted() {
        let boxes = SegmentBoxes::new("rest").segment("x", ScoreBox::any().monetary(99..=99));
        assert!(Rfm::builder().bins(99).segments(boxes.clone()).build().is_ok());
        assert!(Rfm::builder().bins(1).segments(SegmentBoxes::new("all")).build().is_ok());
        assert!(Rfm::builder().axis_cuts(Axis::Monetary, []).build().is_ok(), "no cut point is one bin");
    }
}
