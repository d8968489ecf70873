"""Requests to a DICOMweb service: to the node's own address and nowhere else, no proxy, no redirect, no .netrc."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from fineview.core.errors import PeerProblem
from fineview.core.peer import Node, Secrets
from fineview.formats import limits, pacs_faults
from fineview.formats.pacs_tls import client_tls

_CONNECT_S = 10.0
LIST_BYTES = 64 << 20
"""A list; parsed it needs some ten times as much."""
ANSWER_BYTES = 16 << 20
"""An answer that is read as a whole where it is no object: receipts of STOW-RS."""


class Bearer(AuthBase):
    """The token, or nothing: an ``auth`` of its own keeps requests from looking into a .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Capped:
    """The body of an answer that is taken whole, up to ``most`` bytes after unpacking."""

    def __init__(self, raw: Any, most: int) -> None:
        self._raw, self._most = raw, most

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        size = 0
        for chunk in self._raw.stream(*args, **kwargs):
            size += len(chunk)
            if size > self._most:
                self._raw.close()
                raise limits.too_large("The peer's answer", size, self._most)
            yield chunk


class _Door(HTTPAdapter):
    """``context`` None: plain HTTP.  ``most``: bytes of an answer that is taken whole."""

    def __init__(self, most: int, context: ssl.SSLContext | None = None) -> None:
        self._most, self._context = most, context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        shield = {} if self._context is None else {"ssl_context": self._context}
        super().init_poolmanager(*args, **kwargs, **shield)  # type: ignore[no-untyped-call]

    def send(self, request: requests.PreparedRequest, stream: bool = False, *args: Any, **kwargs: Any
             ) -> requests.Response:
        request.url = as_it_may_stand(request.url or "")
        response = super().send(request, stream, *args, **kwargs)
        if not stream:  # else whoever asked counts
            response.raw = _Capped(response.raw, self._most)
        return response


def as_it_may_stand(address: str) -> str:
    """A query without escapes that it does not need (RFC 3986 section 3.4): some services look for "%2A", not for *."""
    path, mark, query = address.partition("?")
    query = query.replace("+", "%20")  # a form's way to write a space
    return path + mark + re.sub("%(2A|3F|2C|3A|40|2F)", lambda found: chr(int(found[1], 16)), query)


class Service:
    """One node's address, session and patience.  ``most``: bytes of an answer that is taken whole."""

    def __init__(self, node: Node, secrets: Secrets, most: int) -> None:
        if secrets.token and not node.shielded:
            raise PeerProblem("A token is only sent where nobody on the way can read it.",
                              "Give the node an https address.", "peer-token-in-the-clear")
        self.node, self.base = node, node.url.rstrip("/")
        self.timeout = (min(_CONNECT_S, node.patience_s), node.patience_s)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.max_redirects = 0
        self.session.auth = Bearer(secrets.token)
        self.session.mount("http://", _Door(most))
        if self.base.startswith("https"):
            self.session.verify = node.ca_file or True
            self.session.mount("https://", _Door(most, client_tls(node, secrets)))

    def client(self) -> DICOMwebClient:
        made = DICOMwebClient(self.base, session=self.session, timeout=self.timeout)
        made.set_http_retry_params(retry=False)
        return made


@contextmanager
def serving(node: Node, secrets: Secrets, most: int = LIST_BYTES) -> Iterator[Service]:
    """A service to talk to.  Whatever requests raises comes out as a ``PeerProblem``."""
    service = Service(node, secrets, most)
    try:
        yield service
    except requests.TooManyRedirects as error:
        raise pacs_faults.redirected() from error
    except requests.HTTPError as error:
        raise pacs_faults.http_status(error.response.status_code if error.response is not None else 0) from error
    except requests.JSONDecodeError as error:
        raise pacs_faults.answer_unreadable("no JSON") from error
    except requests.ReadTimeout as error:
        raise pacs_faults.silent(node) from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        cause = _cause(error)
        # Reset or ended in the middle, and not: nobody there.
        if isinstance(cause, ConnectionError) and not isinstance(cause, ConnectionRefusedError):
            raise pacs_faults.left() from error
        raise pacs_faults.left() if cause is None else pacs_faults.unreachable(node, cause) from error
    except requests.RequestException as error:
        raise pacs_faults.answer_unreadable(type(error).__name__) from error
    finally:
        service.session.close()


def _cause(error: BaseException) -> BaseException | None:
    """The error of the system behind those of the libraries."""
    seen: list[object] = [error]
    for one in seen:
        if isinstance(one, (ssl.SSLError, socket.gaierror, TimeoutError, ConnectionError)) and not isinstance(
                one, requests.RequestException):
            return one
        if isinstance(one, BaseException):
            more = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
            seen.extend(other for other in more if other not in seen)
        if len(seen) > 64:
            break
    return None


def read_all(response: requests.Response, most: int = ANSWER_BYTES) -> bytes:
    """The body of a streamed response.  Raises ``PeerProblem`` beyond ``most`` bytes."""
    data = bytearray()
    for chunk in response.iter_content(1 << 16):
        data += chunk
        if len(data) > most:
            raise pacs_faults.answer_unreadable("far too long")
    return bytes(data)
