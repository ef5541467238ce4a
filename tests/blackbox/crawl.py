#!/usr/bin/env python3
"""Follows every link of every page of a running demo; each file comes through /d and through /p, and both are the same.

crawl.py BASE MEDIA: MEDIA is the folder with the files that the demo was built with.
"""

import hashlib
import html.parser
import http.client
import os
import re
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

# Few, as an account has ten connections and one that was dropped counts for some seconds more.
WORKERS = 4
# Of a longer file only some pieces are compared.
WHOLE = 200 << 20
PIECE = 1 << 20
LOCAL = {"clip.mp4", "clip.mkv", "tone.mp3"}
NOTES = 3000


class Links(html.parser.HTMLParser):
    """The targets of a page's links, and how many rows say that an upload is not finished."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.stable, self.playlists, self.unfinished = [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "a":
            target = attributes["href"]
            kinds = (("/d/@pc/", self.stable), ("/api/fs/m3u?", self.playlists), ("", self.targets))
            next(kind for start, kind in kinds if target.startswith(start)).append(target)
        if tag == "tr" and "unfinished" in attributes.get("class", ""):
            self.unfinished += 1


class Site:
    def __init__(self, base):
        self.host = urllib.parse.urlsplit(base).netloc
        self.local = threading.local()

    def get(self, target, span=None):
        """Status, headers and body. A kept connection may have been closed meanwhile: then once more on a new one."""
        headers = {"User-Agent": "gate115-crawl", **({"Range": f"bytes={span[0]}-{span[1]}"} if span else {})}
        for fresh in (False, True):
            connection = getattr(self.local, "connection", None)
            if connection is None or fresh:
                connection = self.local.connection = http.client.HTTPConnection(self.host, timeout=60)
            try:
                connection.request("GET", target, headers=headers)
                response = connection.getresponse()
                return response.status, response.headers, response
            except (ConnectionError, http.client.RemoteDisconnected):
                connection.close()
                if fresh:
                    raise

    def page(self, target):
        status, headers, body = self.get(target)
        text = body.read().decode()
        if status != 200 or not headers["Content-Type"].startswith("text/html"):
            raise SystemExit(f"{target}: {status} {headers['Content-Type']}")
        return text

    def digest(self, target, redirected, span=None):
        """Length, SHA-1 and entity tag of what is at `target`, which is or is not a redirect."""
        status, headers, body = self.get(target, span)
        if redirected and not (status == 200 and headers["Content-Length"] == "0"):
            body.read()
            to = urllib.parse.urlsplit(headers["Location"] or "")
            if status != 302 or to.netloc != self.host or not to.path.startswith("/cdn/"):
                raise SystemExit(f"{target}: {status}, Location {headers['Location']}")
            status, headers, body = self.get(f"{to.path}?{to.query}", span)
        sha1, length = hashlib.sha1(), 0
        if status != (206 if span else 200):
            raise SystemExit(f"{target}: {status} {body.read(300)!r}")
        while chunk := body.read(1 << 20):
            sha1.update(chunk)
            length += len(chunk)
        if length != int(headers["Content-Length"]):
            raise SystemExit(f"{target}: {length} bytes of {headers['Content-Length']}")
        return length, sha1.hexdigest(), headers["ETag"]

    def size(self, target):
        status, headers, body = self.get(target, (0, 0))
        body.read()
        return int(headers["Content-Range"].rpartition("/")[2]) if status == 206 else 0


def heads(folder):
    """The links to all orders of a folder's page."""
    orders = [f"sort={by}&order={order}" for by in ("name", "size", "time") for order in ("asc", "desc")]
    return {f"{folder}?{order}{more}" for order in orders for more in ("", "&refresh=1")}


def entries(page):
    return {target for target in Links(page).targets if not target.startswith("/-/")}


