"""Turns: first come, first served, and nobody is left holding one."""

from __future__ import annotations

import threading
import time

import pytest

from kembar_shared.chassis.turns import Turns


def test_who_came_first_goes_first_and_nobody_barges_in():
    turns, order, waiting = Turns(10), [], []

    def work(name):
        with turns.take():
            order.append(name)

    with turns.take():
        for name in range(20):
            waiting.append(threading.Thread(target=work, args=(name,)))
            waiting[-1].start()
            while len(turns._waiting) < len(waiting):
                time.sleep(0.001)
    work("late")
    for thread in waiting:
        thread.join()

    assert order == [*range(20), "late"]


def test_only_one_has_it():
    turns, inside, most = Turns(10), [], []

    def work():
        for _ in range(200):
            with turns.take():
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(most), set(most)) == (1600, {1})


def test_who_waits_too_long_gives_up_and_the_next_is_served():
    turns = Turns(0.01)
    with turns.take(), pytest.raises(TimeoutError), turns.take():
        pass
    with turns.take(), pytest.raises(TimeoutError), turns.take():
        pass


def test_a_failure_hands_it_on():
    turns = Turns(0.01)
    with pytest.raises(ZeroDivisionError), turns.take():
        _ = 1 / 0
    with turns.take():
        pass
