//! How the state of a stream is stored. The structs of a version are frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::points::Extent;
use super::batch::{LEAST_WEIGHT, MOST_WEIGHT};
use super::builder::KMeansStream;
use super::running::{Running, Smoothed};
use super::state::{KMeansState, Stage, Waiting};
use crate::model_file::{self, Check, ExactFloat, MOST, StoredModel, check_count};

#[derive(Serialize, Deserialize)]
struct KMeansStateV1 {
    settings: SettingsV1,
    /// None before the first rows.
    features: Option<u64>,
    batches: u64,
    rows: u64,
    reassigned: u64,
    stage: StageV1,
}

#[derive(Serialize, Deserialize)]
struct SettingsV1 {
    clusters: u64,
    first_rows: u64,
    reassignment_ratio: ExactFloat,
    half_life: Option<ExactFloat>,
    max_passes: u32,
    patience: u32,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StageV1 {
    Waiting(WaitingV1),
    Running(RunningV1),
}

#[derive(Serialize, Deserialize)]
struct WaitingV1 {
    /// Row by row.
    values: Vec<ExactFloat>,
    /// None where all are 1.
    weights: Option<Vec<ExactFloat>>,
}

#[derive(Serialize, Deserialize)]
struct RunningV1 {
    centroids: Vec<CentroidV1>,
    unchecked: u64,
    smoothed: Option<SmoothedV1>,
}

#[derive(Serialize, Deserialize)]
struct CentroidV1 {
    values: Vec<ExactFloat>,
    weight: ExactFloat,
    rows: u64,
    mark: ExactFloat,
}

#[derive(Serialize, Deserialize)]
struct SmoothedV1 {
    inertia: ExactFloat,
    rows: ExactFloat,
}

impl StoredModel for KMeansState {
    const KIND: &'static str = "k_means_stream";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        KMeansStateV1 {
            settings: (&self.stream).into(),
            features: self.dims.map(|dims| dims as u64),
            batches: self.batches,
            rows: self.rows,
            reassigned: self.reassigned,
            stage: match &self.stage {
                Stage::Waiting(waiting) => StageV1::Waiting(waiting.into()),
                Stage::Running(running) => StageV1::Running(running.into()),
            },
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> Result<Self, D::Error> {
        from_v1(KMeansStateV1::deserialize(model)?)
            .map_err(|problem| D::Error::custom(Self::refused(problem)))
    }
}

impl Serialize for KMeansState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for KMeansState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

fn exact(numbers: &[f64]) -> Vec<ExactFloat> {
    numbers.iter().copied().map(ExactFloat).collect()
}

fn floats(numbers: Vec<ExactFloat>) -> Vec<f64> {
    numbers.into_iter().map(|number| number.0).collect()
}

impl From<&KMeansStream> for SettingsV1 {
    fn from(stream: &KMeansStream) -> Self {
        Self {
            clusters: stream.clusters as u64,
            first_rows: stream.first_rows as u64,
            reassignment_ratio: ExactFloat(stream.reassignment_ratio),
            half_life: stream.half_life.map(ExactFloat),
            max_passes: stream.max_passes,
            patience: stream.patience,
            seed: stream.seed,
        }
    }
}

impl From<&Waiting> for WaitingV1 {
    fn from(waiting: &Waiting) -> Self {
        Self { values: exact(&waiting.values), weights: waiting.weights.as_deref().map(exact) }
    }
}

impl From<&Running> for RunningV1 {
    fn from(running: &Running) -> Self {
        let dims = running.centroids.len() / running.clusters();
        let centroids = running.centroids.chunks_exact(dims).enumerate();
        let centroid = |(cluster, values): (usize, &[f64])| CentroidV1 {
            values: exact(values),
            weight: ExactFloat(running.weights[cluster]),
            rows: running.counts[cluster],
            mark: ExactFloat(running.marks[cluster]),
        };
        Self {
            centroids: centroids.map(centroid).collect(),
            unchecked: running.unchecked,
            smoothed: running.smoothed.map(|smoothed| SmoothedV1 {
                inertia: ExactFloat(smoothed.inertia),
                rows: ExactFloat(smoothed.rows),
            }),
        }
    }
}

fn from_v1(stored: KMeansStateV1) -> Check<KMeansState> {
    let stream = settings(&stored.settings)?;
    let counts = [stored.batches, stored.rows, stored.reassigned];
    let [batches, rows, reassigned] = counts.map(check_count);
    let (batches, rows, reassigned) = (batches?, rows?, reassigned?);
    if batches > rows {
        return Err(format!("it has {batches} batches of {rows} rows"));
    }
    let dims = match stored.features {
        None => None,
        Some(dims @ 1..=MOST) => Some(dims as usize),
        Some(dims) => return Err(format!("{dims} is no number of features")),
    };
    let stage = match (stored.stage, dims) {
        (StageV1::Waiting(waiting), None) if rows == 0 => {
            check(waiting.values.is_empty() && waiting.weights.is_none(), || {
                "it keeps rows, but none came".into()
            })?;
            Stage::Waiting(Waiting::default())
        }
        (StageV1::Waiting(waiting), Some(dims)) => {
            check(batches > 0 && reassigned == 0, || "its counts are not those of a stream's start".into())?;
            Stage::Waiting(first_rows(waiting, &stream, dims, rows)?)
        }
        (StageV1::Running(running), Some(dims)) => Stage::Running(centroids(running, &stream, dims, rows)?),
        (_, None) => return Err("it has rows or centroids, but no features".into()),
    };
    Ok(KMeansState { stream, dims, stage, batches, rows, reassigned })
}

fn check(holds: bool, problem: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(problem()) }
}

