"""Connections to addresses that were judged: none into the network this machine stands in, unless that is allowed.

An address may lead there by itself, by its odd spelling (2130706433 is 127.0.0.1), or by a DNS name that answers
differently the second time. So a name is resolved once, all it stands for is judged, and the connection goes to an
address that was. The system's resolver reads the spellings, so that nothing is read in two ways.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from typing import Any, Literal

import httpcore

from localize.errors import UserError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CONNECT_SECONDS = 10.0
MAX_ADDRESSES = 4  # of one name: how many are tried

# Of this machine or its own network; 198.18/15 is what some proxies on a machine answer for every name.
_OWN = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15", "::1/128", "fc00::/7",
)))  # fmt: skip
# Never: metadata services of clouds, outside of 169.254/16 (Azure, Alibaba, AWS, Google), 6to4 relays, and what is no place.
_NEVER = tuple(map(ipaddress.ip_network, (
    "0.0.0.0/8", "100.100.100.200/32", "168.63.129.16/32", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4",
    "240.0.0.0/4", "fd00:ec2::/32", "fd20:ce::/32", "2001::/23", "2001:db8::/32", "3fff::/20",
)))  # fmt: skip
_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def judged(address: Address) -> Literal["public", "own", "never"]:
    """Whether an address is one of the open internet, of this machine's own network, or one that is never reached."""
    inner = _inner(address)
    if inner is not None:
        return judged(inner)
    if any(address in network for network in _NEVER):
        return "never"
    if any(address in network for network in _OWN):
        return "own"
    if isinstance(address, ipaddress.IPv6Address):
        return "public" if address in _UNICAST else "never"
    return "public" if address.is_global else "never"


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: ::ffff:a.b.c.d, NAT64, 6to4."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class Guarded(httpcore.NetworkBackend):
    """Connects to nothing but addresses that were judged, and to nothing after the deadline."""

    def __init__(self, name: str, allow_private: bool, until: float) -> None:
        self.name, self.allow_private, self.until = name, allow_private, until

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: Any = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in [self._admitted(a) for a in self._resolved(host, port)][:MAX_ADDRESSES]:
            try:
                wait = min(CONNECT_SECONDS, left(self.until, httpcore.ConnectTimeout))
                stream = httpcore.SyncBackend().connect_tcp(str(address), port, wait, None, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
                continue
            self._admitted(ipaddress.ip_address(stream.get_extra_info("server_addr")[0]))
            return _Timed(stream, self.until)
        raise failure

    def _admitted(self, address: Address) -> Address:
        verdict, plain = judged(address), _inner(address) or address
        if verdict == "own" and not self.allow_private:
            raise UserError(
                f"{self.name} is not fetched: {plain} is a private address. Use the address under which everyone reaches it, or "
                "set `fetch: {allow_private: true}` in the campaign if this is your own server"
            )
        if verdict == "never":
            raise UserError(f"{self.name} is not fetched: it leads to {plain}, where no shop's server can be. Correct the address")
        return address

    def _resolved(self, host: str, port: int) -> list[Address]:
        """The name's addresses. Asked on the side, as the system's resolver keeps to no deadline."""
        answer: queue.SimpleQueue[list[Any] | OSError | UnicodeError] = queue.SimpleQueue()

        def ask() -> None:
            try:
                answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                answer.put(error)

        threading.Thread(target=ask, daemon=True).start()
        try:
            found = answer.get(timeout=left(self.until, httpcore.ConnectTimeout))
        except queue.Empty as error:
            raise httpcore.ConnectTimeout("the name server does not answer") from error
        if isinstance(found, UnicodeError) or (isinstance(found, socket.gaierror) and found.errno in _NO_SUCH_NAME):
            raise UserError(f"{self.name}: there is no server called {host}: correct the address")
        if isinstance(found, OSError):
            raise httpcore.ConnectError(str(found)) from found
        return [ipaddress.ip_address(place[4][0]) for place in found]


_NO_SUCH_NAME = tuple(getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name))


class _Timed(httpcore.NetworkStream):
    """A stream that ends at the deadline, however slowly the other side sends."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self.stream, self.until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, left(self.until, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, left(self.until, httpcore.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> _Timed:
        return _Timed(self.stream.start_tls(ssl_context, server_hostname, left(self.until, httpcore.ConnectTimeout)), self.until)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def left(until: float, over: type[httpcore.TimeoutException]) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise over("the deadline has passed")
    return seconds
