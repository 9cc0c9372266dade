//! The best choice under limits: branch and bound in whole numbers, so that a bound is a bound and a tie is a tie.

/// A limit on a sum over the chosen.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    /// What each candidate adds; negative where it makes room.
    pub(super) uses: Vec<i128>,
    /// What the sum may be at most.
    pub(super) most: i128,
}

/// What is searched: candidates in the order in which ties are decided, the most valuable first.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// In whole numbers, descending.
    pub(super) worth: Vec<i128>,
    /// Candidates that must be chosen.
    pub(super) forced: Vec<bool>,
    /// Per candidate those that it cannot be chosen with.
    pub(super) conflicts: Vec<Vec<usize>>,
    pub(super) resources: Vec<Resource>,
    /// How many are chosen: at most, or exactly.
    pub(super) count: usize,
    pub(super) exactly: bool,
}

/// The outcome of a search.
pub(super) enum Found {
    /// The best choice, by position, and how many cases were looked at.
    Best(Vec<usize>, u64),
    /// No choice keeps to all limits.
    Nothing,
    /// The limit of cases was reached.
    Unsettled,
}

/// A resource priced into the worth: `worth · scale − price · use`, and the order of that, highest first.
struct Priced {
    reduced: Vec<i128>,
    order: Vec<usize>,
    scale: i128,
    price: i128,
}

struct Search<'a> {
    instance: &'a Instance,
    priced: Vec<Option<Priced>>,
    /// Per resource and position, the room that the candidates from there on could make at most.
    room: Vec<Vec<i128>>,
    blocked: Vec<u32>,
    chosen: Vec<usize>,
    worth: i128,
    used: Vec<i128>,
    forced_left: usize,
    best: Option<(i128, Vec<usize>)>,
    cases: u64,
    limit: u64,
}

/// Searches depth first, taking each candidate before leaving it; of equal choices the first found stays, which is the one
/// that has the more valuable and then the first-named candidates. O(2ⁿ) at worst; bounds leave little of it.
pub(super) fn search(instance: &Instance, limit: u64) -> Found {
    let count = instance.worth.len();
    let room = |resource: &Resource| {
        let mut sums = vec![0; count + 1];
        for at in (0..count).rev() {
            sums[at] = sums[at + 1] + resource.uses[at].min(0);
        }
        sums
    };
    let mut search = Search {
        instance,
        priced: instance.resources.iter().map(|resource| price(instance, resource)).collect(),
        room: instance.resources.iter().map(room).collect(),
        blocked: vec![0; count],
        chosen: Vec::new(),
        worth: 0,
        used: vec![0; instance.resources.len()],
        forced_left: instance.forced.iter().filter(|forced| **forced).count(),
        best: None,
        cases: 0,
        limit,
    };
    if !search.visit(0) {
        return Found::Unsettled;
    }
    let cases = search.cases;
    search.best.map_or(Found::Nothing, |(_, chosen)| Found::Best(chosen, cases))
}

