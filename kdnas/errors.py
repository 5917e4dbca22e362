"""The one error that users meet: what was wrong, the limit, and the way out, in one line."""


class UserError(ValueError):
    """A problem that the user can mend; the command line prints it as one line and exits with 2."""


class SpaceExhausted(RuntimeError):
    """No new architecture was found in 100 draws: the search space has no more to give."""
