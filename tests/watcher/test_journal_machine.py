"""The journal against a plain model: append, compact, tear, reopen, tail, in any order Hypothesis can think of."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.support_journal import FaultyDisk, ManualClock, job, look, release
from watcher.jobs import MOVES, ImpossibleMove, State
from watcher.journal import Journal, history, verify

pytestmark = pytest.mark.no_cover  # so many runs of what other tests cover: tracing them would double the time

IDS = st.sampled_from(["1" * 12, "2" * 12, "3" * 12])
# The model knows the plain part of the table; holds have tests of their own
STATES = st.sampled_from([state for state in State if state is not State.HELD])
TAILS = st.one_of(st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")), st.integers(1, 600).map(bytes))


class JournalMachine(RuleBasedStateMachine):
    """Two writers and a tailer on one folder, and dicts that say what ought to be there."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.disk = FaultyDisk()
        self.clock = ManualClock()
        self.state = self.folder / "state"
        self.writers = [self.opened(), self.opened()]
        self.tailer = Journal.open(self.state, writable=False)
        self.tailed: list[int] = []
        self.jobs: dict[str, tuple[str, dict[str, Any]]] = {}
        self.pending: dict[int, str] = {}
        self.seqs = [1]
        self.torn = False

    def opened(self) -> Journal:
        return Journal.open(self.state, fs=self.disk, clock=self.clock)

    def wrote(self, seqs: list[int]) -> None:
        assert seqs == list(range(self.seqs[-1] + 1, self.seqs[-1] + 1 + len(seqs)))
        self.seqs += seqs
        self.torn = False

    @rule(
        writer=st.integers(0, 1),
        id=IDS,
        to=STATES,
        keys=st.dictionaries(st.sampled_from("pqr"), st.integers() | st.none()),
    )
    def move(self, writer: int, id: str, to: State, keys: dict[str, Any]) -> None:
        keys = {key: value for key, value in keys.items() if value is None or -(2**63) <= value < 2**63}
        was, folded = self.jobs.get(id, (None, {}))
        possible = to in MOVES[State(was) if was else None] or to == was
        record = job(to, id, **keys, **({"forget": True} if was == State.DONE and to is State.QUEUED else {}))
        try:
            self.wrote(self.writers[writer].append([record]))
        except ImpossibleMove:
            assert not possible
            return
        assert possible
        self.jobs[id] = (to, {key: value for key, value in (folded | keys).items() if value is not None})

    @rule(writer=st.integers(0, 1), count=st.integers(1, 5))
    def ask(self, writer: int, count: int) -> None:
        self.wrote(self.writers[writer].append([look(f"/{len(self.seqs)}/{n}") for n in range(count)]))
        self.pending |= dict.fromkeys(self.seqs[-count:], "look")

    @precondition(lambda self: self.pending)
    @rule(writer=st.integers(0, 1), data=st.data())
    def answer(self, writer: int, data: st.DataObject) -> None:
        of = data.draw(st.sampled_from(sorted(self.pending)))
        self.wrote(self.writers[writer].append([{"type": "command", "do": "answer", "of": of, "result": "done"}]))
        del self.pending[of]

    @rule(writer=st.integers(0, 1), size=st.integers(0, 70_000))
    def decide(self, writer: int, size: int) -> None:
        self.wrote(self.writers[writer].append([release(facts={"x": {"value": "y" * size, "origin": "tag"}})]))

    @rule(writer=st.integers(0, 1))
    def compact(self, writer: int) -> None:
        self.writers[writer].compact()
        self.torn = False

    @rule(tail=TAILS)
    def tear(self, tail: bytes) -> None:
        """What a killed writer or a power cut leaves."""
        with (self.state / "journal.jsonl").open("ab") as file:
            file.write(tail)
        self.torn = True

    @rule(writer=st.integers(0, 1))
    def fail_a_flush(self, writer: int) -> None:
        self.disk.fail("flush", 5, times=1)
        self.ask(writer, 1)
        self.disk.heal()

    @rule(writer=st.integers(0, 1))
    def reopen(self, writer: int) -> None:
        self.writers[writer].close()
        self.writers[writer] = self.opened()

    @rule()
    def tail(self) -> None:
        self.tailed += [record["seq"] for record in self.tailer.refresh()]

    @invariant()
    def says_what_the_model_says(self) -> None:
        if not hasattr(self, "writers"):
            return
        for journal in (*self.writers, Journal.open(self.state, writable=False)):
            journal.refresh()
            ledger = journal.ledger
            assert {id: str(one.state) for id, one in ledger.jobs.items()} == {
                id: at for id, (at, _) in self.jobs.items()
            }
            for id, (_, keys) in self.jobs.items():
                assert {key: value for key, value in ledger.jobs[id].rest.items() if key in "pqr"} == keys
            assert [command["seq"] for command in ledger.commands] == sorted(self.pending)
            assert (journal.gaps, journal.behind, journal.suspects(), ledger.problems) == ((), False, [], [])
            if journal not in self.writers:
                journal.close()

    def teardown(self) -> None:
        if not hasattr(self, "writers"):
            return
        self.tail()
        assert [record["seq"] for record in history(self.state)] == self.seqs
        assert verify(self.state).ok
        if self.tailed:
            assert self.tailed == sorted(set(self.tailed))
        assert self.tailer.ledger.same(self.writers[0].ledger)
        for journal in (*self.writers, self.tailer):
            journal.close()
        shutil.rmtree(self.folder)


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.long
class TestJournalMachineForLonger(JournalMachine.TestCase):
    settings = settings(
        max_examples=500, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