impl Search<'_> {
    /// Looks at all choices that go on from here; `false` where the limit of cases is reached.
    fn visit(&mut self, at: usize) -> bool {
        self.cases += 1;
        if self.cases > self.limit {
            return false;
        }
        let instance = self.instance;
        let fits = self.used.iter().zip(&instance.resources).all(|(used, resource)| *used <= resource.most);
        let counts = if instance.exactly { self.chosen.len() == instance.count } else { true };
        if fits
            && counts
            && self.forced_left == 0
            && self.best.as_ref().is_none_or(|(best, _)| self.worth > *best)
        {
            self.best = Some((self.worth, self.chosen.clone()));
        }
        if at == instance.worth.len() || self.chosen.len() == instance.count || !self.promises(at) {
            return true;
        }
        if self.blocked[at] == 0 {
            self.take(at);
            let within = self.visit(at + 1);
            self.leave(at);
            if !within {
                return false;
            }
        }
        instance.forced[at] || self.visit(at + 1)
    }

    fn take(&mut self, at: usize) {
        self.chosen.push(at);
        self.worth += self.instance.worth[at];
        self.forced_left -= usize::from(self.instance.forced[at]);
        self.used.iter_mut().zip(&self.instance.resources).for_each(|(used, r)| *used += r.uses[at]);
        self.instance.conflicts[at].iter().for_each(|other| self.blocked[*other] += 1);
    }

    fn leave(&mut self, at: usize) {
        self.chosen.pop();
        self.worth -= self.instance.worth[at];
        self.forced_left += usize::from(self.instance.forced[at]);
        self.used.iter_mut().zip(&self.instance.resources).for_each(|(used, r)| *used -= r.uses[at]);
        self.instance.conflicts[at].iter().for_each(|other| self.blocked[*other] -= 1);
    }

    /// Whether anything from here on can be allowed and better than the best.
    fn promises(&self, at: usize) -> bool {
        let instance = self.instance;
        let left = instance.count - self.chosen.len();
        let open = || (at..instance.worth.len()).filter(|place| self.blocked[*place] == 0);
        if self.forced_left > left || (instance.exactly && open().count() < left) {
            return false;
        }
        let no_room =
            |(resource, (used, room)): (&Resource, (&i128, &Vec<i128>))| used + room[at] > resource.most;
        if instance.resources.iter().zip(self.used.iter().zip(&self.room)).any(no_room) {
            return false;
        }
        let Some((best, _)) = &self.best else { return true };
        let gain = |value: i128| if instance.exactly { value } else { value.max(0) };
        let by_count: i128 = open().take(left).map(|place| gain(instance.worth[place])).sum();
        if self.worth + by_count <= *best {
            return false;
        }
        // At any price of a resource: what is worth more than it uses, plus the room that is left at that price.
        let bounds = self.priced.iter().zip(instance.resources.iter().zip(&self.used));
        for (priced, (resource, used)) in bounds {
            let Some(priced) = priced else { continue };
            let open = priced.order.iter().filter(|place| **place >= at && self.blocked[**place] == 0);
            let rest: i128 = open.take(left).map(|place| gain(priced.reduced[*place])).sum();
            let bound = self.worth * priced.scale + rest + priced.price * (resource.most - used);
            if bound <= best * priced.scale {
                return false;
            }
        }
        true
    }
}

/// The price of a resource at which its bound at the root is lowest, as a fraction of whole numbers; `None` where the
/// resource does not hold anything back, or numbers are too large to be exact.
fn price(instance: &Instance, resource: &Resource) -> Option<Priced> {
    let bound = |price: f64| {
        let mut reduced: Vec<f64> = instance
            .worth
            .iter()
            .zip(&resource.uses)
            .map(|(worth, uses)| *worth as f64 - price * *uses as f64)
            .map(|value| if instance.exactly { value } else { value.max(0.0) })
            .collect();
        reduced.sort_unstable_by(|a, b| b.total_cmp(a));
        reduced.iter().take(instance.count).sum::<f64>() + price * resource.most as f64
    };
    let largest = |values: &[i128]| values.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0) as f64;
    let (worth, uses) = (largest(&instance.worth), largest(&resource.uses));
    if worth <= 0.0 || uses <= 0.0 {
        return None;
    }
    // The bound is convex in the price: find where it has turned, then narrow down.
    let start = worth / uses;
    let turned =
        (0..200).map(|doubled| start * f64::from(2).powi(doubled)).find(|p| bound(2.0 * p) >= bound(*p));
    let (mut low, mut high) = (0.0, 2.0 * turned?);
    for _ in 0..80 {
        let (first, second) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if bound(first) <= bound(second) { high = second } else { low = first }
    }
    let best = f64::midpoint(low, high);
    if bound(best) >= bound(0.0) || best <= 0.0 {
        return None;
    }
    // A fraction of about nine digits; the bound holds at any price, so its rounding costs nothing.
    let scale = (1e9 / best).clamp(1.0, 1e18);
    let (scale, price) = (scale.round() as i128, (best * scale.round()).round() as i128);
    let reduced: Option<Vec<i128>> = instance
        .worth
        .iter()
        .zip(&resource.uses)
        .map(|(worth, uses)| worth.checked_mul(scale)?.checked_sub(uses.checked_mul(price)?))
        .collect();
    let reduced = reduced?;
    // Sums over all candidates stay in range as well.
    let whole =
        [&reduced, &resource.uses].map(|values| values.iter().map(|v| v.unsigned_abs() as f64).sum::<f64>());
    let priced_uses = (whole[1] + resource.most.unsigned_abs() as f64) * price as f64;
    if whole[0] + priced_uses + worth * scale as f64 * instance.worth.len() as f64 > 1e37 {
        return None;
    }
    let mut order: Vec<usize> = (0..reduced.len()).collect();
    order.sort_by(|a, b| reduced[*b].cmp(&reduced[*a]).then(a.cmp(b)));
    Some(Priced { reduced, order, scale, price })
}
