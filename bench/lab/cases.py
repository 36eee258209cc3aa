"""The measurements of a peer."""
import resource
import time

from . import backends, load, processes

# name: (how the backends behave, the load)
CASES = {
    "json": (dict(), lambda peer, seconds: load.wrk(peer, seconds)),
    "r429": (dict(limited=True), lambda peer, seconds: load.wrk(peer, seconds)),
    "sse": (dict(first_ms=20, interval_ms=10), lambda peer, seconds: load.lg(peer, "body-sse.json", 64, seconds)),
    "burst": (dict(), lambda peer, seconds: load.lg(peer, "body-sse.json", 16, seconds)),
}


def warm(peer, seconds):
    """Lets a peer's code be compiled: calls, streams, and failover."""
    seconds *= peer["warm"]
    backends.behave()
    load.wrk(peer, max(1, int(seconds * .6)))
    load.lg(peer, "body-sse.json", 16, max(1, int(seconds * .2)))
    backends.behave(limited=True)
    load.wrk(peer, max(1, int(seconds * .2)))
    backends.behave()


def children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(name, peer, case, seconds):
    """Runs a case. Its main figure is the peer's CPU time per finished request; `others` are cores that anything else used."""
    behaviour, run = CASES[case]
    backends.behave(**behaviour)
    backends.reset()
    busy0, steal0 = processes.machine_busy()
    cpu0, mock0, client0, begin = processes.cpu_seconds(name), processes.cpu_seconds("mock"), children(), time.monotonic()
    result = run(peer, seconds)
    busy1, steal1 = processes.machine_busy()
    cpu = processes.cpu_seconds(name) - cpu0
    others = (busy1 - busy0) - cpu - (processes.cpu_seconds("mock") - mock0) - (children() - client0)
    elapsed = time.monotonic() - begin
    seen = backends.counts()
    backends.behave()
    requests = result["requests"]
    if requests == 0 or not processes.is_running(name):
        raise SystemExit(f"{name} sent no response")
    attempts = sum(one["json"] + one["sse"] + one["rejected"] for one in seen.values())
    return {"peer": name, "case": case, **result, "cpu_us": round(cpu / requests * 1e6, 1),
            "attempts": round(attempts / requests, 4), "rejected": sum(one["rejected"] for one in seen.values()),
            "others": round(others / elapsed, 3),
            "steal": round((steal1 - steal0) / elapsed, 3), "resident_mb": processes.resident_mb(name)}
