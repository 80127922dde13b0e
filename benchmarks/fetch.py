"""Fetching 2,000 pages from 20 hosts on this machine that answer after 100 ms, beside trafilatura's own downloader.

    python benchmarks/fetch.py [--pages 2000] [--hosts 20] [--latency 0.1]

Each way runs in a process of its own, one after the other, against the same server. Ours lists the pages by 20 feeds,
reads each host's robots.txt, and ends with every page in the archive and in the database; trafilatura gets the addresses
and keeps nothing. Both may ask a host by two connections at a time and without a pause.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS_A_HOST = 2
PAGE = "<!doctype html><title>Page {n}</title><p>" + "Shipments of cobalt hydroxide were unchanged that week. " * 200
PORT = 8099


def hosts(count: int) -> list[str]:
    return [f"http://127.0.1.{number + 1}:{PORT}" for number in range(count)]


async def serve(pages: int, count: int, latency: float) -> None:
    """Answer /feed, /robots.txt and /<n> on every host, each after `latency` seconds."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split(b" ", 2)[1].decode()
                await asyncio.sleep(latency)
                kind, body = content(path, pages // count)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    servers = [await asyncio.start_server(answer, urlsplit(host).hostname, PORT) for host in hosts(count)]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


def content(path: str, pages: int) -> tuple[str, bytes]:
    if path == "/feed":
        items = "".join(f"<item><title>Page {n}</title><link>/{n}</link></item>" for n in range(pages))
        return "application/rss+xml", f"<rss version='2.0'><channel>{items}</channel></rss>".encode()
    if path == "/robots.txt":
        return "text/plain", b"User-agent: *\nAllow: /"
    return "text/html", PAGE.format(n=path[1:]).encode()


def ours(pages: int, count: int) -> int:
    from extractor.fetch.archive import archive_of
    from extractor.fetch.harvest import harvest
    from extractor.fetch.sources import Source
    from extractor.limits import Limits
    from extractor.store.ledger import Ledger

    sources = [
        Source(f"host-{number}", host, "feed", url=f"{host}/feed", local=True)
        for number, host in enumerate(hosts(count))
    ]
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "events.db") as ledger:
        archive = archive_of(Path(folder) / "events.db")
        harvest(sources, ledger, archive, Limits(host_delay=0, host_connections=CONNECTIONS_A_HOST))
        kept = list(ledger.unread("benchmark"))
        assert all(archive.get(page.sha256) == content(urlsplit(page.url).path, 0)[1] for page in kept)
        return len(kept)


def trafilaturas(pages: int, count: int) -> int:
    from trafilatura.downloads import buffered_response_downloads
    from trafilatura.settings import DEFAULT_CONFIG, Extractor

    DEFAULT_CONFIG["DEFAULT"]["SSRF_PROTECTION"] = "off"  # the hosts are on this machine
    urls = [f"{host}/{number}" for number in range(pages // count) for host in hosts(count)]
    found = buffered_response_downloads(urls, CONNECTIONS_A_HOST * count, options=Extractor(config=DEFAULT_CONFIG))
    return sum(response is not None and response.data == content(urlsplit(url).path, 0)[1] for url, response in found)


def measured(way: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--pages", str(arguments.pages), "--hosts", str(arguments.hosts)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--way", choices=("server", "ours", "trafilatura"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way == "server":
        asyncio.run(serve(arguments.pages, arguments.hosts, arguments.latency))
    elif arguments.way:
        started = time.monotonic()
        got = {"ours": ours, "trafilatura": trafilaturas}[arguments.way](arguments.pages, arguments.hosts)
        seconds = time.monotonic() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"pages": got, "seconds": seconds, "peak_mb": peak}))
    else:
        options = ["--pages", str(arguments.pages), "--hosts", str(arguments.hosts), "--latency", str(arguments.latency)]
        server = subprocess.Popen(
            [sys.executable, __file__, "--way", "server", *options], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            server.stdout.readline()
            least = arguments.pages * arguments.latency / (arguments.hosts * CONNECTIONS_A_HOST)
            print(f"{arguments.pages:,} pages, {arguments.hosts} hosts, {arguments.latency * 1000:g} ms: at least {least:.1f} s")
            found = {way: measured(way, arguments) for way in ("ours", "trafilatura")}
            for way, figures in found.items():
                lost = arguments.pages - figures["pages"]
                print(
                    f"{way:12} {figures['pages'] / figures['seconds']:7.1f} pages/s  {figures['seconds']:6.1f} s  "
                    f"peak {figures['peak_mb']:5.0f} MB  {lost:.0f} lost"
                )
            print(f"ours / trafilatura: {found['trafilatura']['seconds'] / found['ours']['seconds']:.2f} times as fast")
        finally:
            server.kill()


if __name__ == "__main__":
    main()
