"""Reads measurements and writes the table."""
import os
import platform
import re
import statistics
import subprocess
import time

from .places import BENCH, JAVA, ROOT


def java_version():
    settings = subprocess.run([JAVA, "-XshowSettings:properties", "-version"], capture_output=True, text=True).stderr
    return int(re.search(r"java.specification.version = (\d+)", settings).group(1))


def versions():
    """The machine and the versions of a measurement."""
    with open("/proc/cpuinfo") as file:
        models = re.findall(r"model name\s*: (.*)", file.read()) or [platform.machine()]
    settings = subprocess.run([JAVA, "-XshowSettings:properties", "-version"], capture_output=True, text=True).stderr
    java = re.search(r"java.vm.version = (.*)", settings).group(1)
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True).stdout
    with open(f"{BENCH}/peers/scg/pom.xml") as pom:
        text = pom.read()
    boot = re.search(r"spring-boot-starter-parent</artifactId><version>([^<]*)", text).group(1)
    cloud = re.search(r"spring-cloud-dependencies</artifactId><version>([^<]*)", text).group(1)
    return (f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} × {models[0]}, Linux {platform.release()}, Java {java}; "
            f"Weir {commit.strip()}; peers: Spring Boot {boot}, Spring Cloud {cloud}, Portkey 1.15.2")


def starts_of(rows, peer, case, figure):
    """A figure of a peer in a case: for each start the median of its rounds."""
    starts = {}
    for row in rows:
        if row["peer"] == peer and row["case"] == case:
            starts.setdefault(row["start"], []).append(row[figure])
    return {start: statistics.median(values) for start, values in starts.items()}


def spread(values, digits=2):
    values = list(values)
    if not values:
        return "–"
    middle = f"{statistics.median(values):.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratios(rows, one, other, case, other_case=None):
    """One peer's CPU per request as a multiple of another's, start by start, because only figures of one run are comparable."""
    ours = starts_of(rows, one, case, "cpu_us")
    theirs = starts_of(rows, other, other_case or case, "cpu_us")
    return [ours[start] / theirs[start] for start in sorted(ours) if start in theirs]


def table(rows, quiet):
    """One table for each set of peers that ran together."""
    sets = {}
    for row in rows:
        sets.setdefault(row["versions"], {}).setdefault(tuple(row["peers"]), []).append(row)
    return "\n\n".join(version + "\n\n" + "\n\n".join(one_table(found, quiet) for found in groups.values())
                       for version, groups in sets.items())


def one_table(rows, quiet):
    kept = [row for row in rows if row["others"] <= quiet]
    peers = list(dict.fromkeys(row["peer"] for row in rows))
    lines = [f"{len(rows) - len(kept)} of {len(rows)} runs left out: other processes used more than {quiet} cores", ""]
    for case in dict.fromkeys(row["case"] for row in rows):
        lines += [f"| {case} | CPU µs per request | × plain gateway | × bare Reactor Netty | attempts per request | not 200 | errors | p50 ms |",
                  "|---|---|---|---|---|---|---|---|"]
        for peer in peers:
            runs = [row for row in kept if row["peer"] == peer and row["case"] == case]
            if runs:
                lines.append(f"| {peer} | {spread(starts_of(kept, peer, case, 'cpu_us').values(), 0)} "
                             f"| {spread(ratios(kept, peer, 'scg', case))} | {spread(ratios(kept, peer, 'rn', case))} "
                             f"| {spread((row['attempts'] for row in runs), 3)} | {sum(row['bad'] for row in runs)} of {sum(row['requests'] for row in runs)} | {sum(row['errors'] for row in runs)} "
                             f"| {spread((row['p50_us'] / 1000 for row in runs), 1)} |")
        lines.append("")
    if "weir" in peers:
        lines += ["| ratio | measured |", "|---|---|"]
        for words, values in (("r429 : Weir's own json", ratios(kept, "weir", "weir", "r429", "json")),
                              ("json : Portkey's", ratios(kept, "weir", "portkey", "json")),
                              ("json, 300 backends : 3", ratios(kept, "weir300", "weir", "json")),
                              *((f"json, {count} clients with limits : none", ratios(kept, f"clients{count}", "weir", "json"))
                                for count in (1, 100, 10000)),
                              *((f"{case}, weir : {peer}", ratios(kept, "weir", peer, case))
                                for peer in peers if peer.startswith("weir=")
                                for case in dict.fromkeys(row["case"] for row in rows))):
            if values:
                lines.append(f"| {words} | {spread(values, 3)} |")
    return "\n".join(lines)