def pages(site):
    """The files of all folders, each by its path without /d; asserts what is true of each page."""
    todo, seen, files, unfinished, stable, playlists = ["/"], {"/"}, {}, 0, 0, 0
    while todo:
        folder = todo.pop()
        links = Links(site.page(folder))
        unfinished += links.unfinished
        orders = {target for target in links.targets if "?" in target}
        # What is not of a drive, as the form to log in, is not of a folder either.
        plain = [target for target in links.targets if "?" not in target and not target.startswith("/-/")]
        direct = [target[2:] for target in plain if target.startswith("/d/")]
        relayed = [target[2:] for target in plain if target.startswith("/p/")]
        if direct != relayed:
            raise SystemExit(f"{folder}: not the same files by /d and by /p")
        if len(set(direct)) != len(direct):
            raise SystemExit(f"{folder}: two files with one link")
        for order in orders:
            if "refresh=1" in order:
                # Leads back to the page as it was.
                status, headers, body = site.get(order)
                body.read()
                if status != 302 or headers["Location"] != folder:
                    raise SystemExit(f"{order}: {status}, Location {headers['Location']}")
            # The page as it is at first is one of its own orders, so it may link to itself.
            elif entries(site.page(order)) - orders - {folder} - heads(folder) != set(plain) - {folder}:
                raise SystemExit(f"{order}: not the entries of {folder}")
        # A file's stable link leads to the CDN as well, and is called like the file.
        for target in links.stable[:1]:
            status, headers, body = site.get(target)
            body.read()
            names = {path.rpartition("/")[2] for path in direct}
            if (status, headers["Content-Length"]) != (200, "0") and (status != 302 or "/cdn/" not in headers["Location"]):
                raise SystemExit(f"{target}: {status}, Location {headers['Location']}")
            if target.partition("?")[0].rpartition("/")[2] not in names:
                raise SystemExit(f"{target}: no file of {folder}")
        for target in links.playlists:
            status, _, body = site.get(target)
            played = [line for line in body.read().decode().splitlines() if not line.startswith("#")]
            if status != 200 or not played or not set(played) <= {f"http://{site.host}/d{path}" for path in direct}:
                raise SystemExit(f"{target}: {status}, {played[:3]}, which are not files of {folder}")
        stable, playlists = stable + len(links.stable), playlists + len(links.playlists)
        files.update((path, folder) for path in direct)
        for target in plain:
            if not target.startswith(("/d/", "/p/")) and target not in seen:
                seen.add(target)
                todo.append(target)
    return files, len(seen), unfinished, stable, playlists


def same(site, media, path):
    """Compares a file by its two ways; returns how many bytes of it."""
    size = site.size("/p" + path)
    spans = [None] if size <= WHOLE else [(at, at + PIECE - 1) for at in (0, size // 2 + 7, size - PIECE)]
    total = 0
    for span in spans:
        length, sha1, _ = site.digest("/d" + path, True, span)
        got = site.digest("/p" + path, False, span)
        if (length, sha1) != got[:2]:
            raise SystemExit(f"{path} {span}: /d gives {length} bytes, {sha1}; /p gives {got}")
        if span is None and length != size:
            raise SystemExit(f"{path}: {length} bytes, not {size}")
        total += length
        name = urllib.parse.unquote(path.rpartition("/")[2])
        # 115 knows the SHA-1 of a file; the simulator does not hash patterns of many megabytes.
        if span is None and length < 4 << 20 and got[2].strip('"') != sha1:
            raise SystemExit(f"{path}: the entity tag is {got[2]}, the SHA-1 {sha1}")
        note = re.fullmatch(r"Note (\d+)\.txt", name)
        if note and sha1 != hashlib.sha1(f"Note {note[1]} of {NOTES}.\n".encode()).hexdigest():
            raise SystemExit(f"{path}: another file's content")
        if name.lower() in LOCAL:
            with open(os.path.join(media, name.lower()), "rb") as file:
                if hashlib.sha1(file.read()).hexdigest() != sha1:
                    raise SystemExit(f"{path}: not the file in demo/")
    return total


def main(base, media):
    started = time.monotonic()
    site = Site(base)
    files, folders, unfinished, stable, playlists = pages(site)
    notes = sum("/Many/" in path for path in files)
    if notes != NOTES or unfinished != 1 or len(files) < NOTES + 20:
        raise SystemExit(f"{len(files)} files, {notes} of them notes, {unfinished} unfinished")
    if stable < NOTES:
        raise SystemExit(f"{len(files)} files, and {stable} stable links")
    if playlists < 2:
        raise SystemExit(f"{playlists} playlists")
    print(f"  ok  {folders} folders, each in every order, with {len(files)} files, {stable} of them with stable links; {playlists} playlists",
          flush=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        jobs = [pool.submit(same, site, media, path) for path in files]
        try:
            total = sum(job.result() for job in jobs)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    seconds = time.monotonic() - started
    print(f"  ok  {len(files)} files the same through /d and /p, {total >> 20} MiB each way, {seconds:.0f} s")


main(sys.argv[1].rstrip("/"), sys.argv[2])
