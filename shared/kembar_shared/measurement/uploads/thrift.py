"""The compact protocol of Apache Thrift, as far as the metadata of a Parquet file need it.

Source: Apache Thrift, doc/specs/thrift-compact-protocol.md. A structure becomes a dictionary from
field number to value; a list becomes a list.
"""

from __future__ import annotations

from typing import Any, Final

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(
    13
)
_MOST_DEPTH: Final = 16
_MOST_VALUES: Final = 1_000_000

Value = Any  # what stands in a field is known by those who read it
Struct = dict[int, Value]


class Unreadable(ValueError):
    """The bytes are no such structure."""


class Reader:
    """Reads one structure after the other from *data*, beginning at *at*."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._values = 0
        self.at = at

    def struct(self, depth: int = 0) -> Struct:
        """Read a structure.

        Raises:
            Unreadable: There is none, or it is too deep or too large.
        """
        if depth > _MOST_DEPTH:
            raise Unreadable("too deep")
        found: Struct = {}
        number = 0
        while (head := self._byte()) != _STOP:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number] = self._value(head & 15, depth)
        return found

    def _value(self, kind: int, depth: int) -> Value:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Unreadable("too large")
        if kind in {_TRUE, _FALSE}:
            return kind == _TRUE
        if kind in {_LIST, _SET}:
            return self._list(depth)
        if kind == _STRUCT:
            return self.struct(depth + 1)
        return self._plain(kind)

    def _plain(self, kind: int) -> Value:
        if kind == _BYTE:
            return self._byte()
        if kind in {_I16, _I32, _I64}:
            return self._zigzag()
        if kind == _DOUBLE:
            return self._bytes(8)
        if kind == _BINARY:
            return self._bytes(self._varint())
        raise Unreadable(f"type {kind}")

    def _list(self, depth: int) -> list[Value]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._varint()
        kind = head & 15
        if kind in {_TRUE, _FALSE}:
            return [self._byte() == _TRUE for _ in range(min(size, len(self._data)))]
        return [self._value(kind, depth + 1) for _ in range(min(size, len(self._data)))]

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, size: int) -> bytes:
        found = self._data[self.at : self.at + size]
        if len(found) < size:
            raise Unreadable("it ends too early")
        self.at += size
        return found

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise Unreadable("a number is too long")

    def _zigzag(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)
