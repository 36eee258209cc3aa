#!/usr/bin/env python3
"""Compares gateways side by side. All load is on 127.0.0.1, bounded in number and time.

  compare.py smoke [peer...]                    the response of each peer: served, 429 on one backend, a stream
  compare.py run -o FILE [options] [peer...]    measures, and appends a line of JSON per run to FILE
  compare.py table FILE                         medians, spread and ratios of the measurements
  compare.py profile [--cases json] [peer]      where a peer uses CPU time and memory (Java 25 or later)
  compare.py limits                             large bodies, idle streams, and the start of Weir
"""
import argparse
import json
import os
import subprocess

from lab import backends, cases, limits, peers, processes, report
from lab.places import BENCH, JAVA, TARGET


def smoke(names):
    for name in names:
        peer, cpu = peers.start(name)
        print(f"== {name}: served after {cpu:.1f} CPU s, {processes.resident_mb(name)} MB")
        print("json", [peers.post(peer, "body.json")[9:12].decode() for _ in range(6)])
        backends.behave(limited=True)
        backends.reset()
        print("r429", [peers.post(peer, "body.json")[9:12].decode() for _ in range(9)],
              {port: seen["rejected"] for port, seen in backends.counts().items() if seen["rejected"]})
        backends.behave()
        print("sse ", peers.post(peer, "body-sse.json").count(b"data: "), "events")
        processes.stop(name)


SHOWN = ("start", "round", "peer", "case", "requests", "cpu_us", "attempts", "bad", "errors", "others")


def run(names, options):
    versions = report.versions()
    known = len({(row["start"]) for row in read(options.o)}) if os.path.exists(options.o) else 0
    with open(options.o, "a") as out:
        for start in range(known, known + options.starts):
            started = {name: peers.start(name)[0] for name in names}
            what = {"versions": versions, "peers": names}
            for name, peer in started.items():
                cases.warm(peer, options.warm)
            for round_ in range(options.rounds):
                for case in options.cases.split(","):
                    for name, peer in started.items():
                        for _ in range(3):
                            row = {**what, "start": start, "round": round_, **cases.measure(name, peer, case, options.seconds)}
                            print(" ".join(f"{key}={row[key]}" for key in SHOWN), flush=True)
                            if row["others"] <= options.quiet:
                                break
                        print(json.dumps(row), file=out, flush=True)
            for name in names:
                processes.stop(name)


def profile(name, options):
    peer, _ = peers.start(name)
    cases.warm(peer, options.warm)
    jcmd = [os.path.join(os.path.dirname(JAVA), "jcmd"), str(processes.running[name].pid)]
    for case in options.cases.split(","):
        recording = f"{TARGET}/run/{case}.jfr"
        subprocess.run(jcmd + ["JFR.start", "name=bench", f"settings={BENCH}/profile.jfc"], check=True, capture_output=True)
        row = cases.measure(name, peer, case, options.seconds)
        subprocess.run(jcmd + ["JFR.stop", "name=bench", f"filename={recording}"], check=True, capture_output=True)
        print(f"== {os.path.basename(name)}, {case}", flush=True)
        subprocess.run([JAVA, f"{BENCH}/Profile.java", recording, str(row["requests"])], check=True)


def read(file):
    with open(file) as lines:
        return [json.loads(line) for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["smoke", "run", "table", "profile", "limits"])
    parser.add_argument("rest", nargs="*")
    parser.add_argument("-o", default=f"{TARGET}/results.jsonl", help="the file that measurements go to")
    parser.add_argument("--starts", type=int, default=3, help="how often every peer is started anew")
    parser.add_argument("--rounds", type=int, default=2, help="how often every case is measured in a start")
    parser.add_argument("--seconds", type=int, default=6, help="how long a case is measured")
    parser.add_argument("--warm", type=int, default=30, help="seconds of load before the first measurement")
    parser.add_argument("--cases", default="json,r429,sse", help="of " + ", ".join(cases.CASES))
    parser.add_argument("--quiet", type=float, default=0.25, help="repeats a run while others used more cores than this")
    options = parser.parse_intermixed_args()
    for case in options.cases.split(","):
        if case not in cases.CASES:
            parser.error(f"there is no case {case}")
    if options.what == "table":
        print(report.table(read((options.rest or [f"{TARGET}/results.jsonl"])[0]), options.quiet))
        return
    if not os.path.exists(f"{TARGET}/mock"):
        raise SystemExit("Run ./setup first")
    if options.what == "profile" and report.java_version() < 25:
        raise SystemExit("A profile needs Java 25")
    os.makedirs(f"{TARGET}/run", exist_ok=True)
    processes.prepare()
    try:
        backends.start()
        if options.what == "smoke":
            smoke(options.rest or ["weir"])
        elif options.what == "limits":
            limits.run()
        elif options.what == "profile":
            profile((options.rest or ["weir"])[0], options)
        else:
            run(options.rest or ["scg", "rn", "weir"], options)
    finally:
        processes.stop_all()


if __name__ == "__main__":
    main()
