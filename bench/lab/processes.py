"""Starts, measures and ends processes. Whatever is started here is ended here, by its process id."""
import os
import resource
import signal
import socket
import subprocess
import sys

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

FILES = 16384

running = {}


def prepare():
    """A signal to end must also end all started processes; and thousands of streams need as many files."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < FILES:
        raise SystemExit(f"At least {FILES} open files must be allowed (ulimit -Hn), not {most}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def is_open(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start(name, command, port, log, cwd=None, env=None):
    """Starts a process under a name; its output goes to the file `log`."""
    if name in running or is_open(port):
        raise SystemExit(f"{name} cannot be started: something is at port {port}")
    with open(log, "w") as out:
        running[name] = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=out, stderr=out,
                                         stdin=subprocess.DEVNULL)
    return running[name]


def is_running(name):
    return running[name].poll() is None


def stop(name, patience=10):
    process = running[name]
    family = tree(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            for pid in reversed(family):
                os.kill(pid, signal.SIGKILL)
            process.wait()
    del running[name]


def stop_all():
    for name in list(running):
        stop(name)


def tree(pid):
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as children:
                    waiting += [int(child) for child in children.read().split()]
        except OSError:
            pass
    return found


def cpu_seconds(name):
    """User and system time that a process and its children have used."""
    total = 0
    for pid in tree(running[name].pid):
        try:
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / TICKS


def resident_mb(name):
    total = 0
    for pid in tree(running[name].pid):
        try:
            with open(f"/proc/{pid}/statm") as statm:
                total += int(statm.read().split()[1]) * PAGE
        except OSError:
            pass
    return round(total / 1048576, 1)


def machine_busy():
    """Seconds of CPU time that all processes of the machine have used, and that its host took away."""
    with open("/proc/stat") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    return (sum(fields[:8]) - fields[3] - fields[4]) / TICKS, fields[7] / TICKS
