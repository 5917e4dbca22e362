"""The search loop: ask, record, evaluate, tell; a resumed run replays it over what is recorded.

- `run_search`: the whole loop, in generations (`generations`) or asynchronously (`steady`);
- `report_front`: students of the front on report-val;
- `Record` (record): what keeps the archive and a replay together, and knows when to stop.
"""

from kdnas.loop.record import HOPELESS, KILLED_IN_A_ROW
from kdnas.loop.report import report_front
from kdnas.loop.run import run_search

__all__ = ["HOPELESS", "KILLED_IN_A_ROW", "report_front", "run_search"]
