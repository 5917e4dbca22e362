"""Seeds derived from a run's one seed, so that equal inputs draw equal numbers anywhere."""

from hashlib import sha256


def derived_seed(*parts: object) -> int:
    """A seed in [0, 2**31) from the parts' text, equal on every machine.

    The seed of a training is `derived_seed(run seed, architecture key, replicate)`.
    """
    text = "/".join(map(str, parts))
    return int.from_bytes(sha256(text.encode()).digest()[:4], "big") >> 1
