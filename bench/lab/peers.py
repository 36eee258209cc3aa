"""The gateways that are compared, all in front of the same three backends."""
import json
import os
import socket
import time
import zlib

from . import backends, processes
from .places import BENCH, JAVA, TARGET, weir_jar

AZURE = "/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
OPENAI = "/v1/chat/completions"
MEMORY = "-Xmx512m"
FRAMES = "-XX:FlightRecorderOptions=stackdepth=512"


def portkey_config():
    targets = [{"provider": "openai", "api_key": "k", "custom_host": f"http://127.0.0.1:{port}/v1"}
               for port in backends.PORTS]
    fallback = {"mode": "fallback", "on_status_codes": [429, 500, 502, 503, 504]}
    turns = [{"strategy": fallback, "targets": targets[i:] + targets[:i], "weight": 1} for i in range(3)]
    return json.dumps({"strategy": {"mode": "loadbalance"}, "targets": turns}, separators=(",", ":"))


def weir(port, *options, jar=None, settings=None):
    return {"command": [JAVA, MEMORY, FRAMES, *options, "-jar", jar or weir_jar(), f"--server.port={port}"]
            + ([f"--spring.config.additional-location=file:{settings}"] if settings else []),
            "cwd": f"{BENCH}/peers/weir", "port": port, "path": AZURE, "warm": 1}


def settings(name, ports, priority):
    """Writes settings of Weir with a backend at each port."""
    lines = ["weir:", "  pools:", "    openai:", "      backends:"]
    for port in ports:
        lines += [f"        - name: backend{port}", f"          url: http://127.0.0.1:{port}",
                  "          dialect: azure", "          api-key: k", f"          priority: {priority(port)}"]
    path = f"{TARGET}/run/{name}.yml"
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def many_backends():
    return settings("many", backends.MANY, lambda port: 1)


def tiers():
    """All calls go to the first backend first."""
    return settings("tiers", backends.PORTS, lambda port: 1 if port == backends.PORTS[0] else 2)


def limited_clients(count):
    """Weir that knows clients with limits, of which one sends all calls."""
    path = settings(f"clients{count}", backends.PORTS, lambda port: 1)
    with open(path, "a") as file:
        file.write("  clients:\n")
        for number in range(count):
            file.write(f"    - {{name: client-{number}, key: key-of-client-{number:08d}, requests-per-minute: 1000000000,"
                       " tokens-per-minute: 1000000000, tokens-per-day: 1000000000000, max-concurrent: 1000}\n")
    return {**weir(23062 + len(str(count)), settings=path), "headers": {"api-key": f"key-of-client-{count // 2:08d}"}}


def named(name):
    """Describes a peer: its command, port and path, and how much of the warm-up it needs. `weir=PATH` is another jar."""
    java = [JAVA, MEMORY, FRAMES]
    if name.startswith("weir="):
        jar = os.path.abspath(name.split("=", 1)[1])
        return weir(23070 + zlib.crc32(jar.encode()) % 900, jar=jar)
    known = {
        "nginx": lambda: {"command": ["/usr/sbin/nginx", "-p", BENCH, "-c", f"{BENCH}/peers/nginx.conf"],
                          "port": 23011, "path": AZURE, "warm": 0.1},
        "portkey": lambda: {"command": ["node", f"{TARGET}/portkey/node_modules/@portkey-ai/gateway/build/start-server.js",
                                        "--port=23030", "--headless"], "env": {"NODE_ENV": "production"}, "port": 23030,
                            "path": OPENAI, "headers": {"x-portkey-config": portkey_config()}, "warm": 0.3},
        "scg": lambda: {"command": java + ["-jar", f"{BENCH}/peers/scg/target/scg-1.jar"], "env": {"PORT": "23040"},
                        "port": 23040, "path": AZURE, "warm": 1},
        "rn": lambda: {"command": java + ["-cp", f"{BENCH}/peers/rn/target/rn-1.jar:{BENCH}/peers/rn/target/lib/*", "peer.Rn"],
                       "env": {"PORT": "23050"}, "port": 23050, "path": AZURE, "warm": 1},
        "weir": lambda: weir(23060),
        **{f"clients{count}": lambda count=count: limited_clients(count) for count in (1, 100, 10000)},
        "weir300": lambda: weir(23061, settings=many_backends()),
    }
    if name not in known:
        raise SystemExit(f"There is no peer {name}: {', '.join(known)}, weir=PATH")
    return known[name]()


def post(peer, body, timeout=5):
    """Sends one call and returns all that comes back, or as much as came in time."""
    with open(f"{BENCH}/load/{body}", "rb") as file:
        content = file.read()
    headers = "".join(f"{name}: {value}\r\n" for name, value in peer.get("headers", {}).items())
    with socket.create_connection(("127.0.0.1", peer["port"]), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall((f"POST {peer['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                            f"api-key: k\r\n{headers}Connection: close\r\nContent-Length: {len(content)}\r\n\r\n").encode()
                           + content)
        response = b""
        while True:
            try:
                data = connection.recv(65536)
            except OSError:
                return response
            if not data:
                return response
            response += data


def start(name):
    """Starts a peer and waits until it serves. Returns it and the CPU seconds that took."""
    peer = named(name)
    label = os.path.basename(name)
    processes.start(name, peer["command"], peer["port"], f"{TARGET}/run/{label}.log", peer.get("cwd"), peer.get("env"))
    begin = time.monotonic()
    while time.monotonic() - begin < 120 and processes.is_running(name):
        try:
            if b" 200" in post(peer, "body.json")[:15] and processes.is_running(name):
                return peer, processes.cpu_seconds(name)
        except OSError:
            pass
        time.sleep(.02)
    raise SystemExit(f"{name} does not serve, see target/run/{label}.log")
