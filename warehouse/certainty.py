"""How sure a rate is (docs/policy, reading 4). Plain arrays in, plain arrays out: no database, no files, no clock."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr
from scipy.stats import betabinom


def probability_below(k: NDArray[np.float64], n: NDArray[np.float64], threshold: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability (0 to 1) that the true rate is below `threshold`, given `k` of `n` persons; same shape as the inputs.

    The posterior under the Jeffreys prior, Beta(k + 1/2, n - k + 1/2) (Jeffreys 1946; Brown, Cai and DasGupta 2001).
    Counts outside 0..n (more leavers than students) are read as 0 or n; thresholds outside 0..1 as 0 or 1.
    """
    placed = np.clip(k, 0, n)
    return betainc(placed + 0.5, n - placed + 0.5, np.clip(threshold, 0, 1))


def normal_below(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability (0 to 1) that a standard normal value is below `z`; same shape as the input."""
    return ndtr(z)


def beta_binomial_below(
    a: NDArray[np.float64], b: NDArray[np.float64], n: NDArray[np.float64], threshold: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Probability (0 to 1) that of `n` persons a share below `threshold` succeeds, when the rate is Beta(a, b) (Skellam 1948)."""
    return betabinom.cdf(np.ceil(threshold * n - 1e-9) - 1, n, a, b)
