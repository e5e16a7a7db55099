"""What is worked on beside its reader comes in order, and no further ahead than it may."""

import pytest

from kembar_shared.measurement.uploads.ahead import ahead


@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_everything_comes_in_order(count):
    assert list(ahead(str, range(count))) == [str(number) for number in range(count)]


def test_little_is_taken_before_it_is_asked_for():
    taken = []
    made = ahead(str, (taken.append(number) or number for number in range(50)))

    for number in range(10):
        next(made)
        assert len(taken) <= number + 2


def test_what_cannot_be_read_is_told():
    def broken():
        yield from range(5)
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        list(ahead(str, broken()))
