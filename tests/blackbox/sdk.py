#!/usr/bin/env python3
"""Tours a running `gate115 demo` with two clients of OpenList as their authors published them: alist-sdk and alist3.

    python tests/blackbox/sdk.py http://127.0.0.1:5244 PASSWORD-OF-ADMIN
"""

import asyncio
import os
import pathlib
import sys

for proxy in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(proxy, None)
    os.environ.pop(proxy.upper(), None)

import alist
import alist_sdk
import httpx
from alist.utils import AListUser

BASE, PASSWORD = sys.argv[1].rstrip("/"), sys.argv[2]
CLIP = (pathlib.Path(__file__).parent / "../../demo/clip.mp4").read_bytes()


def equal(what, want, got):
    assert got == want, f"{what}: expected {want!r}, got {got!r}"


def sdk():
    client = alist_sdk.Client(BASE, username="admin", password=PASSWORD)
    equal("me", ("admin", 2), (client.me().data.username, client.me().data.role))
    equal("version", (4, 2, 6), client.service_version)
    listed = client.list_files("/115/Films", refresh=True)
    equal("list", (200, "success"), (listed.code, listed.message))
    names = [item.name for item in listed.data.content]
    assert "Clip.mp4" in names, names
    got = client.get_item_info("/115/Films/Clip.mp4")
    equal("size", len(CLIP), got.data.size)
    # The link is for the User-Agent that asked.
    sign = f"?sign={got.data.sign}" if got.data.sign else ""
    # Links are signed where guests may not read, and only there.
    equal("guests", 401 if sign else 200, httpx.post(f"{BASE}/api/fs/list", json={"path": "/"}).json()["code"])
    equal("unsigned", 401 if sign else 302, httpx.get(f"{BASE}/d/115/Films/Clip.mp4").status_code)
    for url in (got.data.raw_url, f"{BASE}/d/115/Films/Clip.mp4{sign}"):
        answer = httpx.get(url, headers={"User-Agent": client.headers["User-Agent"]}, follow_redirects=True)
        equal(f"bytes of {url}", (200, CLIP), (answer.status_code, answer.content))
    # What a download proxy asks: the link, and with which headers it is to be fetched.
    told = client.post("/api/fs/link", json={"path": "/115/Films/Clip.mp4"}).json()
    equal("link", 200, told["code"])
    headers = {name: value[0] for name, value in told["data"]["header"].items()}
    equal("bytes of the link", CLIP, httpx.get(told["data"]["url"], headers=headers).content)
    found = client.search("/", "clip.mp4", page=1, per_page=10)
    assert "Clip.mp4" in [item.name for item in found.data.content], found
    assert "Films" in [item.name for item in client.get_dir("/115").data]
    missing = client.get_item_info("/115/none.mkv")
    assert missing.code == 500 and missing.message.endswith("object not found"), missing
    equal("a new folder", 403, client.mkdir("/115/new").code)
    equal("mounts", ["work"], [mount.status for mount in client.admin_storage_list().data.content])
    assert "admin" in [user.username for user in client.admin_user_list().data.content]
    equal("metas", [], client.admin_meta_list().data.content)
    for kind in ("upload", "copy"):
        equal("tasks", ([], []), (client.task_done(kind).data, client.task_undone(kind).data))


async def alist3():
    client = alist.AList(BASE)
    assert await client.test()
    assert await client.login(AListUser("admin", rawpwd=PASSWORD))
    equal("me", "admin", (await client.user_info()).username)
    names = [item.path.rsplit("/", 1)[-1] async for item in client.list_dir("/115/Films")]
    assert "Clip.mp4" in names, names
    clip = await client.open("/115/Films/Clip.mp4")
    equal("size", len(CLIP), clip.size)
    async with clip:
        await clip.download(64 * 1024)
        equal("bytes", CLIP, await clip.read())
    equal("version", "v4.2.6", (await client.site_config()).version)
    found = await client.search_file("clip.mp4", "/", page=1, per_page=10)
    assert "Clip.mp4" in [item.name for item in found.content], found
    await client.get_users()
    await client.list_driver_names()
    await client.get_driver_info("115 Cloud")


for tour in (sdk, lambda: asyncio.run(alist3())):
    tour()
print("sdk: alist-sdk and alist3 find what they look for")
