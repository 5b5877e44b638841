"""When a torrent is complete, and what deltas make of it, as three versions were seen to answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support_qbittorrent import VERSIONS, entry, full, recorded
from watcher.sources.maindata import COMPLETE, Torrent, Torrents

H, G = "aa" * 20, "bb" * 20


def torrent(**changes) -> Torrent:
    one = Torrent()
    one.merge(entry(**changes))
    return one


@pytest.mark.parametrize("state", sorted(COMPLETE))
def test_a_seeding_or_stopped_torrent_with_nothing_left_is_complete(state):
    assert torrent(state=state).complete


@pytest.mark.parametrize(
    "changes",
    [
        {
            "state": "stalledDL",
            "progress": 0.997,
            "amount_left": 65536,
        },  # completion_on stays after a bad recheck
        {"state": "checkingResumeData"},  # progress 1 before it was looked at
        {"state": "missingFiles", "progress": 0},  # and what comes of it
        {"state": "checkingResumeData", "progress": 0, "amount_left": 5},  # any restart
        {"state": "checkingUP", "progress": 0, "amount_left": 5},  # a recheck
        {"state": "moving"},  # done, and not there yet
        {"state": "error"},
        {"state": "someStateOfAVersionToCome"},
        {"completion_on": -1},
        {"completion_on": 0},
        {"has_metadata": False},
        {"amount_left": 1},
        {"progress": 0.9999},
        {"state": None},
        {"amount_left": "0"},
    ],
)
def test_traps_2_and_3_whatever_else_it_says_it_is_not(changes):
    started = Torrent()
    started.merge({key: value for key, value in entry().items() if key not in changes})
    started.merge(changes)
    assert not started.complete


def test_a_torrent_being_moved_or_checked_after_its_end_is_finishing():
    assert torrent(state="moving").finishing
    assert torrent(state="checkingUP", progress=0).finishing
    assert not torrent(state="checkingDL", completion_on=-1).finishing
    assert not torrent(state="stalledUP").finishing


@pytest.mark.parametrize("version", VERSIONS)
def test_a_recorded_download_is_complete_from_the_right_answer_on(version):
    torrents, complete = Torrents(), []
    torrents.update(recorded(version, "maindata_full_empty"))
    for number, step in enumerate(recorded(version, "maindata_log_download")):
        changes = torrents.update(step["resp"])
        assert not changes.gone or step["tag"] == "delete"
        complete += [number for held in torrents.held.values() if held.complete]
    first = recorded(version, "maindata_log_download")[complete[0]]["resp"]["torrents"]
    assert next(iter(first.values()))["state"] == "stalledUP"
    assert torrents.held == {}


def test_trap19_sections_that_are_missing_are_empty():
    torrents = Torrents()
    for version in VERSIONS:  # 5.1 leaves out what is empty
        torrents.update(recorded(version, "maindata_full_empty"))
        assert torrents.held == {}
    torrents.update({"rid": 3})
    assert torrents.rid == 3


def test_only_what_changed_is_touched():
    torrents = Torrents()
    assert set(torrents.update(full({H: entry(), G: entry()})).touched) == {H, G}
    assert torrents.update({"rid": 2, "torrents": {H: {"upspeed": 5, "num_leechs": 1}}}).touched == ()
    assert torrents.update({"rid": 3, "torrents": {H: {"tags": "a"}}}).touched == (H,)
    assert torrents.update(full({H: entry(tags="a"), G: entry(category="x")})).touched == (G,)


def test_a_removed_torrent_is_gone_with_its_completion():
    torrents = Torrents()
    torrents.update(full({H: entry(completion_on=7)}))
    changes = torrents.update({"rid": 2, "torrents_removed": [H, "unknown", 5]})
    assert changes.gone == ((H, 7),)


def test_a_torrent_missing_from_one_full_update_is_not_gone_from_two_it_is():
    torrents = Torrents()
    torrents.update(full({H: entry(completion_on=7), G: entry()}))
    assert torrents.update(full({G: entry()})).gone == ()
    assert torrents.update(full({G: entry()})).gone == ((H, 7),)
    assert torrents.update(full({G: entry()})).gone == ()


def test_q7_an_empty_list_while_the_server_loads_removes_nothing():
    torrents = Torrents()
    torrents.update(full({H: entry()}))
    assert torrents.update(full({})).gone == ()
    changes = torrents.update(full({H: entry()}))
    assert changes.gone == ()
    assert H in torrents.held


def test_a_torrent_deleted_and_added_again_between_two_polls_keeps_what_was_not_sent():
    torrents = Torrents()
    torrents.update(full({H: entry(completion_on=7)}))
    torrents.update({"rid": 2, "torrents": {H: {"added_on": 9, "completion_on": 10}}})
    assert torrents.held[H].completed == 10
    assert torrents.held[H].save_path == entry()["save_path"]


def test_tags_are_the_whole_new_set():
    one = torrent(tags="a, b")
    one.merge({"tags": "b, c"})
    assert one.tag_list == ["b", "c"]
    assert one.labels == (one.category, frozenset({"b", "c"}))
    assert torrent(tags="").tag_list == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(["state", "completion_on", "progress", "amount_left", "has_metadata", "tags", "name", "new"])


@given(
    entries=st.dictionaries(st.sampled_from([H, G]), st.dictionaries(KEYS, JSON) | JSON),
    complete=st.booleans(),
    removed=JSON,
    state=JSON,
)
def test_q17_fields_of_another_type_are_never_a_completion(entries, complete, removed, state):
    torrents = Torrents()
    torrents.update(full({H: entry(state="stalledDL", progress=0.5, amount_left=9)}))
    answer = {"rid": 2, "torrents": entries, "torrents_removed": removed, "server_state": state}
    torrents.update(answer | ({"full_update": True} if complete else {}))
    for held in torrents.held.values():
        if held.complete:
            assert held.state in COMPLETE
            assert held.completed > 0
