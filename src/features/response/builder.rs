//! The settings of the response features.

use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::features::response::Response;
use crate::transaction::Window;

/// Whether channels have columns of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ByChannel {
    /// Each channel has, beside those of all events.
    #[default]
    Each,
    /// There are only those of all events.
    Together,
}

impl Response {
    /// Settings that need nothing said.
    #[must_use]
    pub fn builder() -> ResponseBuilder {
        ResponseBuilder(Self {
            windows: vec![Window::all()],
            responses: [EventKind::Opened, EventKind::Clicked, EventKind::Converted]
                .into_iter()
                .map(String::from)
                .collect(),
            prior_messages: 10,
            by_channel: ByChannel::default(),
        })
    }
}

/// Builds a [`Response`].
#[derive(Clone, Debug)]
pub struct ResponseBuilder(Response);

impl ResponseBuilder {
    /// The windows that events are counted in, each with columns of its own. Defaults to [`Window::all`] alone.
    #[must_use]
    pub fn windows(mut self, windows: impl IntoIterator<Item = Window>) -> Self {
        self.0.windows = windows.into_iter().collect();
        self
    }

    /// The kinds that are responses, for the favourite channel and hour and the days since. Mail programs that open
    /// every message by themselves are a reason to leave `opened` out. Defaults to opened, clicked and converted.
    #[must_use]
    pub fn responses<K: Into<String>>(mut self, kinds: impl IntoIterator<Item = K>) -> Self {
        self.0.responses = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// How many messages the shop's rate weighs in an expected rate: the more, the longer a customer's own few
    /// messages are doubted. Defaults to 10.
    #[must_use]
    pub fn prior_messages(mut self, messages: u32) -> Self {
        self.0.prior_messages = messages;
        self
    }

    /// Whether channels have columns of their own. Defaults to [`ByChannel::Each`].
    #[must_use]
    pub fn by_channel(mut self, by_channel: ByChannel) -> Self {
        self.0.by_channel = by_channel;
        self
    }

    /// The settings.
    ///
    /// # Errors
    /// [`Error::Setting`] without a window or a kind of response, for a window that is given twice, an empty kind, or
    /// no prior message. A window whose end depends on the moment is checked when the moment is known.
    pub fn build(self) -> Result<Response> {
        let response = self.0;
        let setting = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        let mut names: Vec<String> = response.windows.iter().map(Window::to_string).collect();
        names.sort_unstable();
        if names.is_empty() {
            return setting("windows", "none".into(), "at least one window");
        }
        let given = names.len();
        names.dedup();
        if names.len() < given {
            return setting("windows", format!("{given} of which some are the same"), "each window once");
        }
        if response.responses.is_empty() {
            return setting("responses", "none".into(), "at least one kind of event");
        }
        if response.responses.iter().any(String::is_empty) {
            return setting("responses", "``".into(), "kinds of at least one character");
        }
        if response.prior_messages == 0 {
            return setting("prior_messages", "0".into(), "at least one message");
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_mean_nothing_are_refused() {
        let none: [String; 0] = [];
        for (builder, expected) in [
            (Response::builder().windows([]), "windows"),
            (Response::builder().windows([Window::days(5), Window::all(), Window::days(5)]), "windows"),
            (Response::builder().responses(none), "responses"),
            (Response::builder().responses(["opened", ""]), "responses"),
            (Response::builder().prior_messages(0), "prior_messages"),
        ] {
            match builder.build().unwrap_err() {
                Error::Setting { setting, .. } => assert_eq!(setting, expected),
                other => panic!("{other}"),
            }
        }
    }
}
