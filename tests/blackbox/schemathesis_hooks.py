"""For schemathesis: half of what it makes up for the calls that read is made to fit the demo, so that calls also go well."""

import zlib

import schemathesis

PATHS = ["/", "/115", "/115/Films", "/115/Odd names", "/115/Films/Clip.mp4", "/115/Music/Tone.mp3", "/115/Films/none.mkv"]
WORDS = ["clip", "mp", ".", "odd"]


@schemathesis.hook
def map_body(ctx, body):
    number = zlib.crc32(repr(body).encode("utf-8", "surrogatepass"))
    route = ctx.operation.path.removeprefix("/api")
    if number % 2 == 0 or not route.startswith(("/fs/", "/admin/")):
        return body
    body = dict(body) if isinstance(body, dict) else {}
    body["path"] = body["parent"] = PATHS[number // 2 % len(PATHS)]
    body["keywords"] = WORDS[number // 2 % len(WORDS)]
    body["id"], body["driver"], body["key"] = 1 + number // 2 % 3, "115 Cloud", "version"
    return body
