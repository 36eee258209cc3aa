"""The clients: wrk for calls with a short response, lg for streams and for planned rates."""
import json
import os
import subprocess

from .places import BENCH, TARGET


def headers_of(peer):
    return {"api-key": "k", **peer.get("headers", {})}


def url_of(peer):
    return f"http://127.0.0.1:{peer['port']}{peer['path']}"


def wrk(peer, seconds, connections=32):
    """As many calls as the peer serves, one after the other on each connection."""
    env = {**os.environ, "BODY": f"{BENCH}/load/body.json",
           "HDRS": "\n".join(f"{name}: {value}" for name, value in headers_of(peer).items())}
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s",
                          "-s", f"{BENCH}/load/post.lua", url_of(peer)], env=env, stdout=subprocess.PIPE, text=True, check=True,
                         timeout=seconds + 60).stdout
    found = json.loads(out[out.index("JSON ") + 5:].splitlines()[0])
    return {"requests": found["requests"], "bad": found["non2xx"], "errors": found["sockerr"],
            "rps": round(found["requests"] / found["seconds"], 1), "p50_us": found["p50"]}


def lg(peer, body, connections, seconds=0, requests=0):
    """Streams or calls, `connections` at a time, for a time or a number of them."""
    command = [f"{TARGET}/lg", "-c", str(connections), "-b", body if body.startswith("/") else f"{BENCH}/load/{body}"]
    command += ["-n", str(requests)] if requests else ["-d", str(seconds)]
    for name, value in headers_of(peer).items():
        command += ["-H", f"{name}: {value}"]
    out = subprocess.run(command + [url_of(peer)], stdout=subprocess.PIPE, text=True, check=True,
                         timeout=(seconds or 120) + 60).stdout
    found = json.loads(out)
    return {"requests": found["requests"], "bad": found["s4xx"] + found["s5xx"], "errors": found["errors"] + found["unfinished"],
            "rps": found["rps"], "p50_us": found["lat_us"]["p50"], "events": found["events"],
            "first_p50_us": found["ttfb_us"]["p50"]}
