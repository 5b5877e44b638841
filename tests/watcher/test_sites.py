"""RED and OPS as a careful uploader would: the whole second half against the sandbox, for both, in virtual time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support_sandbox import POOR_LOG
from tests.support_sites import IMAGE_KEY, SITES, Named, SiteWorld, site_world
from tests.support_trackers import Stage, says
from trackers.content import Credit, Edition
from trackers.sandbox import Fault
from watcher.jobs import State
from watcher.release import Fact, facts_of


@pytest.fixture(params=list(SITES))
def one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SiteWorld]:
    with site_world(tmp_path, request.param) as world:
        yield world


def test_a_first_upload_stands_with_all_that_the_album_says(one: SiteWorld) -> None:
    one.album()
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    (torrent,) = one.ours()
    group = one.sandbox.store(one.site).groups[torrent.group_id]
    assert (group.name, group.year, torrent.media, torrent.format) == ("First Light", 2020, "WEB", "FLAC")
    assert one.posts() == 1
    if one.name == "RED":
        assert group.image.startswith(one.sandbox.url_of("redacted"))


def test_an_edition_goes_into_the_group_that_is_there(one: SiteWorld) -> None:
    theirs = one.of_another()
    one.album(tags={"DATE": "2022", "EDITION": "Deluxe"})
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    (torrent,) = one.ours()
    assert torrent.group_id == one.sandbox.store(one.site).torrents[int(theirs)].group_id
    assert (torrent.edition.year, torrent.edition.title) == (2022, "Deluxe")


def test_each_encoding_of_a_release_is_an_upload_of_its_own_into_one_group(one: SiteWorld) -> None:
    for codec in ("flac", "mp3-v0", "mp3-320"):
        one.album(codec=codec)
    one.until(one.settled)
    assert {job.state for job in one.jobs()} == {State.UPLOADED}
    assert sorted(torrent.encoding for torrent in one.ours()) == ["320", "Lossless", "V0 (VBR)"]
    assert len({torrent.group_id for torrent in one.ours()}) == 1
    assert (one.posts(), len({job.torrent_id for job in one.jobs()})) == (3, 3)
    assert all(not key.startswith("extra_") for post in one.sandbox.posts(one.site) for key, _ in post.fields)


def test_an_audiobook_is_held_with_the_way_out_and_goes_where_a_person_says_that_it_is_music(one: SiteWorld) -> None:
    one.album(tags={"GENRE": "Audiobook"})
    one.until(one.settled)
    job = one.mine()
    assert (job.state, job.code, one.asked()) == (State.HELD, "form", [])
    assert "the form of Audiobooks is not filled in here" in job.why
    assert job.resume == f"seedpost queue edit {job.job} type=…"
    assert one.command("edit", job.job, set={"type": "Music"})["result"] == "done"
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED


def test_a_re_issue_whose_group_has_another_year_is_held_with_links(one: SiteWorld) -> None:
    one.of_another(Named(year=1999))
    one.album()
    one.until(one.settled)
    job = one.mine()
    assert (job.state, job.code) == (State.HELD, "group-unclear")
    assert f"{one.sandbox.url_of(one.site)}/torrents.php?id=" in job.why
    assert one.posts() == 1  # the other user's


def test_a_duplicate_of_somebody_else_is_left_alone_with_the_facts_that_matched(one: SiteWorld) -> None:
    theirs = one.of_another()
    one.album(tags={"LABEL": None, "CATALOGNUMBER": None})
    one.until(one.settled)
    job = one.mine()
    assert (job.state, job.torrent_id) == (State.DUPLICATE, theirs)
    for told in ("torrents.php?id=", "FLAC", "WEB", "Lossless"):
        assert told in job.why
    assert one.ours() == []


def test_a_duplicate_of_ours_is_known_by_its_hash_though_the_search_lags(one: SiteWorld) -> None:
    path = one.album()
    one.until(one.settled)
    (torrent,) = one.ours()
    one.sandbox.store(one.site).torrents[torrent.id].searchable_at = 1e18
    one.journal.close()
    shutil.rmtree(one.folder / "state")  # as after a lost disk
    one.open()
    one.found(path)
    one.until(one.settled)
    assert (one.mine().state, one.mine().torrent_id) == (State.UPLOADED, str(torrent.id))
    assert one.mine().rest["adopted"]
    assert (one.posts(), len(one.ours())) == (1, 1)


def test_what_could_not_be_told_holds_that_tracker_only(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS", to="RED: {}, OPS: {}") as one:
        one.fail("answer", action="browse", times=0, body='{"status":"success","response":{"odd":1}}')
        one.album()
        one.until(lambda: all(job.state is not State.QUEUED for job in one.jobs()), hours=72)
        assert one.job("RED").state is State.UPLOADED
        assert (one.mine().state, one.mine().code) == (State.HELD, "cannot-tell")
        assert one.posts() == 0


def test_a_rewritten_hash_is_what_is_registered(one: SiteWorld) -> None:
    one.fail("rewritten")
    one.album()
    one.set_rules()
    one.until(one.settled)
    (torrent,) = one.ours()
    assert one.mine().state is State.UPLOADED
    assert torrent.infohash != one.mine().infohash


def test_a_lost_answer_is_found_and_sent_once(one: SiteWorld) -> None:
    one.fail("lost")
    one.album()
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    assert (one.posts(), len(one.ours())) == (1, 1)


@pytest.mark.parametrize("kind", ["html", "two-documents", "text-before", "huge"])
def test_an_answer_that_nobody_can_read_is_looked_up_and_never_sent_again(one: SiteWorld, kind: str) -> None:
    one.fail(kind, processed=True) if kind in ("html", "huge") else one.fail(kind)
    one.album()
    one.until(lambda: one.mine().state is State.UNCONFIRMED or one.settled())
    if kind == "html":  # it may be a login page in disguise: nothing more is asked before a person looked
        one.until(lambda: one.manager.lanes[one.mine().site].closed)
        before = len(one.asked())
        one.turn(3)
        assert len(one.asked()) == before
        one.journal.append([{"type": "command", "do": "resume", "tracker": one.name}])
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    assert (one.posts(), len(one.ours())) == (1, 1)


def test_an_outage_of_two_days_needs_no_hand_and_ends_without_a_burst(one: SiteWorld) -> None:
    for number in range(3):
        one.album(album=f"Light {number}")
    one.fail("maintenance", action="*", times=0)
    end = one.clock.wall + 2 * 86400
    while one.clock.wall < end:
        one.clock.wait(max(one.manager.turn(), one.manager.next_due() or 0.0, 1.0))
    during = len(one.asked())
    one.sandbox.clear(one.site)
    one.until(one.settled)
    assert {job.state for job in one.jobs()} == {State.UPLOADED}
    assert all(job.attempt == 1 for job in one.jobs())
    assert during < 2 * 86400 / 900 * 1.3 + 10  # no more than a look each quarter of an hour
    times = [seen.time for seen in one.sandbox.requests(one.site)[during:]]
    limit = {"RED": 8, "OPS": 4}[one.name]
    assert all(late - early > 10.0 for early, late in zip(times, times[limit:], strict=False))


def test_a_revoked_key_is_one_request_and_then_silence(one: SiteWorld) -> None:
    one.sandbox.revoke(one.site)
    one.album()
    one.album(album="Second Light")
    end = one.clock.wall + 86400
    while one.clock.wall < end:
        one.clock.wait(max(one.manager.turn(), 600.0))
    assert len(one.asked()) == 1
    breaker = one.manager.lanes[one.mine().site].breaker
    assert breaker is not None
    assert (breaker["code"] in ("key-refused", "denied"), breaker.get("until")) == (True, None)
    one.sandbox.restore(one.site)
    one.journal.append([{"type": "command", "do": "resume", "tracker": one.name}])
    one.until(one.settled)
    assert {job.state for job in one.jobs()} == {State.UPLOADED}


@pytest.mark.parametrize(
    ("kind", "how"),
    [("too-many-requests", {"retry_after": "300"}), ("too-many-requests", {}), ("rate-limit-exceeded", {})],
)
def test_too_many_requests_pause_the_whole_lane_and_lose_nothing(
    one: SiteWorld, kind: str, how: dict[str, str]
) -> None:
    one.fail(kind, **how)
    one.album()
    one.album(album="Second Light")
    one.until(one.settled)
    assert {job.state for job in one.jobs()} == {State.UPLOADED}
    assert len(one.ours()) == 2
    seen = one.sandbox.requests(one.site)
    least = 300 if how else 1 if (one.name, kind) == ("RED", "rate-limit-exceeded") else 18  # RED says how long
    struck = next(place for place, one in enumerate(seen) if one.action == "upload")
    assert seen[struck + 1].time - seen[struck].time >= least  # no other job asks meanwhile either
    assert len(seen) < 25


REFUSALS = ("You must enter at least one tag. Maximum length is 200 characters.", "Please select a valid format.")


@pytest.mark.parametrize("words", REFUSALS)
def test_a_refusal_is_held_in_the_site_s_own_words(one: SiteWorld, words: str) -> None:
    status = {"RED": 400, "OPS": 200}[one.name]
    one.fail("answer", status=status, body=f'{{"status":"failure","error":"{words}","response":[]}}')
    one.album()
    one.until(one.settled)
    job = one.mine()
    assert (job.state, job.code) == (State.HELD, "refused")
    assert words in job.why


# What only sites can tell


def test_a_cross_post_takes_over_what_the_site_of_origin_says(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS") as one:
        credits = (Credit("The Loopbacks"), Credit("Ana Sol", "guest"))
        label = {"edition": Edition("Deluxe & more", 2021, "Port Records", "PR 7")}
        one.of_another(site="redacted", credits=credits, release_type="EP", genre=("dub.techno",), **label)
        facts = {"origin": ["sandbox:redacted:127.0.0.1"]}
        one.album(facts, one.last_hash, tags={"LABEL": "Wrong", "GENRE": "Rock"})
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        form = one.fields()
        assert (form["releasetype"], form["tags"]) == ("5", "dub.techno")
        assert (form["remaster_title"], form["remaster_record_label"]) == ("Deluxe & more", "Port Records")
        assert form["image"] == "https://covers.example/other.jpg"
        release = one.journal.ledger.releases[one.mine().release]
        assert facts_of(release)["music.label"] == Fact("Port Records", "tracker:RED")
        asked = [seen.action for seen in one.sandbox.requests("redacted")][-1:]
        assert asked == ["torrent"]
        assert len(one.sandbox.posts("redacted")) == 1  # the other user's: nothing goes back to where it came from


def test_a_person_s_word_is_above_the_site_of_origin(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS", set="music.release_type: Single") as one:
        one.of_another(site="redacted", release_type="EP")
        one.album({"origin": ["sandbox:redacted:127.0.0.1"]}, one.last_hash)
        one.until(one.settled)
        assert one.fields()["releasetype"] == "9"


@pytest.mark.parametrize("kind", ["maintenance", "revoked", "html"])
def test_a_site_of_origin_that_does_not_answer_leaves_the_facts_as_they_are(tmp_path: Path, kind: str) -> None:
    with site_world(tmp_path, "OPS") as one:
        one.of_another(site="redacted", release_type="EP")
        one.sandbox.fail("redacted", Fault(kind, action="torrent", times=0))
        one.album({"origin": ["sandbox:redacted:127.0.0.1"]}, one.last_hash)
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert one.fields()["releasetype"] == "1"
        assert [seen.action for seen in one.sandbox.requests("redacted")].count("torrent") == 1


@pytest.mark.parametrize(("least", "state"), [(100, State.HELD), (50, State.UPLOADED)])
def test_a_log_is_scored_by_the_site_before_anything_is_prepared(one: SiteWorld, least: int, state: State) -> None:
    one.set_rules(require=f"music.log_score: {{min: {least}}}")
    one.album(media="CD", log=True, cue=True, log_text=POOR_LOG)
    one.until(one.settled)
    job = one.mine()
    assert job.state is state
    assert one.asked().count("logchecker") == 1
    if state is State.HELD:
        assert "music.log_score: want at least 100, got 79" in (job.why or "")
    else:
        assert job.rest["log_score"] == 79


# What follows an upload


def test_a_request_is_filled_after_the_upload_and_never_with_it(one: SiteWorld) -> None:
    one.set_rules(to=f"{one.name}: {{set: {{request: 1}}}}")
    one.album()
    one.until(lambda: one.mine().rest.get("extras"))
    assert one.mine().rest["extras"] == {"request": {"what": "done"}}
    wanted = one.sandbox.store(one.site).wanted[1]
    assert str(wanted.torrent_id) == one.mine().torrent_id
    assert all(key != "requestid" for key, _ in one.sandbox.posts(one.site)[0].fields)


@pytest.mark.parametrize(("request_id", "told"), [(2, "is not an allowed"), (999, "no request 999")])
def test_a_request_that_can_t_be_filled_fails_no_upload(one: SiteWorld, request_id: int, told: str) -> None:
    one.set_rules(to=f"{one.name}: {{set: {{request: {request_id}}}}}")
    one.album()
    one.until(lambda: one.mine().rest.get("extras"))
    standing = one.mine().rest["extras"]["request"]
    assert (one.mine().state, standing["what"]) == (State.UPLOADED, "given up")
    if one.name == "OPS" or request_id == 2:
        assert told in standing["why"]
    assert one.posts() == 1


def test_a_fill_whose_answer_was_lost_is_looked_up_and_done_once(one: SiteWorld) -> None:
    action = {"RED": "requestfill", "OPS": "request_fill"}[one.name]
    one.fail("lost", action=action)
    one.set_rules(to=f"{one.name}: {{set: {{request: 1}}}}")
    one.album()
    one.until(lambda: one.mine().rest.get("extras"))
    assert one.mine().rest["extras"]["request"]["what"] == "done"
    assert (one.asked().count(action), one.posts()) == (1, 1)


def test_logs_that_were_missed_are_added_later_on_ops(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS") as one:
        one.fail("logs-lost")
        one.album(media="CD", log=True, cue=True)
        one.until(lambda: one.mine().rest.get("extras"))
        assert one.mine().rest["extras"]["logs"] == {"what": "done"}
        (torrent,) = one.ours()
        assert len(torrent.logs) == 1
        assert one.asked().count("add_log") == 1


def test_logs_that_stand_are_not_sent_again(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS") as one:
        one.album(media="CD", log=True, cue=True)
        one.until(lambda: one.mine().rest.get("extras"))
        assert (one.asked().count("add_log"), len(one.ours()[0].logs)) == (0, 1)


# Covers


def test_a_cover_goes_to_the_image_host_that_is_configured(tmp_path: Path) -> None:
    with Stage() as stage, site_world(tmp_path, "OPS") as one:
        stage.plays(says('{"image": {"url": "https://pictures.example/a.png"}}'))
        one.images = ("chevereto", stage.url)
        one.album()
        one.until(one.settled)
        assert one.fields()["image"] == "https://pictures.example/a.png"
        assert stage.asked[0].line.startswith("POST /api/1/upload")
        assert stage.asked[0].headers["x-api-key"] == IMAGE_KEY


def test_a_host_that_takes_no_cover_costs_the_cover_where_it_is_only_wanted(tmp_path: Path) -> None:
    with Stage() as stage, site_world(tmp_path, "OPS") as one:
        stage.plays(says("{}", 403))
        one.images = ("ptpimg", stage.url)
        one.album()
        one.until(one.settled)
        assert one.mine().state is State.UPLOADED
        assert "image" not in one.fields()


def test_a_rule_may_ask_for_a_cover_where_the_site_only_wants_one(tmp_path: Path) -> None:
    with site_world(tmp_path, "OPS", to="OPS: {cover: required}") as one:
        one.album(cover=False)
        one.until(one.settled)
        assert (one.mine().state, one.mine().code) == (State.HELD, "no-cover")


def test_a_rule_s_own_word_on_cautions_wins_over_the_tracker_s(one: SiteWorld) -> None:
    one.set_rules(new_group="review", web_flac="review", to=f"{one.name}: {{new_group: upload, web_flac: upload}}")
    one.album()
    one.until(one.settled)
    assert one.mine().state is State.UPLOADED
    one.set_rules(to=f"{one.name}: {{web_flac: review}}")
    one.album(album="Second Light")
    one.until(one.settled)
    assert {job.code for job in one.jobs()} == {None, "web-flac"}


def test_no_key_and_no_announce_address_is_left_in_anything(
    one: SiteWorld, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    keys = one.sandbox.account(one.site)
    for kind in ("lost", "html", "revoked", "text-before"):
        one.fail(kind, processed=kind == "html") if kind == "html" else one.fail(kind)
        one.album(album=f"Album {kind}")
        one.turn(20)
        one.journal.append([{"type": "command", "do": "resume", "tracker": one.name}])
    one.turn(20)
    printed = capsys.readouterr()
    told = [caplog.text, printed.out, printed.err, repr([vars(r) for r in caplog.records])]
    told += [p.read_text(errors="replace") for p in (one.folder / "state").rglob("*") if p.is_file()]
    for canary in (keys.api_key, keys.passkey):
        assert not any(canary in text for text in told)
