"""What signs, what is published, and what is gone."""

from __future__ import annotations

import json
import stat
import threading

import pytest

from kembar_gateway import keyring
from kembar_gateway.keyring import OVERLAP_S, KeysUnreadable, UnknownKey

NOW = 1_800_000_000.0


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "keys.json"
    keyring.open_ring(file)
    return file


def ids(file, now):
    """Return the signing key's id and the published ones'."""
    ring = keyring.read_ring(file)
    return ring.signing(now).kid, [each.key.kid for each in ring.published(now)]


def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(file):
    old, _ = ids(file, NOW)

    new = keyring.rotate(file, after_s=30, now=NOW)

    assert ids(file, NOW) == (old, [new, old])
    assert ids(file, NOW + 29.9) == (old, [new, old])
    assert ids(file, NOW + 30) == (new, [new, old])
    assert ids(file, NOW + 30 + OVERLAP_S - 1) == (new, [new, old])
    assert ids(file, NOW + 31 + OVERLAP_S) == (new, [new])


def test_rotated_often_each_key_has_its_own_end(file):
    first, _ = ids(file, NOW)
    second = keyring.rotate(file, after_s=0, now=NOW)
    third = keyring.rotate(file, after_s=0, now=NOW + 3000)
    fourth = keyring.rotate(file, after_s=0, now=NOW + 5000)

    assert ids(file, NOW + 3001) == (third, [fourth, third, second])
    assert ids(file, NOW + 5001) == (fourth, [fourth, third, second])
    assert first not in file.read_text()


def test_the_pepper_outlives_every_change(file):
    pepper = keyring.read_ring(file).pepper
    first, _ = ids(file, NOW)

    keyring.rotate(file, after_s=0, now=NOW)
    keyring.withdraw(file, first, now=NOW)

    assert keyring.read_ring(file).pepper == pepper
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_withdrawn_key_is_gone_and_another_signs(file):
    old, _ = ids(file, NOW)

    keyring.withdraw(file, old, now=NOW)

    new, published = ids(file, NOW)
    assert published == [new] != [old]
    assert old not in file.read_text()


def test_a_waiting_key_takes_the_place_of_a_withdrawn_one(file):
    old, _ = ids(file, NOW)
    waiting = keyring.rotate(file, after_s=3600, now=NOW)

    keyring.withdraw(file, old, now=NOW)

    assert ids(file, NOW) == (waiting, [waiting])


def test_an_ending_key_never_stays_the_last(file):
    old, _ = ids(file, NOW)
    leaked = keyring.rotate(file, after_s=0, now=NOW)

    keyring.withdraw(file, leaked, now=NOW + 1)

    signing, published = ids(file, NOW + 1)
    assert signing not in (old, leaked)
    assert published == [signing, old]
    assert ids(file, NOW + 10 * OVERLAP_S) == (signing, [signing])


def test_a_key_that_is_not_there_cannot_be_withdrawn(file):
    before = file.read_bytes()
    pepper = json.loads(before)["keys"][1]["kid"]

    for kid in ("nothing", pepper):
        with pytest.raises(UnknownKey):
            keyring.withdraw(file, kid, now=NOW)
    assert file.read_bytes() == before


@pytest.mark.parametrize("text", ["", "{}", '{"keys": []}'])
def test_what_is_no_key_file_is_left_as_it_is(tmp_path, text):
    file = tmp_path / "keys.json"
    file.write_text(text)

    with pytest.raises(KeysUnreadable):
        keyring.rotate(file, after_s=0, now=NOW)

    assert file.read_text() == text


def test_no_key_file_is_made_by_rotating(tmp_path):
    with pytest.raises(KeysUnreadable):
        keyring.rotate(tmp_path / "keys.json", after_s=0, now=NOW)

    assert list(tmp_path.iterdir()) == []


def test_rotations_at_once_lose_no_key(file):
    threads = [
        threading.Thread(target=keyring.rotate, args=(file,), kwargs={"after_s": 0, "now": NOW})
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ids(file, NOW)[1]) == 7
    assert sum(each.until == float("inf") for each in keyring.read_ring(file).keys) == 1


def published(file, now):
    """Return use and, of a withdrawn key, its instant, of every key that signs or has signed."""
    ring = keyring.read_ring(file)
    keys = [*(each.public for each in ring.published(now)), *ring.of_reports(now)]
    return {key["kid"]: (key["use"], key.get("revoked_at")) for key in keys}


def test_a_key_that_signed_a_report_stays_public_after_it_signs_no_more(file):
    first, _ = ids(file, NOW)
    secret = keyring.read_ring(file).keys[0].key.as_dict(private=True)["d"]
    keyring.note_report(file, first)
    second = keyring.rotate(file, after_s=0, now=NOW)
    late = NOW + OVERLAP_S + 1

    assert published(file, NOW) == {second: ("sig", None), first: ("sig", None)}
    assert published(file, late) == {second: ("sig", None), first: ("report", None)}
    assert ids(file, late) == (second, [second])
    third = keyring.rotate(file, after_s=0, now=late)

    assert published(file, late) == {
        third: ("sig", None), second: ("sig", None), first: ("report", None),
    }  # fmt: skip
    assert secret not in file.read_text()


def test_a_leaked_key_that_signed_reports_says_when_it_was_withdrawn(file):
    leaked, _ = ids(file, NOW)
    secret = keyring.read_ring(file).keys[0].key.as_dict(private=True)["d"]
    keyring.note_report(file, leaked)

    keyring.withdraw(file, leaked, now=NOW + 5)

    signing, counted = ids(file, NOW + 5)
    assert counted == [signing] != [leaked]
    assert published(file, NOW + 5)[leaked] == ("report", NOW + 5)
    assert keyring.read_ring(file).withdrawn_at(leaked) == NOW + 5
    assert keyring.read_ring(file).withdrawn_at(signing) is None
    assert secret not in file.read_text()


def test_a_key_may_be_withdrawn_after_its_time_and_keeps_the_first_instant(file):
    first, _ = ids(file, NOW)
    keyring.note_report(file, first)
    keyring.rotate(file, after_s=0, now=NOW)
    keyring.rotate(file, after_s=0, now=NOW + OVERLAP_S + 1)

    keyring.withdraw(file, first, now=NOW + 9000)
    keyring.withdraw(file, first, now=NOW + 9999)

    assert published(file, NOW + 9999)[first] == ("report", NOW + 9000)


def test_what_signs_no_report_cannot_be_noted(file):
    with pytest.raises(UnknownKey):
        keyring.note_report(file, "nothing")