/// Checked like one that is built.
fn settings(stored: &SettingsV1) -> Check<KMeansStream> {
    let size = |count: u64| usize::try_from(count).map_err(|_| format!("{count} is too large"));
    let mut builder = KMeansStream::builder(size(stored.clusters)?)
        .first_rows(size(stored.first_rows)?)
        .reassignment_ratio(stored.reassignment_ratio.0)
        .max_passes(stored.max_passes)
        .patience(stored.patience)
        .seed(stored.seed);
    if let Some(rows) = stored.half_life {
        builder = builder.half_life(rows.0);
    }
    builder.build().map_err(|error| error.to_string())
}

fn first_rows(stored: WaitingV1, stream: &KMeansStream, dims: usize, rows: u64) -> Check<Waiting> {
    let (values, weights) = (floats(stored.values), stored.weights.map(floats));
    let waiting = Waiting { values, weights };
    let kept = waiting.len(dims);
    check(kept as u64 == rows && kept > 0 && kept.checked_mul(dims) == Some(waiting.values.len()), || {
        format!("it keeps {} numbers for {rows} rows of {dims} features", waiting.values.len())
    })?;
    check(kept < stream.first_rows, || format!("it keeps {kept} rows, and its centroids have not started"))?;
    Extent::of(&waiting.values, dims).map_err(|error| error.to_string())?;
    if let Some(weights) = &waiting.weights {
        check(weights.len() == kept, || format!("it keeps {} weights for {kept} rows", weights.len()))?;
        let usable = |weight: &f64| (LEAST_WEIGHT..=MOST_WEIGHT).contains(weight);
        check(weights.iter().all(usable) && weights.iter().sum::<f64>() <= 2.0 * MOST_WEIGHT, || {
            "a weight is out of range".into()
        })?;
    }
    Ok(waiting)
}

fn centroids(stored: RunningV1, stream: &KMeansStream, dims: usize, rows: u64) -> Check<Running> {
    check(stored.centroids.len() == stream.clusters, || {
        format!("it has {} centroids for {} clusters", stored.centroids.len(), stream.clusters)
    })?;
    let mut running = Running::new(Vec::new(), Vec::new(), Vec::new());
    let mut gathered = 0_u64;
    for (cluster, centroid) in stored.centroids.into_iter().enumerate() {
        let CentroidV1 { values, weight, rows, mark } = centroid;
        check(values.len() == dims, || {
            format!("centroid {cluster} has {} numbers for {dims} features", values.len())
        })?;
        // Twice, because weights are added up with rounding.
        let usable = |weight: f64| (0.0..=2.0 * MOST_WEIGHT).contains(&weight);
        check(usable(weight.0) && usable(mark.0), || {
            format!("the weight of centroid {cluster} is out of range")
        })?;
        gathered = gathered.saturating_add(check_count(rows)?);
        check(rows > 0 || weight.0 <= 0.0, || format!("centroid {cluster} has weight without rows"))?;
        running.centroids.extend(values.into_iter().map(|value| value.0));
        running.weights.push(weight.0);
        running.counts.push(rows);
        running.marks.push(mark.0);
    }
    check(gathered == rows, || format!("its centroids got {gathered} of {rows} rows"))?;
    check(rows == 0 || running.weights.iter().any(|weight| *weight > 0.0), || {
        "its rows have no weight".into()
    })?;
    Extent::of(&running.centroids, dims).map_err(|error| error.to_string())?;
    running.unchecked = check_count(stored.unchecked)?;
    if let Some(SmoothedV1 { inertia, rows: ExactFloat(over) }) = stored.smoothed {
        check(inertia.0 >= 0.0 && over > 0.0 && over <= MOST as f64, || {
            "its smoothed inertia is out of range".into()
        })?;
        running.smoothed = Some(Smoothed { inertia: inertia.0, rows: over });
    }
    Ok(running)
}
