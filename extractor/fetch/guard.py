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

# Never connected to, whatever is allowed: what a cloud tells its own machines, and IPv6 with some IPv4 address inside.
_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "fd00:ec2::/32",
        "192.88.99.0/24",
        "2002::/16",
        "2001::/32",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "::/96",
        "fec0::/10",
    )
)


class RefusedAddress(httpx.RequestError):
    """The host's name leads to an address that must not be connected to. The message ends in the remedy."""


def refusal(address: str, allow_private: bool) -> str:
    """Why an IP address, given as text, must not be connected to, and the remedy; "" if it may be."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if not ip.is_loopback and (
        ip.is_link_local
        or ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
        or any(ip in network for network in _NEVER if network.version == ip.version)
    ):
        return "which is never fetched from; check the address"
    if not ip.is_global and not allow_private:
        return "which is not a public address; give --allow-private if it may be read"
    return ""


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport whose sockets are opened by GuardedNetwork."""

    def __init__(self, *, allow_private: bool) -> None:
        self._network = _GuardedNetwork(allow_private)
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), max_connections=1, network_backend=self._network
        )

    def restart_clock(self, seconds: float) -> None:
        """Give all that follows this many seconds; then everything raises a TimeoutException."""
        self._network.deadline = time.monotonic() + seconds

    @property
    def time_is_up(self) -> bool:
        return time.monotonic() >= self._network.deadline

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method, url, headers=request.headers.raw, content=request.stream, extensions=request.extensions
            )
        )
        assert isinstance(response.stream, Iterable)
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response.stream), extensions=response.extensions
        )

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
            raise httpcore.ReadTimeout("the time for this address is used up")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.NetworkError | httpcore.TimeoutException = httpcore.ConnectError("no address")
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self.time_left(timeout), local_address, socket_options
                )
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
            if why := refusal(address, self._allow_private):
                raise RefusedAddress(f"{host} leads to {address}, {why}")
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

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._network.time_left(timeout))
        return _TimedStream(secured, self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
