"""The fake backends: one process with many ports, controlled over HTTP."""
import json
import socket
import time

from . import processes
from .places import TARGET

PORTS = [23001, 23002, 23003]
MANY = list(range(24001, 24301))


def start():
    processes.start("mock", [f"{TARGET}/mock"] + [f"{port}:ok" for port in PORTS + MANY], PORTS[0],
                    f"{TARGET}/run/mock.log")
    for _ in range(50):
        try:
            reset()
            return
        except OSError:
            time.sleep(.1)
    raise SystemExit("the fake backends do not respond")


def get(port, path):
    with socket.create_connection(("127.0.0.1", port), 2) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        connection.settimeout(2)
        response = b""
        while True:
            head, found, body = response.partition(b"\r\n\r\n")
            if found:
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                if len(body) >= length:
                    return body.decode()
            data = connection.recv(65536)
            if not data:
                raise OSError("the connection was closed")
            response += data


def reset():
    get(PORTS[0], "/__reset")


def behave(limited=False, first_ms=0, interval_ms=0, latency_ms=0):
    """Makes the first backend respond with 429 or serve; sets the times of all."""
    get(PORTS[0], "/__mode/429" if limited else "/__mode/ok")
    get(PORTS[0], f"/__t/{first_ms}")
    get(PORTS[0], f"/__i/{interval_ms}")
    get(PORTS[0], f"/__l/{latency_ms}")


def counts():
    """The counts of each backend since the last reset: served (json, sse), rejected, aborted, and its open connections."""
    return json.loads(get(PORTS[0], "/__stats"))
