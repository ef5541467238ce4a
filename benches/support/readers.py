"""A crowd of slow readers of one URL: `readers.py PORT PATH COUNT SECONDS`; prints `open`, later how they fared."""

import asyncio
import json
import socket
import sys
import time

# What each reads a second, and about what it lets wait in its own buffers.
BITE = 4096


async def read(port, path, opened, deadline):
    """Bytes read; raises where the transfer broke off."""
    loop = asyncio.get_running_loop()
    conn = socket.socket()
    # Small, so that what is not read yet waits at the other side and not in our kernel.
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * BITE)
    conn.setblocking(False)
    await loop.sock_connect(conn, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=conn, limit=BITE)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: wrk\r\n\r\n".encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(head.split(b"\r\n")[0].decode())
        opened.release()
        count = 0
        while time.monotonic() < deadline:
            bite = await asyncio.wait_for(reader.read(BITE), 60)
            if not bite:
                raise ValueError("the transfer broke off")
            count += len(bite)
            await asyncio.sleep(1)
        return count
    finally:
        writer.close()


async def main():
    port, path, count, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    opened, deadline = asyncio.Semaphore(0), time.monotonic() + seconds
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(read(port, path, opened, deadline)))
        # Not all in one instant: the queue of a listening socket is shorter than the crowd.
        await asyncio.sleep(0.002)
    for _ in range(count):
        await asyncio.wait_for(opened.acquire(), 60)
    print("open", flush=True)
    fared = await asyncio.gather(*tasks, return_exceptions=True)
    failed = [repr(one) for one in fared if isinstance(one, BaseException)]
    read_on = [one for one in fared if not isinstance(one, BaseException)]
    print(json.dumps({"read": len(read_on), "least": min(read_on, default=0), "failed": failed[:3]}), flush=True)


asyncio.run(main())
