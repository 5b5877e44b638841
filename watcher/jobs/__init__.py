"""Jobs as the fold of the journal: states, moves, what every record adds up to. Pure: no clock, no network, no disk."""

from watcher.jobs.codes import A_PERSON_DECIDES, CODES
from watcher.jobs.halves import first_half
from watcher.jobs.job import Job, doubted
from watcher.jobs.ledger import Ledger, Uploaded
from watcher.jobs.rows import Rows
from watcher.jobs.sources import Source
from watcher.jobs.states import FINAL, GAP, MOVES, PUBLISHED, ImpossibleMove, State, check_move
from watcher.jobs.waits import Waits

__all__ = [
    "A_PERSON_DECIDES",
    "CODES",
    "FINAL",
    "GAP",
    "MOVES",
    "PUBLISHED",
    "ImpossibleMove",
    "Job",
    "Ledger",
    "Rows",
    "Source",
    "State",
    "Uploaded",
    "Waits",
    "check_move",
    "doubted",
    "first_half",
]
