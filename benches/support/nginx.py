"""nginx twice: as the origin that has the bytes, and as the peer that does what the gateway does."""

import os
from stage import free_port, until

MAIN = """
daemon off;
{user}
worker_processes {threads};
worker_rlimit_nofile 8192;
pid {dir}/{name}.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    server_tokens off;
    client_body_temp_path {dir}/{name}-body;
    proxy_temp_path {dir}/{name}-proxy;
    fastcgi_temp_path {dir}/{name}-fastcgi;
    uwsgi_temp_path {dir}/{name}-uwsgi;
    scgi_temp_path {dir}/{name}-scgi;
    sendfile on;
    tcp_nodelay on;
    keepalive_timeout 60s;
    keepalive_requests 1000000000;
    {http}
    server {{
        listen 127.0.0.1:{port};
        location = /healthz {{ return 200 "ok\\n"; }}
        {server}
    }}
}}
"""

ORIGIN = """
        root {dir};
        location /cdn/ {{ try_files /large.bin =404; }}
"""

UPSTREAM = """
    upstream origin {{
        server 127.0.0.1:{origin};
        keepalive 64;
        keepalive_requests 1000000000;
    }}
"""

# The headers of the gateway's own 302, and its very Location.
PEER = """
        location = /302 {{
            {headers}
            return 302 "{link}";
        }}
        location = /large.bin {{
            proxy_pass http://origin{target};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering on;
            proxy_buffer_size 256k;
            proxy_buffers 8 256k;
            proxy_busy_buffers_size 512k;
            proxy_max_temp_file_size 0;
        }}
"""


class Nginx:
    def __init__(self, stage, name, threads, http="", server=""):
        self.port = free_port()
        path = f"{stage.dir}/{name}.conf"
        # Started by root it would give its workers to a user who cannot read the directory.
        user = "user root;" if os.geteuid() == 0 else ""
        with open(path, "w", encoding="utf-8") as conf:
            conf.write(MAIN.format(name=name, dir=stage.dir, port=self.port, threads=threads, user=user,
                                   http=http, server=server))
        self.child = stage.spawn("nginx", "-p", stage.dir, "-c", path, "-e", "stderr")
        self.pid = self.child.pid
        until(self.port, "/healthz", 200)


def origin(stage, threads):
    return Nginx(stage, "origin", threads, server=ORIGIN.format(dir=stage.dir),
                 http="open_file_cache max=16; open_file_cache_valid 60s;")


def peer(stage, threads, origin_port, link, headers):
    """`headers` are those of the gateway's 302 to `link`."""
    target = "/" + link.split("/", 3)[3]
    own = {"location", "date", "server", "content-length", "content-type", "connection"}
    lines = [f'add_header {name} "{value}" always;' for name, value in headers.items() if name.lower() not in own]
    return Nginx(stage, "peer", threads, http=UPSTREAM.format(origin=origin_port),
                 server=PEER.format(headers="\n            ".join(lines), link=link, target=target))
