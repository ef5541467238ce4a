#!/usr/bin/env python3
"""Drives mpv by its socket: plays a film of a minute, seeks in it, and looks whether it plays on where it was sent.

mpv.py URL FOLDER: the socket and mpv's log (mpv.log) go into FOLDER.
"""

import json
import os
import socket
import subprocess
import sys
import time

PATIENCE = 20


class Player:
    def __init__(self, url, folder):
        path = os.path.join(folder, "mpv.socket")
        self.process = subprocess.Popen(
            ["mpv", "--no-config", "--vo=null", "--ao=null", "--cache=no", "--idle=once", "--no-terminal"]
            + [f"--input-ipc-server={path}", f"--log-file={folder}/mpv.log", "--msg-level=ffmpeg=trace", url],
            stdin=subprocess.DEVNULL,
        )
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise SystemExit("mpv did not start") from None
                time.sleep(0.05)
        self.socket.settimeout(PATIENCE)
        self.lines = self.socket.makefile("rb")
        self.restarts = 0
        self.asked = 0

    def read(self):
        line = self.lines.readline()
        if not line:
            raise SystemExit("mpv is gone")
        message = json.loads(line)
        if message.get("event") == "end-file":
            raise SystemExit(f"mpv stopped playing: {message}")
        if message.get("event") == "playback-restart":
            self.restarts += 1
        return message

    def command(self, *words):
        self.asked += 1
        self.socket.sendall(json.dumps({"command": words, "request_id": self.asked}).encode() + b"\n")
        while True:
            message = self.read()
            if message.get("request_id") == self.asked and "error" in message:
                return message

    def property(self, name):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.command("get_property", name)
            if answer["error"] == "success":
                return answer["data"]
            time.sleep(0.05)
        raise SystemExit(f"mpv does not know its {name}: {answer['error']}")

    def plays_from(self, second):
        """Waits until mpv has played half a second from `second` on."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = self.property("time-pos")
            if second + 0.5 <= now <= second + 5:
                return now
            time.sleep(0.05)
        raise SystemExit(f"mpv was sent to {second} s and is at {now} s")


def main(url, folder):
    player = Player(url, folder)
    try:
        player.plays_from(0)
        length = player.property("duration")
        if not 59.5 < length < 60.5:
            raise SystemExit(f"the film lasts {length} s, not a minute")
        for second in (10, 50, 30):
            before = player.restarts
            answer = player.command("seek", second, "absolute+exact")
            if answer["error"] != "success":
                raise SystemExit(f"mpv cannot seek: {answer['error']}")
            while player.restarts == before:
                player.read()
            print(f"      sent to {second} s, is at {player.plays_from(second):.1f} s")
        player.socket.sendall(b'{"command":["quit"]}\n')
        code = player.process.wait(PATIENCE)
        if code != 0:
            raise SystemExit(f"mpv ended with {code}")
    finally:
        player.process.kill()
        player.process.wait()


main(sys.argv[1], sys.argv[2])
