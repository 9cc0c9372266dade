//! Audits as text.

use std::fmt;

use super::{AuditFinding, FindingKind, RulesAudit};
use crate::layout::{TextTable, grouped, percent};

impl fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let other = self.other.as_deref().unwrap_or_default();
        if let Some(part) = &self.part {
            write!(f, "`{part}` ")?;
        }
        match (self.kind, self.part.is_some()) {
            (FindingKind::Empty, _) => write!(f, "has no customer"),
            (FindingKind::AlwaysUnknown, false) => write!(f, "is unknown for everyone"),
            (FindingKind::AlwaysUnknown, true) => {
                write!(f, "is unknown for everyone: nobody has the values it needs")
            }
            (FindingKind::TooSmall, _) => {
                write!(f, "has {}, too few to act on", grouped(self.holds))
            }
            (FindingKind::TooBroad, _) => {
                write!(f, "has {}, nearly everyone", grouped(self.holds))
            }
            (FindingKind::Equal, _) => write!(f, "has the same {} as `{other}`", grouped(self.holds)),
            (FindingKind::Contained, _) => write!(f, "has {}, all of them in `{other}`", grouped(self.holds)),
            (FindingKind::SingleFactor, _) => write!(f, "alone decides who is in"),
            (FindingKind::AlwaysHolds, _) => write!(f, "holds for everyone"),
            (FindingKind::NeverHolds, _) => write!(f, "holds for no one"),
        }?;
        if self.unknown > 0 && self.kind != FindingKind::AlwaysUnknown {
            write!(f, "; unknown for {}", grouped(self.unknown))?;
        }
        Ok(())
    }
}

impl fmt::Display for RulesAudit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |count: u64| percent(Some(count as f64 / self.customers as f64));
        let mut table = TextTable::new(&["<segment", "customers", "share", "unknown"]);
        for segment in &self.segments {
            let (customers, unknown) = (segment.customers, segment.unknown);
            table.row([segment.segment.clone(), grouped(customers), share(customers), share(unknown)]);
        }
        write!(f, "{table}")?;
        for segment in &self.segments {
            for finding in self.findings.iter().filter(|finding| finding.segment == segment.segment) {
                writeln!(f, "  {}: {finding}", segment.segment)?;
            }
        }
        Ok(())
    }
}
