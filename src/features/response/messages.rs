//! Which messages were replied to: events are matched with messages by the names they give.

use crate::category::MISSING;
use crate::events::EventKind;

/// The replies that rates are made of.
pub(super) const REPLIES: [EventKind; 3] = [EventKind::Opened, EventKind::Clicked, EventKind::Converted];

/// A number for each of [`REPLIES`].
pub(super) type Replies = [u64; REPLIES.len()];

/// A customer's events that name the same channel and campaign, or lack the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    channel: u32,
    campaign: u32,
    sent: u64,
    replies: Replies,
    /// Messages replied to by events that name the campaign and no channel.
    taken: Replies,
}

impl Sending {
    /// `counts` has the number of events of each kind.
    pub(super) fn new(channel: u32, campaign: u32, counts: &[u32; EventKind::ALL.len()]) -> Self {
        let mut replies = REPLIES.map(|kind| u64::from(counts[kind as usize]));
        // A click is proof of an opening.
        replies[0] = replies[0].max(replies[1]);
        let sent = u64::from(counts[EventKind::Sent as usize]);
        Self { channel, campaign, sent, replies, taken: [0; REPLIES.len()] }
    }

    /// Messages replied to by events that name both.
    fn exact(&self, reply: usize) -> u64 {
        self.replies[reply].min(self.sent)
    }
}

/// How many messages of one channel were replied to; all sendings are of that channel.
pub(super) fn replied_in_channel(sendings: &[Sending]) -> Replies {
    let sent: u64 = sendings.iter().map(|sending| sending.sent).sum();
    std::array::from_fn(|reply| {
        let counted = sendings.iter().map(|sending| match sending.campaign {
            // They fill what the others leave of the channel.
            MISSING => sending.replies[reply],
            _ => sending.exact(reply) + sending.taken[reply],
        });
        sent.min(counted.sum())
    })
}

/// How many messages of all channels were replied to. The sendings are in order of channels and campaigns.
pub(super) fn replied(sendings: &mut [Sending]) -> Replies {
    let named = sendings.partition_point(|sending| sending.channel != MISSING);
    let more = |sending: &Sending| sending.replies.iter().any(|replies| *replies > sending.sent);
    if named > 0 && sendings[named..].iter().any(more) {
        spread(sendings);
    }
    let (named, unnamed) = sendings.split_at(named);
    let mut replied = [0; REPLIES.len()];
    let mut add = |part: Replies| replied.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    named.chunk_by(|a, b| a.channel == b.channel).for_each(|channel| add(replied_in_channel(channel)));
    for sending in unnamed {
        add(match sending.campaign {
            MISSING => sending.replies,
            _ => std::array::from_fn(|reply| sending.exact(reply)),
        });
    }
    let sent: u64 = sendings.iter().map(|sending| sending.sent).sum();
    replied.map(|replied| replied.min(sent))
}

/// Gives replies that name a campaign and no channel, beyond the messages that do so too, to messages of the campaign
/// in the order of their channels.
fn spread(sendings: &mut [Sending]) {
    sendings.sort_unstable_by_key(|sending| (sending.campaign, sending.channel));
    for campaign in sendings.chunk_by_mut(|a, b| a.campaign == b.campaign) {
        // The one without a channel stands last.
        let Some((last, named)) = campaign.split_last_mut() else { continue };
        if last.channel != MISSING || last.campaign == MISSING {
            continue;
        }
        for reply in 0..REPLIES.len() {
            let mut rest = last.replies[reply].saturating_sub(last.sent);
            for sending in named.iter_mut() {
                sending.taken[reply] = rest.min(sending.sent - sending.exact(reply));
                rest -= sending.taken[reply];
            }
        }
    }
    sendings.sort_unstable_by_key(|sending| (sending.channel, sending.campaign));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sending(channel: u32, campaign: u32, sent: u32, opened: u32) -> Sending {
        let mut counts = [0; EventKind::ALL.len()];
        counts[EventKind::Sent as usize] = sent;
        counts[EventKind::Opened as usize] = opened;
        Sending::new(channel, campaign, &counts)
    }

    /// The sendings are given in order.
    fn opened(sendings: &[Sending]) -> u64 {
        replied(&mut sendings.to_vec())[0]
    }

    #[test]
    fn a_message_counts_once_however_often_it_was_opened() {
        assert_eq!(opened(&[sending(0, 0, 1, 5)]), 1);
        assert_eq!(opened(&[sending(0, 0, 1, 5), sending(0, 1, 1, 0)]), 1);
        assert_eq!(opened(&[sending(0, 0, 1, 1), sending(1, 0, 1, 1)]), 2, "a campaign in two channels");
        assert_eq!(opened(&[sending(MISSING, 0, 1, 5), sending(MISSING, 1, 1, 0)]), 1, "without channels");
    }

    #[test]
    fn what_names_no_campaign_fills_what_is_left_of_its_channel() {
        assert_eq!(opened(&[sending(0, MISSING, 3, 2)]), 2);
        assert_eq!(opened(&[sending(0, MISSING, 3, 9)]), 3);
        assert_eq!(opened(&[sending(0, 0, 2, 1), sending(0, MISSING, 0, 5)]), 2);
        assert_eq!(opened(&[sending(0, 0, 2, 1), sending(1, MISSING, 0, 5)]), 1, "not of another channel");
    }

    #[test]
    fn what_names_no_channel_fills_what_is_left_of_its_campaign() {
        assert_eq!(opened(&[sending(0, 7, 2, 1), sending(MISSING, 7, 0, 5)]), 2);
        assert_eq!(opened(&[sending(0, 7, 2, 1), sending(MISSING, 8, 0, 5)]), 1, "not of another campaign");
        assert_eq!(opened(&[sending(0, 7, 2, 1), sending(1, 8, 3, 0), sending(MISSING, MISSING, 0, 3)]), 4);
        assert_eq!(opened(&[sending(0, 7, 2, 1), sending(MISSING, MISSING, 0, 3)]), 2);
    }

    #[test]
    fn no_message_counts_twice() {
        // Both events can only be about the one message of the first channel.
        let both =
            [sending(0, 7, 1, 0), sending(0, MISSING, 0, 1), sending(1, 8, 1, 0), sending(MISSING, 7, 0, 1)];
        assert_eq!(opened(&both), 1);
    }

    #[test]
    fn a_reply_to_nothing_is_about_no_message() {
        assert_eq!(opened(&[sending(0, 7, 0, 4), sending(MISSING, 8, 0, 5)]), 0);
        let mut counts = [0; EventKind::ALL.len()];
        counts[EventKind::Sent as usize] = 2;
        counts[EventKind::Clicked as usize] = 1;
        assert_eq!(replied_in_channel(&[Sending::new(0, 0, &counts)]), [1, 1, 0], "a click is an opening");
    }
}
