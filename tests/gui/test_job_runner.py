"""The mailbox brings closures home in order, on the GUI thread, from any thread."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from fineview.gui.job_runner import Mailbox


def test_letters_arrive_in_order_on_the_gui_thread(qtbot: QtBot) -> None:
    mailbox, read = Mailbox(), []
    here = threading.get_ident()

    def write(start: int) -> None:
        for number in range(200):
            mailbox.post(lambda n=number: read.append((start, n, threading.get_ident())))

    writers = [threading.Thread(target=write, args=(start,)) for start in range(3)]
    for one in writers:
        one.start()
    qtbot.waitUntil(lambda: len(read) == 600)
    for one in writers:
        one.join()
    assert {thread for _, _, thread in read} == {here}
    for start in range(3):
        assert [n for s, n, _ in read if s == start] == list(range(200))


def test_a_post_never_runs_inside_the_call(qtbot: QtBot) -> None:
    mailbox, read = Mailbox(), []
    mailbox.post(lambda: read.append(1))
    assert read == []
    qtbot.waitUntil(lambda: read == [1])


def test_a_bad_letter_does_not_swallow_the_next(qtbot: QtBot) -> None:
    mailbox, read = Mailbox(), []

    def bad() -> None:
        raise ValueError("bad letter")

    with qtbot.captureExceptions() as caught:
        mailbox.post(bad)
        mailbox.post(lambda: read.append(2))
        qtbot.waitUntil(lambda: read == [2])
    assert [str(one[1]) for one in caught] == ["bad letter"]


@pytest.mark.parametrize("count", [2000])
def test_emitting_often_is_sound(qtbot: QtBot, count: int) -> None:
    # PySide6 6.12.0 loses a reference with every emit; this many ended the process there.
    mailbox, read = Mailbox(), []
    for number in range(count):
        mailbox.post(lambda n=number: read.append(n))
        if number % 50 == 0:
            qtbot.wait(0)
    qtbot.waitUntil(lambda: len(read) == count)
