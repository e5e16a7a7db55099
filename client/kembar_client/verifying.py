"""Check a report's bundle without its server: signatures, keys, inputs, and every number anew.

What fails is told by a code and a place:
    unsigned          no signature of the publisher
    report-changed    the report is not what was signed
    key-changed       a key is not the one that its id and the signature name
    key-untrusted     the publisher's key is none of those that the reader trusts
    key-withdrawn     the report says that it was signed after its key was withdrawn
    countersignature  a partner's signature does not fit
    file-changed      a file is not the one that the report names
    input-changed     a figure or definition is not the one that an outcome was computed from
    number-differs    a number of the report does not come out of the inputs
    rule-unknown      an outcome was computed by a rule that this release does not know
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kembar_client import bundles, canonical, recomputing, trending
from kembar_client.bundles import Unreadable
from kembar_client.canonical import NotCanonical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kembar_client.bundles import Bundle
    from kembar_client.canonical import Json

FORMAT: Final = "kembar-report@1"
TYPE: Final = "kembar-report+jws"
IN_NO_DIGEST: Final = frozenset({"report.json", "report.jws", "keys.json"})


@dataclass(frozen=True)
class Failure:
    """Something that is not as it should be; `said` and `found` where there are two."""

    code: str
    place: str
    said: object = None
    found: object = None


@dataclass(frozen=True)
class Signer:
    """A signature that was looked at; `trust` is `pinned`, `first-use` or `none`."""

    role: str
    kid: str
    party: str | None
    signed_at: str | None
    fits: bool
    trust: str
    withdrawn_at: str | None = None


@dataclass
class Verdict:
    """What is known of a report once it was checked."""

    code: str = ""
    digest: str = ""
    outcomes: int = 0
    signers: list[Signer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def authentic(self) -> bool:
        """Say whether the report is what its publisher, whom the reader trusts, has signed."""
        return all(failure.code in _OF_FILES | _OF_NUMBERS for failure in self.failures)

    @property
    def intact(self) -> bool:
        """Say whether inputs and files are those that the report names."""
        return not any(failure.code in _OF_FILES for failure in self.failures)

    @property
    def recomputed(self) -> bool:
        """Say whether every number comes out of the inputs again."""
        return not any(failure.code in _OF_NUMBERS for failure in self.failures)


_PLACE: Final = ("indicator", "jurisdiction", "period", "entry")
_OF_FILES: Final = frozenset({"file-changed", "input-changed"})
_OF_NUMBERS: Final = frozenset({"number-differs", "rule-unknown"})


def verify(content: bytes, trusted: Collection[str] = (), revoked: Json | None = None) -> Verdict:
    """Check the bundle or envelope in *content*.

    Args:
        content: A `.zip` or `.json` of a report.
        trusted: Thumbprints of the keys that the reader trusts; none: whatever signed it.
        revoked: Since when keys are withdrawn, in seconds since 1970, as another source says.

    Raises:
        Unreadable: It is no report.
    """
    try:
        bundle = bundles.read(content)
        verdict = Verdict(
            str(bundle.report["code"]),
            hashlib.sha256(bundle.payload).hexdigest(),
            len(bundle.report["outcomes"]),
        )
        if bundle.report["format"] != FORMAT:
            raise Unreadable(str(bundle.report["format"]))
        _check_signatures(bundle, verdict, frozenset(trusted), revoked or {})
        verdict.failures += _files(bundle)
        verdict.failures += _inputs(bundle)
        verdict.failures += _numbers(bundle)
        verdict.failures += _trends(bundle)
    except (NotCanonical, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise Unreadable(str(error)) from error
    return verdict


def trusted_keys(file: Path) -> tuple[set[str], Json]:
    """Return the thumbprints of a key set, and since when which of them are withdrawn.

    Raises:
        OSError: The file cannot be read.
        Unreadable: It is no key set.
    """
    try:
        keys = canonical.read(file.read_bytes())["keys"]
        prints = {bundles.thumbprint(key): key for key in keys if key.get("crv") == "Ed25519"}
    except (NotCanonical, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(str(error)) from error
    return set(prints), {p: k["revoked_at"] for p, k in prints.items() if "revoked_at" in k}


def _check_signatures(
    bundle: Bundle, verdict: Verdict, trusted: frozenset[str], revoked: Json
) -> None:
    keys = {str(key["kid"]): key for key in bundle.keys}
    for place, signature in enumerate(bundle.signatures):
        # The publisher's is the first; what the key set says of roles nobody has signed.
        role = "publisher" if place == 0 else "countersigner"
        header = _header(signature)
        if header is None:
            code = "report-changed" if role == "publisher" else "countersignature"
            verdict.failures.append(Failure(code, "report.jws"))
            continue
        kid = header["kid"]
        key = keys.get(kid, {})
        fault = _fault(bundle.payload, signature, header, key, role)
        trust = "pinned" if kid in trusted else "none" if trusted else "first-use"
        withdrawn = revoked.get(kid, key.get("revoked_at"))
        signer = Signer(
            role,
            kid,
            key.get("party"),
            _instant(header["iat"]),
            fault is None,
            trust,
            None if withdrawn is None else _instant(withdrawn),
        )
        verdict.signers.append(signer)
        if fault is not None:
            verdict.failures.append(fault)
        elif role == "publisher" and trust == "none":
            verdict.failures.append(Failure("key-untrusted", kid))
        if withdrawn is not None and header["iat"] >= withdrawn:
            verdict.failures.append(
                Failure("key-withdrawn", kid, signer.signed_at, signer.withdrawn_at)
            )
    if not bundle.signatures:
        verdict.failures.append(Failure("unsigned", "report.jws"))


def _header(signature: Json) -> Json | None:
    """Return the header of a signature; None where it is none of ours."""
    try:
        header: Json = canonical.read(bundles.decoded(str(signature["protected"])))
        _instant(header["iat"])
        is_ours = isinstance(header["kid"], str) and isinstance(header["iat"], float)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
    return header if is_ours else None


def _fault(payload: bytes, signature: Json, header: Json, key: Json, role: str) -> Failure | None:
    """Return what is wrong with a signature; None where it fits."""
    kid = str(header["kid"])
    if key.get("kty") != "OKP" or key.get("crv") != "Ed25519" or bundles.thumbprint(key) != kid:
        return Failure("key-changed", kid, kid, bundles.thumbprint(key) if "x" in key else None)
    if _is_signed(payload, signature, header, key):
        return None
    return Failure("report-changed" if role == "publisher" else "countersignature", kid)


def _is_signed(payload: bytes, signature: Json, header: Json, key: Json) -> bool:
    if header.get("alg") != "Ed25519" or header.get("typ") != TYPE:
        return False
    signed = f"{signature['protected']}.{bundles.encoded(payload)}".encode()
    try:
        public = Ed25519PublicKey.from_public_bytes(bundles.decoded(str(key["x"])))
        public.verify(bundles.decoded(str(signature["signature"])), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _files(bundle: Bundle) -> Iterator[Failure]:
    """Compare each file with the digest that the report names."""
    named = bundle.report["files"]
    for name, content in bundle.files.items():
        if name in IN_NO_DIGEST:
            continue
        said, found = named.get(name, {}).get("sha256"), hashlib.sha256(content).hexdigest()
        if said != found:
            yield Failure("file-changed", name, said, found)
    # An envelope carries the inputs alone.
    for name in named if "report.json" in bundle.files else ():
        if name not in bundle.files:
            yield Failure("file-changed", name, named[name]["sha256"], None)


def _inputs(bundle: Bundle) -> Iterator[Failure]:
    """Find the inputs that are others than those an outcome was computed from."""
    named = {
        digest
        for outcome in bundle.report["outcomes"]
        for digest in (outcome["definition"], *outcome["figures"])
    }
    found = set()
    later = (*bundle.inputs.get("terms", ()), *bundle.inputs.get("series", ()))
    for each in (*bundle.inputs["definitions"], *bundle.inputs["figures"], *later):
        digest = hashlib.sha256(canonical.dumps(each)).hexdigest()
        found.add(digest)
        if digest not in named:
            place = " ".join(str(each[name]) for name in _PLACE if name in each)
            yield Failure("input-changed", place, None, digest)
    for digest in sorted(named - found):
        whose = [
            outcome["indicator"]
            for outcome in bundle.report["outcomes"]
            if digest in (outcome["definition"], *outcome["figures"])
        ]
        yield Failure("input-changed", str(whose[0]), digest, None)
    for name in ("period",):
        if bundle.inputs[name] != bundle.report[name]:
            yield Failure("input-changed", name, bundle.report[name], bundle.inputs[name])


def _numbers(bundle: Bundle) -> Iterator[Failure]:
    """Compute every outcome anew and compare each member."""
    said = {str(outcome["indicator"]): outcome for outcome in bundle.report["outcomes"]}
    rules = {str(d["indicator"]): d["rule"] for d in bundle.inputs["definitions"]}
    unknown = sorted(code for code in said if rules.get(code) not in recomputing.RULES)
    for code in unknown:
        yield Failure("rule-unknown", code, said[code].get("rule"), rules.get(code))
    known = [d for d in bundle.inputs["definitions"] if d["rule"] in recomputing.RULES]
    for computed in recomputing.outcomes({**bundle.inputs, "definitions": known}):
        outcome = said.get(str(computed["indicator"]), {})
        for name, value in computed.items():
            if outcome.get(name) != value:
                place = f"{computed['indicator']} {name}"
                yield Failure("number-differs", place, outcome.get(name), value)


def _trends(bundle: Bundle) -> Iterator[Failure]:
    """Assess every series anew and compare what is said of it."""
    found = trending.trends(bundle.inputs.get("series", ()))
    for outcome in bundle.report["outcomes"]:
        code, said = str(outcome["indicator"]), outcome.get("trend")
        if (said is None) != (code not in found):
            yield Failure("number-differs", f"{code} trend", said, found.get(code))
        elif said is not None and said["method"] != trending.METHOD:
            yield Failure("rule-unknown", f"{code} trend", said["method"], trending.METHOD)
        elif said is not None:
            for name, told, value in trending.differing(said, found[code]):
                yield Failure("number-differs", f"{code} trend.{name}", told, value)


def _instant(seconds: Any) -> str:  # Any: a number of a header
    return datetime.fromtimestamp(float(seconds), UTC).isoformat().replace("+00:00", "Z")
