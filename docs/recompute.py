"""Check a report's bundle without Kembar: python3 recompute.py REPORT.zip [THUMBPRINT].

A second opinion that shares no code with the server or `kembar verify`. It needs Python 3.11 and
the package `cryptography`, prints a line for each thing that fails, and then exits with 1. It
repeats the rule `combine@1`: a year's own figure answers for a share or a mean; of a total, months
answer where nine of twelve are usable or the year's own figure is not. Totals are added; of shares
and means the numerators and denominators are. There is a number where usable figures cover three
quarters of the period, by months and, of several figures, by measurements.
"""

import base64
import hashlib
import json
import sys
import zipfile
from decimal import Decimal
from math import fsum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def spelled(value):
    """Spell JSON canonically (RFC 8785)."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{spelled(n)}:{spelled(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def number(value):
    """Spell a number as ECMAScript does: the shortest digits, plain from 1e-6 up to 1e21."""
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        plain = format(Decimal(repr(value or 0)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def bare(text):
    """Decode base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signature_faults(files, pinned):
    """Yield what is wrong with the signatures over `report.json`."""
    keys = {key["kid"]: key for key in json.loads(files["keys.json"])["keys"]}
    signatures = json.loads(files["report.jws"])["signatures"]
    if not signatures:
        yield "unsigned"
    payload = base64.urlsafe_b64encode(files["report.json"]).rstrip(b"=")
    for place, signature in enumerate(signatures):
        header = json.loads(bare(signature["protected"]))
        key = keys.get(header["kid"], {"x": ""})
        members = f'{{"crv":"Ed25519","kty":"OKP","x":"{key["x"]}"}}'.encode()
        thumbprint = base64.urlsafe_b64encode(hashlib.sha256(members).digest()).decode().rstrip("=")
        if thumbprint != header["kid"]:
            yield f"key-changed: {header['kid']} is {thumbprint}"
            continue
        if place == 0 and pinned not in (None, thumbprint):
            yield f"key-untrusted: {thumbprint}"
        if header["alg"] != "Ed25519" or header["typ"] != "kembar-report+jws":
            yield f"report-changed: {header}"
        try:
            public = Ed25519PublicKey.from_public_bytes(bare(key["x"]))
            signed = signature["protected"].encode() + b"." + payload
            public.verify(bare(signature["signature"]), signed)
        except (InvalidSignature, ValueError):
            yield f"{'countersignature' if place else 'report-changed'}: {thumbprint}"


def file_faults(files, report, inputs):
    """Yield files and inputs that are others than those the report names."""
    for name, said in report["files"].items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != said["sha256"]:
            yield f"file-changed: {name}"
    named = {d for o in report["outcomes"] for d in (o["definition"], *o["figures"])}
    for each in inputs["definitions"] + inputs["figures"]:
        if hashlib.sha256(spelled(each).encode()).hexdigest() not in named:
            yield f"input-changed: {each['indicator']} {each.get('period', '')}"


def months(text):
    """Turn 2023, 2023-04 or 2023-01/2023-06 into a range of months counted from year 0."""
    ends = [[int(number) for number in part.split("-")] for part in text.split("/")]
    if len(ends[0]) == 1:
        return range(ends[0][0] * 12, ends[0][0] * 12 + 12)
    first, last = (year * 12 + month - 1 for year, month in (ends[0], ends[-1]))
    return range(first, last + 1)


def usable(figure, rule, alone):
    """Say whether a figure counts."""
    if figure["value"] is None or figure["unit"] != rule["unit"]:
        return False
    adds = figure["numerator"] is not None and (figure["denominator"] or 0) > 0
    return alone or rule["measure"] == "total" or adds


