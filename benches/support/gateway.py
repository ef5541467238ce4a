"""The gateway under test: built, given a simulated 115 to stand on, started and asked."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import time

from stage import Unmeasured, free_port, until

FILE = "/115/Bench/large.bin"
FOLDER = "/115/Many"


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

    def signed(self):
        """A second gateway on the same 115, whose links need a sign: its process and the signed address of the file."""
        token, port = "a-token-of-the-benchmark", free_port()
        # Whoever that is: nobody logs in.
        users = "[{ name: a, password: '$argon2id$v=19$m=8,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg' }]"
        with open(f"{self.stage.dir}/config.yaml", encoding="utf-8") as file:
            text = file.read().replace(f":{self.port}\"", f":{port}\"")
        text = text.replace("auth: { guest: read }", f"auth: {{ token: {token}, users: {users} }}\ndata_dir: ./signed")
        with open(f"{self.stage.dir}/signed.yaml", "w", encoding="utf-8") as file:
            file.write(text)
        child = self.stage.spawn(self.program, "serve", "-c", "signed.yaml", env=self.environment)
        mac = hmac.new(token.encode(), f"{FILE}:0".encode(), hashlib.sha256).digest()
        signed = f"/d{FILE}?sign={base64.urlsafe_b64encode(mac).decode()}:0"
        until(port, "/healthz", 200)
        until(port, signed, 302)
        until(port, f"/d{FILE}", 401)
        return child, f"http://127.0.0.1:{port}{signed}"

    def stop(self):
        self.stage.stop(self.child)
