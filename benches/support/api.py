"""The API and signed links: how long a large folder takes, what a login costs for each call, and what signs leave in memory."""

import json
import statistics
import time
from urllib.parse import quote

import gateway as gw
from load import alternate
from stage import Unmeasured, get, resident

# As many as an hour of `link_expiration` makes for one file, and more.
SIGNS = 10_000


def data(port, path, headers=None):
    """What is in the envelope."""
    status, _, body = get(port, path, headers)
    answer = json.loads(body)
    if status != 200 or answer["code"] != 200:
        raise Unmeasured(f"{path} answers {status}: {body[:300]}")
    return answer["data"]


def length(port, path, headers=None):
    """Of an answer that is a success, with its head."""
    data(port, path, headers)
    _, said, body = get(port, path, headers)
    return len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(f"{name}: {value}\r\n") for name, value in said.items()) + len(body)


def listing(table, gate, count):
    """`fs/list` of a folder that is known, whole and by pages."""
    whole = f"/api/fs/list?path={quote(gw.FOLDER)}"
    rows = len(data(gate.port, whole)["content"])
    if rows < 10_000:
        raise Unmeasured(f"fs/list gives {rows} entries")
    for what, path, bound in ((f"fs/list of {rows:,} entries, warm", whole, 30),
                              ("fs/list of the last 100 of them", f"{whole}&page={rows // 100}&per_page=100", None)):
        took = []
        for _ in range(count):
            started = time.perf_counter()
            get(gate.port, path)
            took.append((time.perf_counter() - started) * 1000)
        shown = statistics.median(took)
        table.add(what, f"≤ {bound} ms" if bound else "", shown <= bound if bound else None, f"{shown:.1f} ms",
                  ratio=f"{min(took):.1f}–{max(took):.1f} ms")


def logins(table, gate, rounds, seconds):
    """The same calls by a guest, who stands where nginx stands elsewhere, and with the token of a login."""
    child, port, token = gate.users()
    for what, path in (("/api/me", "/api/me"), ("fs/get, warm,", f"/api/fs/get?path={quote(gw.FILE)}")):
        whole = [length(port, path, {"Authorization": token}), length(gate.port, path)]

        def answered(tally, side):
            # A refusal is quick, and has status 200 as well.
            each = tally["bytes"] / max(tally["requests"], 1)
            if abs(each - whole[side]) > 40:
                raise Unmeasured(f"{path} answers {whole[side]} bytes, and {each:.0f} under load")

        sides = [(child.pid, f"http://127.0.0.1:{port}{path}", f"Authorization: {token}"),
                 (gate.pid, f"http://127.0.0.1:{gate.port}{path}")]
        found = alternate(sides, "requests", rounds, seconds, answered, threads=2, connections=64)
        table.compared(f"{what} with a login, against a guest's (no nginx here)", None, found, lambda rate: f"{rate:,.0f} /s")
    gate.stage.stop(child)


def signs(table, gate):
    """Different signed links of one file, each asked for once."""
    child, port, sign = gate.signed()

    def ask(numbers):
        for number in numbers:
            # They hold until long after this; each is another one.
            path = sign(4_000_000_000 + number)
            status, _, _ = get(port, path)
            if status != 302:
                raise Unmeasured(f"{path} answers {status}")

    ask(range(1000))
    before = resident(child.pid)
    ask(range(1000, 1000 + SIGNS))
    grown = resident(child.pid) - before
    table.add(f"memory that {SIGNS:,} different signed links leave behind", "< 1 MiB", grown < 1, f"{grown:.2f} MiB")
    gate.stage.stop(child)
