"""The gateway under test: built, given a simulated 115 to stand on, started and asked."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time

from stage import Unmeasured, free_port, get, until

FILE = "/115/Bench/large.bin"
FOLDER = "/115/Many"
NAME, PASSWORD = "bench", "a-password-of-the-benchmark"
USER = f"{{ name: {NAME}, password: {PASSWORD} }}"


def build(root):
    """Paths of the gateway and of the simulator, built as they are shipped."""
    paths = {}
    for what in (["--bin", "gate115"], ["-p", "sim115", "--example", "serve"]):
        built = subprocess.run(["cargo", "build", "--release", "--message-format=json", *what], cwd=root,
                               stdout=subprocess.PIPE, text=True, check=False)
        if built.returncode != 0:
            raise Unmeasured("it cannot be built")
        for line in built.stdout.splitlines():
            message = json.loads(line)
            if message.get("executable"):
                paths[message["target"]["name"]] = message["executable"]
    return paths["gate115"], paths["serve"]


class Gateway:
    def __init__(self, stage, programs, threads, origin_port, size):
        self.stage, (self.program, serve) = stage, programs
        self.port = free_port()
        self.environment = {**os.environ, "RUST_LOG": "warn", "TOKIO_WORKER_THREADS": str(threads)}
        self.sim = stage.spawn(serve, stage.dir, f"127.0.0.1:{self.port}", f"http://127.0.0.1:{origin_port}", str(size),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.sim.stdout.readline().startswith("http://"):
            raise Unmeasured("the simulator does not start")

    def start(self):
        """Seconds to the first 200 of /healthz and to the first 302; it runs on afterwards."""
        started = time.perf_counter()
        # Not by way of `spawn`: what that does before the program begins would be counted.
        child = subprocess.Popen([self.program, "serve", "-c", "config.yaml"], cwd=self.stage.dir,
                                 env=self.environment)
        self.stage.children.append(child)
        self.child, self.pid = child, child.pid
        until(self.port, "/healthz", 200)
        healthy = time.perf_counter()
        self.headers, _ = until(self.port, f"/d{FILE}", 302)
        return healthy - started, time.perf_counter() - started

    def forget(self):
        """What it has kept for the next start."""
        shutil.rmtree(f"{self.stage.dir}/data", ignore_errors=True)

    def calls(self):
        """Calls to the APIs of 115 since this was asked last."""
        self.sim.stdin.write("calls\n")
        self.sim.stdin.flush()
        return int(self.sim.stdout.readline())

    def second(self, name, auth):
        """A second gateway on the same 115, with this `auth`: its process and its port."""
        port = free_port()
        with open(f"{self.stage.dir}/config.yaml", encoding="utf-8") as file:
            text = file.read().replace(f":{self.port}\"", f":{port}\"")
        text = text.replace("auth: { guest: read }", f"auth: {auth}\ndata_dir: ./{name}")
        with open(f"{self.stage.dir}/{name}.yaml", "w", encoding="utf-8") as file:
            file.write(text)
        child = self.stage.spawn(self.program, "serve", "-c", f"{name}.yaml", env=self.environment)
        until(port, "/healthz", 200)
        return child, port

    def signed(self):
        """One whose links need a sign: its process, its port, and the signed path of the file, by when that expires (0: never)."""
        key = "a-token-of-the-benchmark"
        child, port = self.second("signed", f"{{ token: {key}, users: [{USER}] }}")

        def sign(expires=0):
            mac = hmac.new(key.encode(), f"{FILE}:{expires}".encode(), hashlib.sha256).digest()
            return f"/d{FILE}?sign={base64.urlsafe_b64encode(mac).decode()}:{expires}"

        until(port, sign(), 302)
        until(port, f"/d{FILE}", 401)
        return child, port, sign

    def users(self):
        """One where somebody has logged in: its process, its port, and the token."""
        child, port = self.second("users", f"{{ users: [{USER}] }}")
        until(port, "/readyz", 200)
        _, _, body = get(port, f"/api/auth/login?username={NAME}&password={PASSWORD}")
        return child, port, json.loads(body)["data"]["token"]

    def stop(self):
        self.stage.stop(self.child)
