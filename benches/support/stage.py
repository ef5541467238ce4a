"""What runs beside a measurement: a directory and child processes that are gone when it ends, however it ends."""

import ctypes
import http.client
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1


class Unmeasured(Exception):
    """A figure could not be had; the message says why."""


def die_with_parent():
    """Also where this script is killed and cannot clean up."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Stage:
    """Use as a context; `limit` seconds is the longest it lasts."""

    def __init__(self, limit):
        self.limit, self.children = limit, []

    def __enter__(self):
        # A thousand readers are two thousand connections in the gateway.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = 8192 if hard == resource.RLIM_INFINITY else min(8192, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
        signal.signal(signal.SIGTERM, lambda *_: exit(143))
        signal.signal(signal.SIGALRM, self._too_long)
        signal.alarm(self.limit)
        # In memory where possible: the disk is nobody's merit.
        self.dir = tempfile.mkdtemp(prefix="gate115-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        return self

    def __exit__(self, *_):
        signal.alarm(0)
        for child in reversed(self.children):
            self.stop(child)
        shutil.rmtree(self.dir, ignore_errors=True)

    def _too_long(self, *_):
        raise Unmeasured(f"it took longer than {self.limit} seconds")

    def spawn(self, *command, **options):
        child = subprocess.Popen(command, cwd=self.dir, preexec_fn=die_with_parent, **options)
        self.children.append(child)
        return child

    def stop(self, child):
        if child in self.children:
            self.children.remove(child)
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(port, path, headers=None, patience=10):
    """Status, headers and body of one GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("GET", path, headers={"User-Agent": "wrk", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def until(port, path, status, patience=10):
    """Asks until the answer has this status; returns its headers and body."""
    deadline, last = time.monotonic() + patience, None
    while time.monotonic() < deadline:
        try:
            last, headers, body = get(port, path)
            if last == status:
                return headers, body
        except OSError as error:
            last = error
        time.sleep(0.0005)
    raise Unmeasured(f"{path} on port {port} never answered {status}; the last was {last}")


def resident(pid):
    """MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    raise Unmeasured(f"process {pid} says nothing of its memory")


def processor(pid):
    """Seconds of processor time of a process and its children that live."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        below = sum(processor(child) for child in children.read().split())
    return (int(fields[11]) + int(fields[12])) / TICKS + below
