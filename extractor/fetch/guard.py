"""The network as documents may use it: public addresses only, and no longer than agreed.

Every connection, the first and each redirect's, resolves its host here, checks every address that the name has and
connects to one of the checked addresses itself, so that a name cannot mean something else by the time it is used.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

# Addresses that count as global and still lead, or may lead, into somebody's own network.
_REFUSED = tuple(ipaddress.ip_network(network) for network in (
    "168.63.129.16/32",  # Azure's wire server
    "192.88.99.0/24", "2002::/16",  # 6to4: an IPv4 address inside
    "2001::/32",  # Teredo: an IPv4 address inside
    "64:ff9b::/96", "64:ff9b:1::/48",  # NAT64: an IPv4 address inside
    "::/96",  # IPv4-compatible, long deprecated
    "fec0::/10",  # site-local, long deprecated
))


class RefusedAddress(httpx.RequestError):
    """The host's name leads to an address that is not public."""


class OutOfTime(httpx.TimeoutException):
    """The time for one address, redirects included, is used up."""


def is_public(address: str) -> bool:
    """Whether an IP address, as text, belongs to the open internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    private = (ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
               or ip.is_unspecified or not ip.is_global)
    return not private and not any(ip in network for network in _REFUSED if network.version == ip.version)


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport whose sockets are opened by GuardedNetwork."""

    def __init__(self, *, allow_private: bool) -> None:
        self._network = _GuardedNetwork(allow_private)
        self._pool = httpcore.ConnectionPool(ssl_context=httpx.create_ssl_context(), max_connections=1,
                                             network_backend=self._network)

    def restart_clock(self, seconds: float) -> None:
        """Give all that follows this many seconds; then every read raises OutOfTime."""
        self._network.deadline = time.monotonic() + seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port,
                           target=request.url.raw_path)
        response = self._pool.handle_request(httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions))
        assert isinstance(response.stream, Iterable)
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response.stream),
                              extensions=response.extensions)

    def close(self) -> None:
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


class _GuardedNetwork(httpcore.NetworkBackend):
    def __init__(self, allow_private: bool) -> None:
        self.deadline = time.monotonic()
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()

    def time_left(self, timeout: float | None) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime("too slow")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
                    socket_options: Iterable[Any] | None = None) -> httpcore.NetworkStream:
        failure: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError("no address")
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(address, port, self.time_left(timeout), local_address,
                                                   socket_options)
                return _TimedStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("the host's name is not known") from error
        addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
        for address in addresses:
            if not self._allow_private and not is_public(address):
                raise RefusedAddress(f"{host} leads to {address}")
        return addresses


class _TimedStream(httpcore.NetworkStream):
    """A connection that knows when the time for the whole address is up."""

    def __init__(self, stream: httpcore.NetworkStream, network: _GuardedNetwork) -> None:
        self._stream = stream
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._network.time_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._network.time_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None,
                  timeout: float | None = None) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._network.time_left(timeout))
        return _TimedStream(secured, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
