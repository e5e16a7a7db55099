"""The chain: whatever is done to it without the key is noticed, and said by its name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kembar_shared.chassis.audit import UPLOAD, Entry, Head, witness
from kembar_shared.chassis.audit.chain import ACTIONS, extend
from kembar_shared.chassis.audit.refusals import MOST_KINDS, Kind, Refusal, Waiting, entries
from kembar_shared.chassis.audit.verify import KINDS, Report, verify
from kembar_shared.chassis.audit.witness import Witness
from kembar_shared.chassis.messages import LANGUAGES, Messages

KEY = bytes(range(32))
BEGIN = Head(0, 0, "", "")


def written(number: int, head: Head = BEGIN, key: bytes = KEY):
    """Return rows and head of *number* entries, each appended by itself."""
    rows = []
    for n in range(number):
        added, head = extend(key, head, [Entry(UPLOAD, "agent", f"u{n}")], now_us=1000 * n)
        rows += added
    return rows, head


def faults(rows, head, *witnesses, key=KEY):
    found = verify(key, rows, head, witnesses).faults
    return [(fault.kind, fault.first, fault.last) for fault in found]


texts = st.one_of(
    st.none(), st.text(max_size=5), st.text(alphabet=st.characters(categories=["Cs"]), max_size=2)
)


@given(st.lists(st.builds(Entry, st.sampled_from(ACTIONS[:-1]), texts, st.text(), n=st.integers())))
def test_what_was_written_together_or_alone_is_whole(several):
    rows, head = [], BEGIN
    for start in range(0, len(several), 3):
        added, head = extend(KEY, head, several[start : start + 3], now_us=5 - start)
        rows += added

    assert verify(KEY, rows, head, [Witness("file", head)]).faults == []
    assert [row.seq for row in rows] == [*range(1, len(several) + 1)]
    assert [row.at_us for row in rows] == sorted(row.at_us for row in rows)
    assert all("\0" not in row.subject for row in rows)


@given(st.data())
def test_any_change_of_any_member_is_noticed(data):
    rows, head = written(5)
    place = data.draw(st.integers(0, 4))
    name = data.draw(st.sampled_from(rows[0]._fields[1:]))
    value = getattr(rows[place], name)
    other = value + 1 if isinstance(value, int) else f"{value or ''}x"
    rows[place] = rows[place]._replace(**{name: other})

    assert faults(rows, head)[0][:2] == ("edited", place + 1)


def test_what_no_entry_holds_is_no_fault_of_ours():
    rows, head = written(3)
    odd = [rows[0], rows[1]._replace(client=b"x"), rows[2], rows[2]._replace(seq="x")]

    assert faults(odd, head) == [("edited", 2, 2), ("inserted", 4, 4)]


@pytest.mark.parametrize("gone", [(0,), (2,), (1, 2), (0, 3)])
def test_deleted_entries_are_named(gone):
    rows, head = written(5)
    left = [row for n, row in enumerate(rows) if n not in gone]

    found = faults(left, head)
    named = {seq for kind, first, last in found for seq in range(first, last + 1)}
    assert {kind for kind, _, _ in found} == {"deleted"}
    assert named == {n + 1 for n in gone}


def test_a_deleted_tail_is_cut_whatever_the_head_says():
    rows, head = written(5)
    _, earlier = written(3)

    assert faults(rows[:3], head) == [("cut", 4, 5)]
    assert faults(rows[:3], earlier._replace(mac="0" * 64)) == [("head-altered", 3, 3)]
    assert faults(rows[:3], earlier) == []
    assert faults(rows[:3], earlier, Witness("file", head)) == [("cut", 4, 5)]
    assert faults([], BEGIN, Witness("file", head)) == [("cut", 1, 5)]
    assert faults([], BEGIN._replace(mac="x")) == [("head-altered", 0, 0)]
    assert faults(rows, None) == [("head-missing", 5, 5)]


def test_a_tail_that_grew_again_is_another_one():
    _, head = written(5)
    rows, short = written(3)
    more, longer = extend(KEY, short, [Entry(UPLOAD, "other", "x")] * 4, now_us=9)

    assert faults(rows + more, longer) == []
    assert faults(rows + more, longer, Witness("file", head)) == [("replaced", 5, 5)]


def test_an_inserted_entry_is_named():
    rows, head = written(5)
    false = rows[2]._replace(hash="0" * 64, subject="false")
    moved = [row._replace(seq=row.seq + 1) for row in rows[2:]]

    assert faults([*rows[:2], false, *moved], head)[0] == ("inserted", 3, 3)
    assert faults([*rows, false._replace(seq=6)], head) == [
        ("edited", 6, 6), ("inserted", 6, 6)
    ]  # fmt: skip


def test_a_head_that_was_altered_leaves_its_mark_when_the_trail_goes_on():
    rows, head = written(3)
    _, earlier = written(2)
    more, longer = extend(KEY, earlier._replace(mac="f" * 64), [Entry(UPLOAD, "a", "b")], now_us=9)

    assert [row.action for row in more] == ["alarm", "upload"]
    assert faults(rows[:2] + more, longer) == [("alarm", 3, 3)]
    assert head.seq == 3


def test_another_key_is_said_to_be_one():
    rows, head = written(3)

    assert faults(rows, head, key=bytes(32)) == [("other-key", 1, 3)]
    assert faults(rows, head, Witness("file", None)) == [("witness-altered", 0, 0)]
    assert faults(rows, head, Witness("file", head._replace(seq=9))) == [
        ("witness-altered", 9, 9)
    ]  # fmt: skip


def test_much_that_is_wrong_is_counted():
    rows, head = written(300)
    report = verify(KEY, [row._replace(client="x") for row in rows], head, [])

    assert (len(report.faults), report.more) == (100, 200)


def test_every_fault_has_its_words():
    messages = Messages.of("kembar_shared.chassis")
    for kind in (*KINDS, "key-missing", "short"):
        for language in LANGUAGES:
            assert messages.say(f"audit.{kind}.text", language, first=1, last=2, source="there")
    assert Report().faults == []


def test_heads_are_found_in_a_file_a_manifest_and_a_log(tmp_path):
    _, head = written(2)
    told = head._asdict()
    witness.keep(tmp_path / "a.head", head)
    (tmp_path / "manifest.json").write_text(json.dumps({"audit": told, "service": "x"}))
    (tmp_path / "none.json").write_text(json.dumps({"audit": None, "tables": {}}))
    (tmp_path / "odd.head").write_text("{")
    lines = [{"event": "request"}, {"event": "audit-head", **told}, {"audit-head": 1}]
    (tmp_path / "x.log").write_text("\n".join(map(json.dumps, lines)) + '\n{"event": "audit-head"')

    assert (tmp_path / "a.head").stat().st_mode & 0o777 == 0o600
    assert [each.head for each in witness.read(tmp_path / "a.head")] == [head]
    assert [each.head for each in witness.read(tmp_path / "manifest.json")] == [head]
    assert [each.head for each in witness.read(tmp_path / "x.log")] == [head]
    assert [each.head for each in witness.read(tmp_path / "odd.head")] == [None]
    assert witness.read(tmp_path / "none.json") == []


def test_a_flood_of_refusals_takes_bounded_room_and_none_goes_uncounted():
    waiting = Waiting()
    for n in range(1000):
        kind = Kind("refused", None, f"10.0.0.{n}", "GET /v1/x", "unauthenticated")
        waiting.add(Refusal(kind, "r"))
        waiting.add(Refusal(kind, "r"))
    held = waiting.take()
    waiting.add(Refusal(Kind("refused", "a", "::1", "GET /v1/y", "z", (("code", "A-1"),)), "r"))
    waiting.put_back(held)

    told = entries(waiting.take())
    assert len(told) == MOST_KINDS + 1
    assert sum(entry.n for entry in told) == 2001
    assert waiting.take() == {}
