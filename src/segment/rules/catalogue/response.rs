//! How a customer answers: mail that is not read, one channel that she reacts to and another that she does not.

use super::template::{Template, at_least_one, check, templates, text};
use crate::error::Result;
use crate::features::slug;
use crate::segment::rules::{Operand, Predicate, feature};
use crate::transaction::Window;

/// What counts as an answer to a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// She opened it, or clicked. Mail programs that open every message by themselves make this mean little.
    Opened,
    /// She clicked.
    Clicked,
}

/// A feature of [`Response`](crate::features::Response) of one channel in a window.
fn of_channel(name: &str, channel: &str, window: &Window) -> Operand {
    let window = if *window == Window::all() { String::new() } else { format!("__{window}") };
    feature(format!("{name}__{}{window}", slug(channel)))
}

/// Messages of a channel that were answered.
fn answered(answer: Answer, channel: &str, window: &Window) -> Operand {
    let name = match answer {
        Answer::Opened => "messages_opened",
        Answer::Clicked => "messages_clicked",
    };
    of_channel(name, channel, window)
}

/// Messages of a channel that were sent.
fn sent(channel: &str, window: &Window) -> Operand {
    of_channel("sent", channel, window)
}

/// Who gets mail and never opens it?
///
/// Needs the features of [`Response`](crate::features::Response) by channel, in the window:
/// `Response::builder().windows([Window::days(180)])`. Where openings are not recorded at all, everyone is unknown
/// and no one is unresponsive. Ten mails are hardly an accident: someone who opens a quarter of her mail leaves ten
/// in a row unopened one time in 18.
///
/// ```
/// use kohort::segment::catalogue::MailUnresponsive;
///
/// let rule = MailUnresponsive::default().predicate()?;
/// assert_eq!(rule.to_string(), "sent__email__180d >= 10 AND messages_opened__email__180d = 0");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct MailUnresponsive {
    channel: String,
    messages: u32,
    answer: Answer,
    window: Window,
}

impl Default for MailUnresponsive {
    fn default() -> Self {
        Self { channel: "email".to_owned(), messages: 10, answer: Answer::Opened, window: Window::days(180) }
    }
}

impl MailUnresponsive {
    /// What the event log calls mail. Defaults to `email`.
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = channel.into();
        self
    }

    /// She was sent at least so many, at least 1. Defaults to 10.
    pub fn messages(mut self, messages: u32) -> Self {
        self.messages = messages;
        self
    }

    /// What she did with none of them. Defaults to [`Answer::Opened`].
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// In which window. Defaults to the last 180 days.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }
}

impl Template for MailUnresponsive {
    fn title(&self) -> String {
        "mail-unresponsive".to_owned()
    }

    fn check(&self) -> Result<()> {
        text("channel", &self.channel)?;
        at_least_one("messages", self.messages)?;
        self.window.check()
    }

    fn rule(&self) -> Predicate {
        let got_mail = sent(&self.channel, &self.window).ge(self.messages);
        got_mail.and(answered(self.answer, &self.channel, &self.window).eq(0))
    }
}

/// Who reacts to one channel and not to another?
///
/// Needs the features of [`Response`](crate::features::Response) by channel, in the window:
/// `Response::builder().windows([Window::days(180)])`. Clicks, since a text message has no openings; two of them are
/// no slip of the finger, and someone who was sent less than five messages has not been asked yet.
///
/// ```
/// use kohort::segment::catalogue::ReactsTo;
///
/// let rule = ReactsTo::channel("sms").not_to("email").predicate()?;
/// assert_eq!(
///     rule.to_string(),
///     "messages_clicked__sms__180d >= 2 AND sent__email__180d >= 5 AND messages_clicked__email__180d = 0"
/// );
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a template does nothing until its predicate is taken"]
pub struct ReactsTo {
    channel: String,
    not_to: Option<String>,
    answers: u32,
    messages: u32,
    answer: Answer,
    window: Window,
}

impl ReactsTo {
    /// To a channel of the events.
    pub fn channel(channel: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            not_to: None,
            answers: 2,
            messages: 5,
            answer: Answer::Clicked,
            window: Window::days(180),
        }
    }

    /// And not once to this one. Defaults to any or none of the others.
    pub fn not_to(mut self, channel: impl Into<String>) -> Self {
        self.not_to = Some(channel.into());
        self
    }

    /// She answered at least so many messages of the first channel, at least 1. Defaults to 2.
    pub fn answers(mut self, messages: u32) -> Self {
        self.answers = messages;
        self
    }

    /// She was sent at least so many messages of the second channel, at least 1. Defaults to 5.
    pub fn messages(mut self, messages: u32) -> Self {
        self.messages = messages;
        self
    }

    /// What an answer is. Defaults to [`Answer::Clicked`].
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = answer;
        self
    }

    /// In which window. Defaults to the last 180 days.
    pub fn window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }
}

impl Template for ReactsTo {
    fn title(&self) -> String {
        match &self.not_to {
            Some(other) => format!("reacts to {}, not {other}", self.channel),
            None => format!("reacts to {}", self.channel),
        }
    }

    fn check(&self) -> Result<()> {
        text("channel", &self.channel)?;
        if let Some(other) = &self.not_to {
            text("not_to", other)?;
            let expected = "another channel than the one she reacts to";
            check(*other != self.channel, "not_to", format_args!("`{other}`"), expected)?;
        }
        at_least_one("answers", self.answers)?;
        at_least_one("messages", self.messages)?;
        self.window.check()
    }

    fn rule(&self) -> Predicate {
        let reacts = answered(self.answer, &self.channel, &self.window).ge(self.answers);
        match &self.not_to {
            Some(other) => Predicate::all([
                reacts,
                sent(other, &self.window).ge(self.messages),
                answered(self.answer, other, &self.window).eq(0),
            ]),
            None => reacts,
        }
    }
}

templates!(MailUnresponsive, ReactsTo);
