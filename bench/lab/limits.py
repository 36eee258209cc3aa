"""The limits of one Weir: memory for large bodies and idle streams, and the cost of its start."""
import os
import re
import shutil
import statistics
import subprocess
import threading
import time

from . import backends, load, peers, processes, report
from .places import BENCH, JAVA, TARGET, weir_jar

MB = 1048576


def jcmd(*command):
    tool = os.path.join(os.path.dirname(JAVA), "jcmd") if os.path.dirname(JAVA) else "jcmd"
    return subprocess.run([tool, str(processes.running["limits"].pid), *command], check=True, capture_output=True,
                          text=True).stdout


def start(*options, settings=None):
    peer = peers.weir(23063, *options, settings=settings)
    processes.start("limits", peer["command"], peer["port"], f"{TARGET}/run/limits.log", peer["cwd"])
    return peer, served(peer)


def served(peer):
    """Waits until Weir serves. Returns the CPU seconds it has used by then."""
    begin = time.monotonic()
    while time.monotonic() - begin < 120 and processes.is_running("limits"):
        try:
            if b" 200" in peers.post(peer, "body.json")[:15]:
                return processes.cpu_seconds("limits")
        except OSError:
            time.sleep(.02)
    raise SystemExit("Weir does not serve, see target/run/limits.log")


def held():
    """Bytes of live objects and of memory outside of the heap."""
    jcmd("GC.run")
    heap = sum(int(used) for used in re.findall(r"used (\d+)K", jcmd("GC.heap_info").split("Metaspace")[0]))
    other = re.search(r"Other \(reserved=\d+KB, committed=(\d+)KB", jcmd("VM.native_memory", "summary"))
    return (heap + int(other.group(1))) * 1024


def bodies(size, calls=40):
    """Memory for each byte of a body while the second backend computes, after the first one responded with 429."""
    body = f"{TARGET}/run/large.json"
    with open(body, "w") as file:
        file.write('{"model":"gpt","messages":[{"role":"user","content":"' + "x" * size + '"}]}')
    peer, _ = start("-XX:NativeMemoryTracking=summary", "-XX:+UseSerialGC", settings=peers.tiers())
    load.lg(peer, body, 4, requests=60)
    before = held()
    backends.reset()
    backends.behave(limited=True, latency_ms=9000)
    results = []
    client = threading.Thread(target=lambda: results.append(load.lg(peer, body, calls, requests=calls)), daemon=True)
    client.start()
    while sum(one["json"] for one in backends.counts().values()) < calls:
        time.sleep(.2)
    during = held()
    client.join()
    seen = backends.counts()
    backends.behave()
    processes.stop("limits")
    rejected = sum(one["rejected"] for one in seen.values())
    print(f"{size / 1000:.0f} KB: {calls} calls at once, {results[0]['requests'] - results[0]['bad']} replied with 200, "
          f"{rejected} got 429 from a backend and were sent again; "
          f"held {(during - before) / calls / size:.2f} bytes for each byte of the bodies", flush=True)


def streams(count=5000, seconds=60):
    peer, _ = start("-Xmx384m")
    load.wrk(peer, 10)
    backends.reset()
    backends.behave(first_ms=100, interval_ms=1000 * (seconds + 30))
    client = threading.Thread(target=lambda: load.lg(peer, "body-sse.json", count, seconds=seconds), daemon=True)
    client.start()
    most = 0
    while client.is_alive():
        most = max(most, processes.resident_mb("limits"))
        time.sleep(2)
    begun = sum(one["sse"] for one in backends.counts().values())
    if begun != count:
        raise SystemExit(f"{begun} of {count} streams were begun")
    backends.behave()
    processes.stop("limits")
    print(f"{begun} streams, {seconds} s: at most {most} MB resident at -Xmx384m", flush=True)


def starts(times=3):
    """Starts with an AOT cache, made as the image makes it."""
    extracted = f"{TARGET}/extracted"
    shutil.rmtree(extracted, ignore_errors=True)
    subprocess.run([JAVA, "-Djarmode=tools", "-jar", weir_jar(), "extract", "--destination", extracted,
                    "--application-filename", "weir.jar"], check=True)
    cache = f"{TARGET}/run/weir.aot"

    def run(*options):
        peer = peers.weir(23063, *options, jar=f"{extracted}/weir.jar")
        processes.start("limits", peer["command"], peer["port"], f"{TARGET}/run/limits.log", peer["cwd"])
        return peer, served(peer)

    peer, _ = run(f"-XX:AOTCacheOutput={cache}")
    for _ in range(50):
        peers.post(peer, "body.json")
        peers.post(peer, "body-sse.json")
    processes.stop("limits", 120)
    for words, options in (("with the AOT cache", [f"-XX:AOTCache={cache}"]), ("without", [])):
        used = []
        for _ in range(times):
            used.append(run(*options)[1])
            processes.stop("limits")
        print(f"served after {statistics.median(used):.1f} CPU s ({min(used):.1f}–{max(used):.1f}) {words}", flush=True)


def run():
    bodies(300_000)
    bodies(2_000_000)
    streams()
    if report.java_version() >= 25:
        starts()
    else:
        print("no AOT cache: it needs Java 25")
