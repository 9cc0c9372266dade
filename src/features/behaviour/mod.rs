//! What customers did, counted for rules: behaviours over orders and events.

use std::fmt;

/// What a customer did, in a form that rules can ask about.
#[derive(Clone, PartialEq, Debug)]
pub struct Behaviour {
    name: String,
}

impl Behaviour {
    /// The name of its column in a table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