def chosen(figures, rule, period):
    """Return (months, figure, usable months beside it), tiling the period without overlap."""
    parts, total = [], rule["measure"] == "total"
    for area in rule["jurisdictions"]:
        own = {tuple(months(f["period"])): f for f in figures if f["jurisdiction"] == area}
        years = set()
        for year in range(period[0] // 12, period[-1] // 12 + 1):
            span = range(year * 12, year * 12 + 12)
            yearly = own.get(tuple(span))
            if yearly is None or span[0] < period[0] or span[-1] > period[-1]:
                continue
            monthly = [own[(m,)] for m in span if (m,) in own]
            beside = sum(usable(f, rule, alone=False) for f in monthly)
            if total and (beside >= 9 or (monthly and not usable(yearly, rule, alone=True))):
                continue
            years.add(year)
            parts.append((12, yearly, beside))
        parts += [(1, own[(m,)], 0) for m in period if m // 12 not in years and (m,) in own]
    return parts


def state_of(rule, parts, good, share, period, now):
    """Say what the outcome can be relied on for."""
    over = period[-1] < now
    if period[0] > now or (not parts and not over):
        return "not_yet_due"
    if not parts:
        return "no_data"
    if not good:
        states = {figure["state"] for _, figure, _ in parts}
        foreign = any(figure["unit"] != rule["unit"] for _, figure, _ in parts)
        if foreign or states & {"ok", "provisional"}:
            return "cannot_assess"
        if len(states) == 1 and states != {"insufficient"}:
            return states.pop()
    if share < 0.75:
        return "insufficient" if over else "not_yet_due"
    whole = share >= 1 or rule["measure"] != "total"
    kinds = {(figure["state"], figure["method"]) for _, figure, _ in good}
    sure = over and whole and len(kinds) == 1 and min(kinds)[0] == "ok"
    return "ok" if sure else "provisional"


def outcome(rule, figures, period, now):
    """Compute value, state, coverage, progress and achievement of one indicator."""
    parts = chosen(figures, rule, period)
    good = [part for part in parts if usable(part[1], rule, alone=len(parts) == 1)]
    due = len(period) * len(rule["jurisdictions"])
    counted, share = good or parts, min(1.0, sum(part[0] for part in good) / due)
    coverage = None
    if counted and all(figure["coverage"] is not None for _, figure, _ in counted):
        coverage = fsum(count * figure["coverage"] for count, figure, _ in counted) / due
        share = share if len(parts) == 1 else min(share, coverage)
    state, value = state_of(rule, parts, good, share, period, now), None
    if state in ("ok", "provisional"):
        values = [figure["value"] for _, figure, _ in good]
        value = fsum(values)
        if len(values) > 1 and rule["measure"] != "total":
            under = fsum(figure["denominator"] for _, figure, _ in good)
            value = fsum(figure["numerator"] for _, figure, _ in good) / under
    fits = rule["measure"] != "total" or len(period) == 12
    ahead = [t for t in rule["targets"] if fits and t["year"] >= period[-1] // 12]
    target = min(ahead, key=lambda t: t["year"])["value"] if ahead else None
    base = rule["baseline"] and rule["baseline"]["value"]
    known = value is not None and target is not None
    there = known and base is not None and target != base
    return {
        "value": value, "state": state, "coverage": coverage, "target": target, "baseline": base,
        "n": fsum(figure["n"] for _, figure, _ in counted),
        "progress": (value - base) / (target - base) if there else None,
        "achievement": value / target if known and target else None,
    }  # fmt: skip


def main(path, pinned=None):
    """Check a bundle; return the exit code."""
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    report = json.loads(files["report.json"], parse_int=float)
    inputs = json.loads(files["inputs.json"], parse_int=float)
    faults = [*signature_faults(files, pinned), *file_faults(files, report, inputs)]
    period, now = months(inputs["period"]), months(inputs["this_month"])[0]
    said = {each["indicator"]: each for each in report["outcomes"]}
    for rule in inputs["definitions"]:
        if rule["rule"] != "combine@1":
            faults.append(f"rule-unknown: {rule['rule']}")
        mine = [f for f in inputs["figures"] if f["indicator"] == rule["indicator"]]
        for name, value in outcome(rule, mine, period, now).items():
            if said[rule["indicator"]][name] != value:
                faults.append(f"number-differs: {rule['indicator']} {name} is {value}")
    good = f"{report['code']}: authentic, {len(said)} outcomes recomputed"
    sys.stdout.write("\n".join(faults or [good]) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
