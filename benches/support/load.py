"""wrk on two sides in turn, and what of it is compared: rate, bytes, processor time."""

import json
import os
import statistics
import subprocess

from stage import Unmeasured, processor

HERE = os.path.dirname(os.path.abspath(__file__))


def wrk(url, seconds, threads, connections, script="tally.lua", arguments=(), headers=()):
    said = [word for header in ("User-Agent: wrk", *headers) for word in ("-H", header)]
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", *said,
               "-s", f"{HERE}/{script}", url, "--", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90, check=False)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("TALLY ")]
    if ran.returncode != 0 or not lines:
        raise Unmeasured(f"wrk failed on {url}: {ran.stderr or ran.stdout}")
    tally = json.loads(lines[0][6:])
    if tally["status"] or tally["broken"] or not tally["bytes"]:
        raise Unmeasured(f"{url} answered amiss: {tally}")
    return tally


class Compared:
    """Figures of both sides, round by round: `rates` in what `unit` says, `costs` in processor seconds for one."""

    def __init__(self):
        self.rates, self.costs, self.p99 = ([], []), ([], []), ([], [])

    def ratios(self):
        return [ours / theirs for ours, theirs in zip(*self.rates)]

    def medians(self, which):
        return [statistics.median(side) for side in which]


def alternate(sides, unit, rounds, seconds, check=None, **options):
    """Loads `sides`, process and URL of each, and headers if it has any of its own, in turn; `unit` is `requests` or `bytes`."""
    found = Compared()
    for number in range(-1, rounds):
        for side, (pid, url, *headers) in enumerate(sides):
            before = processor(pid)
            tally = wrk(url, seconds if number >= 0 else 1, headers=headers, **options)
            cost = processor(pid) - before
            if check:
                check(tally, side)
            # The first round only warms up.
            if number >= 0:
                found.rates[side].append(tally[unit] * 1e6 / tally["us"])
                found.costs[side].append(cost / tally[unit])
                found.p99[side].append(tally["p99_us"])
    return found
