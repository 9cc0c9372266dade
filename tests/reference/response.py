"""Marketing response: events made of the fashion file, and the features of them."""

import pandas as pd

from base import slug
from figures import Table
from logs import DAY, instants

REPLIES = ("opened", "clicked", "converted")
COUNTS = (
    ("sent", "sent"), ("opened", "opened"), ("clicked", "clicked"), ("converted", "converted"),
    ("unsubscribed", "unsubscribes"), ("complained", "complaints"), ("bounced", "bounces"), ("visited", "visits"),
)  # fmt: skip


def events(file, lacking=False):
    """An item is a message: sent when it was ordered, opened when it was delivered, clicked when it came back,
    converted when it did not and cost a hundred or more, bounced when it was never delivered; a free one unsubscribes.
    All at an hour of its own, and with the price as their number. The title is the channel and the brand the campaign; with `lacking`, the channel is one of
    three by the brand, or none, the campaign one of fifty by the article, and some replies lack their names."""
    hour = file.order_item_id.astype(int).mod(24) * (DAY // 24)
    sent = instants(file.order_date, "Europe/Berlin") + hour
    usable = file.delivery_date.notna() & (file.delivery_date >= file.order_date)
    delivered = instants(file.delivery_date.where(usable, file.order_date), "Europe/Berlin") + hour
    back = file["return"] == "1"
    kinds = {
        "sent": (sent, file.paid >= 0),
        "opened": (delivered, usable),
        "clicked": (delivered, back),
        "converted": (delivered, usable & ~back & (file.paid >= 1_000_000)),
        "bounced": (sent, file.delivery_date.isna()),
        "unsubscribed": (sent, file.paid == 0),
    }
    brand, item = file.brand_id.astype(int), file.order_item_id.astype(int)
    door = brand.mod(4).map({0: "app", 1: "email", 2: "sms"}).astype(object).where(brand.mod(4) < 3, None)
    theme = "theme " + file.item_id.astype(int).mod(50).astype(str)
    rows = []
    for kind, (time, there) in kinds.items():
        channel, campaign = (door, theme) if lacking else (file.user_title, file.brand_id)
        if lacking and kind in REPLIES:
            channel = channel.where(item.mod(3) != 0, None)
            campaign = campaign.where(item.mod(5) != 0, None)
        columns = {"customer": file.user_id, "time": time, "channel": channel, "campaign": campaign, "number": file.paid}
        frame = pd.DataFrame(columns)
        rows += [(kind, *row) for row in frame[there].astype(object).itertuples(index=False, name=None)]
    none = lambda text: None if text is None or text != text else text
    return [(customer, int(time), kind, none(ch), none(ca), int(n)) for kind, customer, time, ch, ca, n in rows]


def messages(rows, reply):
    """How many messages were replied to. Replies about one campaign and channel are about the same messages."""
    sent, replies = {}, {}
    for _, _, kind, channel, campaign, _ in rows:
        name = (channel, campaign)
        if kind == "sent":
            sent[name] = sent.get(name, 0) + 1
        elif kind in REPLIES:
            of_kind = replies.setdefault(name, {})
            of_kind[kind] = of_kind.get(kind, 0) + 1
    # A click is about a message that was opened.
    wanted = {
        name: max(of.get("opened", 0), of.get("clicked", 0)) if reply == "opened" else of.get(reply, 0)
        for name, of in replies.items()
    }
    open_, counted = dict(sent), 0

    def named_first(name):
        return (sum(part is None for part in name), name[1] is None, name[0] or "", name[1] or "")

    for name in sorted(wanted, key=named_first):
        left = wanted[name]
        # Those that lack what the reply lacks, too; then channels in the order of their texts.
        fitting = [to for to in open_ if all(own in (None, part) for own, part in zip(name, to, strict=True))]
        for to in sorted(fitting, key=lambda to: (to != name, to[0] is None, to[0] or "", to[1] is None, to[1] or "")):
            taken = min(left, open_[to])
            open_[to], left, counted = open_[to] - taken, left - taken, counted + taken
    return counted


def response(log, as_of, zone, windows=None, responses=REPLIES, prior=10):
    """`windows` are pairs of times under the names they give to columns."""
    recorded = {event[2] for event in log}
    channels = sorted({event[3] for event in log if event[3] is not None}, key=str.encode)
    of = {}
    for event in log:
        if event[1] < as_of:
            of.setdefault(event[0], []).append(event)
    table = Table(of)
    distinct = sorted({event[1] for events in of.values() for event in events})
    hours = pd.to_datetime(pd.Series(distinct), unit="us", utc=True).dt.tz_convert(zone).dt.hour
    hour_of = dict(zip(distinct, hours.tolist(), strict=True))
    add_states(table, of, as_of, channels, recorded, responses)
    for suffix, (start, end) in (windows or {"": (-(2**62), as_of)}).items():
        inside = {customer: [e for e in events if start <= e[1] < end] for customer, events in of.items()}
        for channel in [None, *channels]:
            own = {c: [e for e in rows if channel in (None, e[3])] for c, rows in inside.items()}
            name = (f"__{slug(channel)}" if channel else "") + suffix
            add_counts(table, own, name, recorded, prior)
        favourite_channel, favourite_hour = {}, {}
        for customer, rows in inside.items():
            of_channels = [e[3] for e in rows if e[2] in responses and e[3] is not None]
            of_hours = [hour_of[e[1]] for e in rows if e[2] in responses]
            most = lambda found: min(set(found), key=lambda one: (-found.count(one), one), default=None)
            favourite_channel[customer], favourite_hour[customer] = most(of_channels), most(of_hours)
        table.add("favourite_response_channel" + suffix, "text", favourite_channel)
        table.add("favourite_response_hour" + suffix, "unsigned", favourite_hour)
    return table


def add_counts(table, events, suffix, recorded, prior):
    def add(name, kind, values, needs):
        table.add(name + suffix, kind, values if recorded >= needs else {})

    counts = {name: {c: sum(e[2] == kind for e in rows) for c, rows in events.items()} for kind, name in COUNTS}
    for kind, name in COUNTS:
        add(name, "unsigned", counts[name], {kind})
    replied = {reply: {c: messages(rows, reply) for c, rows in events.items()} for reply in REPLIES}
    for reply in REPLIES:
        add(f"messages_{reply}", "unsigned", replied[reply], {"sent", reply})
    for name, reply, trials, needs in (
        ("open_rate", "opened", counts["sent"], {"sent", "opened"}),
        ("click_rate", "clicked", counts["sent"], {"sent", "clicked"}),
        ("click_to_open_rate", "clicked", replied["opened"], {"sent", "opened", "clicked"}),
        ("conversion_rate", "converted", counts["sent"], {"sent", "converted"}),
    ):
        hits = replied[reply]
        add(name, "number", {c: hits[c] / trials[c] for c in events if trials[c]}, needs)
        shop = sum(trials.values())
        rate = sum(hits.values()) / shop if shop else None
        expected = {c: (hits[c] + prior * rate) / (trials[c] + prior) for c in events} if shop else {}
        add(f"{name}_expected", "number", expected, needs)


def add_states(table, events, as_of, channels, recorded, responses):
    def last(rows, kinds, channel=...):
        return max((e[1] for e in rows if e[2] in kinds and channel in (..., e[3])), default=None)

    def days(time):
        return None if time is None else (as_of - time) // DAY

    def unwanted(rows, channel):
        """Her last word on the channel, or on all of them; at the same instant an unsubscription wins."""
        words = [(e[1], e[2] == "unsubscribed") for e in rows if e[2].endswith("subscribed") and e[3] in (channel, None)]
        return int(max(words, default=(0, False))[1])

    def bounced(rows):
        bounce, read = last(rows, ["bounced"]), last(rows, ["opened", "clicked"])
        return int(bounce is not None and (read is None or read <= bounce))

    table.add("days_since_response", "unsigned", {c: days(last(rows, responses)) for c, rows in events.items()})
    table.add("days_since_sent", "unsigned", {c: days(last(rows, ["sent"])) for c, rows in events.items()})
    of_channels = {channel: {c: unwanted(rows, channel) for c, rows in events.items()} for channel in channels}
    of_any = {c: max(of_channels[channel][c] for channel in channels) for c in events}
    complained = {c: int(any(e[2] == "complained" for e in rows)) for c, rows in events.items()}
    for name, kind, values in (
        ("unsubscribed", "unsubscribed", of_any),
        ("complained", "complained", complained),
        ("bounced", "bounced", {c: bounced(rows) for c, rows in events.items()}),
        *((f"unsubscribed__{slug(ch)}", "unsubscribed", values) for ch, values in of_channels.items()),
    ):
        table.add(name, "unsigned", values if kind in recorded else {})
