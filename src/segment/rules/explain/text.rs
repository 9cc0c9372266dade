//! Explanations as text.

use std::fmt;

use super::{Explanation, ExplanationLine, Part, WaterfallExplanation};
use crate::segment::rules::Truth;
use crate::transaction::CustomerId;

/// Levels that are indented; what is deeper stands as far to the right as these.
const INDENTED: usize = 40;

/// The customer as the subject of a sentence.
fn who(customer: Option<&CustomerId>) -> String {
    customer.map_or_else(|| "The customer".to_owned(), ToString::to_string)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (who, segment) = (who(self.customer.as_ref()), &self.segment);
        match self.truth {
            Truth::True => writeln!(f, "{who} is in `{segment}`")?,
            Truth::False => writeln!(f, "{who} is not in `{segment}`")?,
            Truth::Unknown => writeln!(f, "Nobody can say whether {who} is in `{segment}`")?,
        }
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        for change in &self.changes {
            writeln!(f, "It would be {}.", change.text)?;
        }
        Ok(())
    }
}

impl fmt::Display for ExplanationLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.decisive { '*' } else { ' ' };
        let indent = 2 * self.depth.min(INDENTED);
        write!(f, "{mark} {:<8} {:indent$}", self.truth, "")?;
        if let Some(points) = self.points {
            write!(f, "{points} points: ")?;
        }
        f.write_str(&self.text)?;
        match &self.found {
            Some(found) => write!(f, " — {}", found.text),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Condition => "condition",
            Self::All => "all of",
            Self::Any => "one of",
            Self::Not => "not",
            Self::Score => "score",
            Self::Segment => "segment",
            Self::SegmentAbove => "segment, see above",
        })
    }
}

impl fmt::Display for WaterfallExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = who(self.customer.as_ref());
        match self.step {
            Some(step) if self.steps.get(step).is_some_and(|step| step.truth.is_true()) => {
                writeln!(f, "{who} ends in `{}`, which is step {}", self.segment, step + 1)?;
            }
            Some(step) => {
                writeln!(
                    f,
                    "{who} ends in `{}`: nobody can say whether she meets step {}",
                    self.segment,
                    step + 1
                )?;
            }
            None => writeln!(f, "{who} ends in `{}`: she meets no step", self.segment)?,
        }
        for (position, step) in self.steps.iter().enumerate() {
            writeln!(f)?;
            write!(f, "Step {}: {step}", position + 1)?;
        }
        Ok(())
    }
}
