"""k-means of Online Retail's customers by scikit-learn, from given rows, for `tests/it/kmeans/peers.rs`.

usage: KOHORT_DATA=folder python clusters.py
"""

import json
import os
from pathlib import Path

import numpy as np
import sklearn
from sklearn.cluster import KMeans

import logs
from logs import DAY, moment

QUERY = """select (max(placed)), count(*), sum(gross) from
    (select customer, ord, min(time) as placed, sum(gross) as gross from lines where kind = 'sale' group by all)
    group by customer order by customer"""


def features(log):
    """Days since the last order, orders and gross of each customer by id, as z-scores of their logarithms."""
    rows = log.list(QUERY)
    plain = np.array([((log.as_of - last) // DAY, orders, gross / 10_000) for last, orders, gross in rows], float)
    logarithms = np.log1p(plain)
    return (logarithms - logarithms.mean(axis=0)) / logarithms.std(axis=0)


def clusters(points, k):
    """Every so many rows is where a cluster starts. Clusters are numbered by size, the largest first."""
    rows = [place * len(points) // k for place in range(k)]
    model = KMeans(k, init=points[rows], n_init=1, max_iter=1_000, tol=0, algorithm="lloyd").fit(points)
    sizes = np.bincount(model.labels_)
    assert len(set(sizes)) == k
    order = np.argsort(-sizes)
    labels = np.argsort(order)[model.labels_]
    return {
        "k": k, "iterations": int(model.n_iter_), "inertia": float(model.inertia_),
        "sizes": [int(size) for size in sizes[order]], "labels": "".join(map(str, labels)),
    }  # fmt: skip


log = logs.online_retail(os.environ["KOHORT_DATA"]).at(moment("2011-12-10", "UTC"))
points = features(log)
figures = {
    "versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
    "customers": len(points),
    "first": list(points[0]),
    "clusters": [clusters(points, k) for k in range(4, 9)],
}
Path(__file__).with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n")
