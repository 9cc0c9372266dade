//! Lookalikes on real customers, held against scikit-learn on the same splits.
