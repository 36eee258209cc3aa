"""Starts, measures and ends processes. Whatever is started here is ended here, by its process id."""
import os
import signal
import subprocess

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

running = {}


def start(name, command, log, cwd=None, env=None):
    """Starts a process under a name; its output goes to the file `log`."""
    with open(log, "w") as out:
        running[name] = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=out, stderr=out,
                                         stdin=subprocess.DEVNULL)
    return running[name]


def stop(name):
    process = running.pop(name)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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
