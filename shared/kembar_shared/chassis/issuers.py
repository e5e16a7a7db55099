"""Whose tokens a process believes: the gateway's, and those of issuers that the operator names."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from kembar_shared.chassis.keys import RemoteKeys
from kembar_shared.chassis.verifying import Verifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kembar_shared.chassis.keys import KeySource
    from kembar_shared.chassis.settings import Settings, TrustedIssuer
    from kembar_shared.chassis.verifying import Caller


class Verifiers(Verifier):
    """Lets each token be checked by the rules of the issuer that it names, and by no others."""

    def __init__(self, own: Verifier, others: Mapping[str, Verifier]) -> None:
        self._own = own
        self._others = dict(others)

    def recall(self, token: str) -> Caller | None:
        """Return the caller of a token that was verified lately; nobody is waited for."""
        for verifier in (self._own, *self._others.values()):
            caller = verifier.recall(token)
            if caller is not None:
                return caller
        return None

    def verify(self, token: str) -> Caller:
        """Return the caller that *token* was issued to.

        Raises:
            Unauthenticated: The token is not valid, for whatever reason.
            KeysUnavailable: The issuer's keys were never received.
        """
        return self._others.get(_issuer_of(token), self._own).verify(token)


def verifier_of(settings: Settings, keys: KeySource) -> Verifier:
    """Return what checks tokens: the gateway's by *keys*, others by what the settings name."""
    own = Verifier(keys, issuer=settings.issuer, audience=settings.audience)
    others = {each.issuer: _foreign(settings, each) for each in settings.issuers}
    return Verifiers(own, others) if others else own


def _foreign(settings: Settings, issuer: TrustedIssuer) -> Verifier:
    file = settings.jwks_file
    keys = RemoteKeys(
        issuer.jwks_url,
        None if file is None else file.with_suffix(f".{issuer.name}.json"),
        settings.jwks_max_age_s,
        algorithms=issuer.algorithms,
    )
    return Verifier(keys, issuer=issuer.issuer, audience=issuer.audience, foreign=issuer)


def _issuer_of(token: str) -> str:
    """Return the issuer that a token names, before anything of it is believed."""
    try:
        encoded = token.split(".")[1]
        named = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))["iss"]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return ""
    return named if isinstance(named, str) else ""
