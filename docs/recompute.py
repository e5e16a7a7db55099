"""Check a report's bundle without Kembar: python3 recompute.py REPORT.zip [THUMBPRINT].

A second opinion: it shares no code with the server or `kembar verify`, needs Python 3.11 and the
package `cryptography`, prints a line for each fault, and repeats the rules of docs/reports.md.
"""

import hashlib
import json
import sys
import zipfile
from base64 import urlsafe_b64decode, urlsafe_b64encode
from decimal import Decimal
from math import fsum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def spelled(value):
    """Spell JSON canonically (RFC 8785), numbers as ECMAScript does: plain from 1e-6 to 1e21."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{spelled(n)}:{spelled(value[n])}" for n in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    if not isinstance(value, float):
        return json.dumps(value, ensure_ascii=False)
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        plain = format(Decimal(repr(value or 0)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"


def signature_faults(files, pinned):
    """Yield what is wrong with the signatures over `report.json`."""
    keys = {key["kid"]: key for key in json.loads(files["keys.json"])["keys"]}
    signatures = json.loads(files["report.jws"])["signatures"]
    yield from () if signatures else ["unsigned"]
    payload = urlsafe_b64encode(files["report.json"]).rstrip(b"=")
    for place, signature in enumerate(signatures):
        header = json.loads(urlsafe_b64decode(signature["protected"] + "=="))
        key = keys.get(header["kid"], {"x": ""})
        members = f'{{"crv":"Ed25519","kty":"OKP","x":"{key["x"]}"}}'.encode()
        thumbprint = urlsafe_b64encode(hashlib.sha256(members).digest()).decode().rstrip("=")
        if thumbprint != header["kid"]:
            yield f"key-changed: {header['kid']} is {thumbprint}"
            continue
        if place == 0 and pinned not in (None, thumbprint):
            yield f"key-untrusted: {thumbprint}"
        ours = (header["alg"], header["typ"]) == ("Ed25519", "kembar-report+jws")
        try:
            public = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(key["x"] + "=="))
            signed = signature["protected"].encode() + b"." + payload
            public.verify(urlsafe_b64decode(signature["signature"] + "==") if ours else b"", signed)
        except (InvalidSignature, ValueError):
            yield f"{'countersignature' if place else 'report-changed'}: {thumbprint}"


def file_faults(files, report, inputs):
    """Yield files and inputs that are others than those the report names."""
    for name, said in report["files"].items():
        if hashlib.sha256(files.get(name, b"")).hexdigest() != said["sha256"]:
            yield f"file-changed: {name}"
    named = {d for o in report["outcomes"] for d in (o["definition"], *o["figures"])}
    for each in [each for member in inputs.values() for each in member if isinstance(each, dict)]:
        if hashlib.sha256(spelled(each).encode()).hexdigest() not in named:
            yield f"input-changed: {each['indicator']} {each.get('period', each.get('entry'))}"


def months(text):
    """Turn 2023, 2023-04 or 2023-01/2023-06 into a range of months counted from year 0."""
    ends = [[int(number) for number in part.split("-")] for part in text.split("/")]
    (year, month), (last_year, last) = [*ends[0], 1][:2], [*ends[-1], 12][:2]
    return range(year * 12 + month - 1, last_year * 12 + last)


def usable(figure, rule, alone):
    """Say whether a figure counts."""
    adds = figure["numerator"] is not None and (figure["denominator"] or 0) > 0
    fits = figure["value"] is not None and figure["unit"] == rule["unit"]
    return fits and (alone or rule["measure"] == "total" or adds)


def chosen(figures, rule, span):
    """Return (months, figure), tiling a span: a year's own figure, or those of its months."""
    parts, total = [], rule["measure"] == "total"
    for area in rule["jurisdictions"]:
        own = {tuple(months(f["period"])): f for f in figures if f["jurisdiction"] == area}
        years = set()
        for year in sorted({month // 12 for month in span}):
            whole = range(year * 12, year * 12 + 12)
            yearly, monthly = own.get(tuple(whole)), [own[(m,)] for m in whole if (m,) in own]
            beside = sum(usable(figure, rule, alone=False) for figure in monthly)
            if yearly is None or not set(whole) <= set(span) or (total and beside >= 9):
                continue
            if usable(yearly, rule, alone=True) or not (total and monthly):
                years.add(year)
                parts.append((12, yearly))
        parts += [(1, own[(m,)]) for m in span if m // 12 not in years and (m,) in own]
    return parts


def combined(rule, figures, span, now):
    """Compute value, state, coverage and number of measurements of a span of months."""
    parts, value, coverage = chosen(figures, rule, span), None, None
    good = [part for part in parts if usable(part[1], rule, alone=len(parts) == 1)]
    due, used = len(span) * len(rule["jurisdictions"]), [figure for _, figure in good or parts]
    share, states = min(1.0, sum(count for count, _ in good) / due), {f["state"] for f in used}
    if used and all(figure["coverage"] is not None for figure in used):
        coverage = fsum(count * figure["coverage"] for count, figure in good or parts) / due
        share = share if len(parts) == 1 else min(share, coverage)
    total, over, units = rule["measure"] == "total", span[-1] < now, {f["unit"] for f in used}
    if span[0] > now or not parts:
        state = "no_data" if over else "not_yet_due"
    elif not good and (states & {"ok", "provisional"} or units != {rule["unit"]}):
        state = "cannot_assess"
    elif not good and len(states) == 1 and states != {"insufficient"}:
        (state,) = states
    elif share < 0.75:
        state = "insufficient" if over else "not_yet_due"
    else:
        sure = states == {"ok"} and len({f["method"] for f in used}) == 1
        state = "ok" if sure and over and (share >= 1 or not total) else "provisional"
        value = fsum(figure["value"] for figure in used)
        if len(used) > 1 and not total:
            under = fsum(figure["denominator"] for figure in used)
            value = fsum(figure["numerator"] for figure in used) / under
    return {"value": value, "state": state, "coverage": coverage, "n": sum(f["n"] for f in used)}


def tallied(rule, terms, span, now):
    """Add up what entries of the register give; unknown numerators count against coverage."""
    known, over = [t for t in terms if t["numerator"] is not None], span[-1] < now
    total, coverage, value = rule["measure"] == "total", None, None
    above, below = (fsum(t[n] or 0 for t in known) for n in ("numerator", "denominator"))
    if terms and all(t["denominator"] is not None for t in terms):
        weight = fsum(t["denominator"] for t in terms)
        coverage = below / weight if weight > 0 else len(known) / len(terms)
    alone = any(t["side"] for t in terms) and len({t["side"] for t in known}) < 2
    if span[0] > now or not terms:
        state = "no_data" if over else "not_yet_due"
    elif coverage is not None and (coverage < (1 if total else 0.75) or alone):
        state = "insufficient" if over else "not_yet_due"
    elif coverage is None or (not total and below <= 0):
        state = "cannot_assess"
    else:
        state = "ok" if over and coverage >= 1 else "provisional"
        value = above if total else above / below
    return {"value": value, "state": state, "coverage": coverage, "n": len(known)}


def outcome(rule, inputs, span, now):
    """Compute an outcome, how near it is to its target, and it without disrupted months."""
    figures = [f for f in inputs["figures"] if f["indicator"] == rule["indicator"]]
    terms = [t for t in inputs.get("terms", ()) if t["indicator"] == rule["indicator"]]
    count, given = (tallied, terms) if rule["rule"] == "tally@1" else (combined, figures)
    found, rest = count(rule, given, span, now), None
    if hindered := {m for each in rule.get("disrupted", ()) for m in months(each["period"])}:
        left = [month for month in span if month not in hindered]
        rest = {"value": None, "state": "suspended", "coverage": None, "n": 0}
        rest = combined(rule, figures, left, now) if left else rest
        if left and chosen(figures, rule, span) and not chosen(figures, rule, left):
            rest["state"] = "cannot_assess"
    fits = rule["measure"] != "total" or len(span) == 12
    ahead = [t for t in rule["targets"] if fits and t["year"] >= span[-1] // 12]
    own = [t for t in rule.get("period_targets", ()) if months(t["period"]) == span]
    target = (own or sorted(ahead, key=lambda t: t["year"]) or [{"value": None}])[0]["value"]
    base, value = rule["baseline"] and rule["baseline"]["value"], found["value"]
    known = value is not None and target is not None
    there = known and base is not None and target != base
    return found | {
        "target": target, "baseline": base, "undisrupted": rest,
        "progress": (value - base) / (target - base) if there else None,
        "achievement": value / target if known and target else None,
    }  # fmt: skip


def main(path, pinned=None):
    """Check a bundle; return the exit code."""
    with zipfile.ZipFile(path) as bundle:
        files = {name: bundle.read(name) for name in bundle.namelist()}
    report, inputs = (json.loads(files[f"{n}.json"], parse_int=float) for n in ("report", "inputs"))
    faults = [*signature_faults(files, pinned), *file_faults(files, report, inputs)]
    span, now = months(inputs["period"]), months(inputs["this_month"])[0]
    said = {each["indicator"]: each for each in report["outcomes"]}
    for rule in inputs["definitions"]:
        if rule["rule"] not in ("combine@1", "combine@2", "tally@1"):
            faults.append(f"rule-unknown: {rule['rule']}")
        for name, value in outcome(rule, inputs, span, now).items():
            told = said[rule["indicator"]].get(name)
            if told != (told | value if told and value and name == "undisrupted" else value):
                faults.append(f"number-differs: {rule['indicator']} {name} is {value}")
    good = [f"{report['code']}: authentic, {len(said)} outcomes recomputed"]
    sys.stdout.write("\n".join(faults or good) + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
