"""Lanes: newest wins, cancel is seen, busy is cleared on every exit."""

from __future__ import annotations

import threading

import pytest

from fineview.core.errors import InputProblem
from fineview.services.jobs import Job, Jobs, Token


def test_a_newer_request_wins(mailbox, jobs: Jobs) -> None:
    started, results, ended = threading.Event(), [], []

    def slow(token: Token) -> str:
        started.set()
        while True:
            token.raise_if_cancelled()

    jobs.submit(Job("model", slow, results.append, pytest.fail, finished=lambda: ended.append("old")))
    assert started.wait(5)
    jobs.submit(Job("model", lambda _: "new", results.append, pytest.fail, finished=lambda: ended.append("new")))
    mailbox.pump(lambda: len(ended) == 2)
    assert results == ["new"]
    assert ended == ["old", "new"]
    assert not jobs.busy("model")


def test_a_late_result_of_a_cancelled_job_is_dropped(mailbox, jobs: Jobs) -> None:
    go, results, ended = threading.Event(), [], []
    jobs.submit(Job("io", lambda _: go.wait(5) and "late", results.append, pytest.fail,
                    finished=lambda: ended.append(1)))
    jobs.cancel("io")
    assert not jobs.busy("io")
    go.set()
    mailbox.pump(lambda: bool(ended))
    assert results == []


def test_a_failure_comes_home_and_clears_busy(mailbox, jobs: Jobs) -> None:
    errors, ended = [], []

    def fails(_: Token) -> None:
        raise InputProblem("broken", "mend it")

    jobs.submit(Job("io", fails, pytest.fail, errors.append, finished=lambda: ended.append(1)))
    mailbox.pump(lambda: bool(ended))
    assert errors[0].remedy == "mend it"
    assert not jobs.busy("io")


@pytest.mark.logs("a job failed")
def test_a_bug_comes_home_as_a_sentence(mailbox, jobs: Jobs) -> None:
    errors, ended = [], []
    jobs.submit(Job("io", lambda _: {}["no such key"], pytest.fail, errors.append, finished=lambda: ended.append(1)))
    mailbox.pump(lambda: bool(ended))
    assert (errors[0].code, "KeyError" in errors[0].what) == ("unexpected", True) and errors[0].remedy


def test_progress_on_its_way_when_the_job_is_cancelled_is_dropped(mailbox, jobs: Jobs) -> None:
    seen, told, go, ended = [], threading.Event(), threading.Event(), []

    def work(token: Token) -> None:
        token.report(1, 2, "half")
        told.set()
        go.wait(5)

    jobs.submit(Job("io", work, lambda _: None, pytest.fail, lambda *step: seen.append(step), lambda: ended.append(1)))
    assert told.wait(5)
    jobs.cancel("io")
    go.set()
    mailbox.pump(lambda: bool(ended))
    assert seen == []


def test_an_ordered_lane_keeps_every_job(mailbox, jobs: Jobs) -> None:
    results: list[int] = []
    for number in range(20):
        jobs.submit(Job("journal", lambda _, n=number: n, results.append, pytest.fail, newest_wins=False))
    mailbox.pump(lambda: len(results) == 20)
    assert results == list(range(20))


def test_progress_arrives_on_the_callers_thread(mailbox, jobs: Jobs) -> None:
    seen, ended = [], []
    jobs.submit(Job("io", lambda token: token.report(1, 4, "a quarter"), lambda _: None, pytest.fail,
                    lambda *step: seen.append((*step, threading.current_thread() is threading.main_thread())),
                    lambda: ended.append(1)))
    mailbox.pump(lambda: bool(ended))
    assert seen == [(1, 4, "a quarter", True)]


def test_closing_finishes_what_is_ordered(mailbox, jobs: Jobs) -> None:
    go, written = threading.Event(), []
    jobs.submit(Job("journal", lambda _: go.wait(5), lambda _: None, pytest.fail, newest_wins=False))
    for number in range(5):
        jobs.submit(Job("journal", lambda _, n=number: written.append(n), lambda _: None, pytest.fail,
                        newest_wins=False))
    go.set()
    jobs.close()
    assert written == [0, 1, 2, 3, 4]


def test_after_close_nothing_starts(mailbox, jobs: Jobs) -> None:
    jobs.close()
    token = jobs.submit(Job("io", pytest.fail, pytest.fail, pytest.fail))
    assert token.cancelled
