#!/usr/bin/env python3
"""Measures the program beside nginx's plain reverse proxy and writes bench/results.md. Started by script/bench.

usage: run.py [--quick] [NAME...]    NAME: one of the measurements (--list)
"""
import argparse
import datetime
import http.client
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import subjects
from subjects import CHAT, HOLD_MODEL, MESSAGES, MODEL, STREAM_MODEL, Nginx, Upstream, YourApi, load

BODY_KB, BIG_KB, STREAMS = 1, 400, 10_000
ALONE = {"json_reading", "ledger", "log_pages"} # these need no running program
MEASUREMENTS = {}
median = statistics.median


def measurement(function):
    MEASUREMENTS[function.__name__] = function
    return function


class Bench:
    """The running subjects, how long to measure, and the rows of the table so far."""

    def __init__(self, folder, quick):
        self.folder, self.quick, self.rows, self.notes = folder, quick, [], []
        self.answered = {} # requests of the measurement so far, by who answered them
        self.upstream = self.nginx = self.yourapi = None

    def start(self):
        self.upstream = Upstream(self.folder)
        self.nginx = Nginx(self.folder, self.upstream.port)
        self.yourapi = YourApi(self.folder, self.upstream.port)
        self.yourapi.set_up()

    def stop(self):
        for process in (self.yourapi, self.nginx, self.upstream):
            if process:
                process.stop()

    def both(self):
        return (self.nginx, self.yourapi)

    def row(self, work, budget, nginx, yourapi, ratio, good):
        verdict = "" if good is None else "kept" if good else "MISSED"
        self.rows.append((work, budget, nginx, yourapi, ratio, verdict))
        print(f"  {work}: nginx {nginx}, yourapi {yourapi}, ratio {ratio} (budget: {budget}) {verdict}", flush=True)

    def note(self, text):
        self.notes.append(text)
        print("  " + text, flush=True)


def us(value):
    return f"{value:.1f} µs" if value < 100 else f"{value:.0f} µs"


def cpu_of(target, count, **flags):
    """Microseconds of CPU for each of what `count` finds in the load's result: event loop, whole process; and the result."""
    before = target.cpu_when_quiet()
    result = load(target, **flags)
    after = target.cpu_when_quiet()
    used = {name: ns - before.get(name, 0) for name, ns in after.items()}
    loop, whole = target.split(used)
    return loop / count(result) / 1000, whole / count(result) / 1000, result, used


def cpu_rounds(bench, rounds, count, warm_up, **flags):
    """Medians over interleaved rounds; ratios are taken within each round."""
    figures = {target.name: [] for target in bench.both()}
    for target in bench.both():
        target.prepare_threads(shared=False)
        bench.answered[target.name] = load(target, **{**flags, **warm_up})["requests"]
    for _ in range(rounds):
        for target in bench.both():
            figures[target.name].append(cpu_of(target, count, **flags))
            bench.answered[target.name] += figures[target.name][-1][2]["requests"]
    nginx = median(figure[0] for figure in figures["nginx"])
    ratios = [[ours[i] / theirs[0] for ours, theirs in zip(figures["yourapi"], figures["nginx"])] for i in (0, 1)]
    loop, whole = (median(figure[i] for figure in figures["yourapi"]) for i in (0, 1))
    return nginx, (loop, median(ratios[0])), (whole, median(ratios[1])), figures


def threads_text(figures, count):
    """Which thread used how much, a piece of work."""
    total, work = {}, 0
    for _, _, result, used in figures:
        work += count(result)
        for name, ns in used.items():
            total[name] = total.get(name, 0) + ns
    parts = [f"{name} {us(ns / work / 1000)}" for name, ns in sorted(total.items(), key=lambda item: -item[1]) if ns / work > 50]
    return ", ".join(parts)


@measurement
def request(bench):
    """CPU a request of 1 KB that is not streamed."""
    rounds, seconds = (3, 3) if bench.quick else (7, 5)
    rows_before = bench.yourapi.log_rows()

    def count(result):
        return result["requests"]
    nginx, loop, whole, figures = cpu_rounds(bench, rounds, count, {"seconds": 2}, model=MODEL, body=BODY_KB * 1024,
                                             connections=64, seconds=seconds)
    bench.row("CPU a request, 1 KB chat: event loop alone", "1.0 x", us(nginx), us(loop[0]), f"{loop[1]:.2f}", loop[1] <= 1.0)
    bench.row("the same, whole process with journal and log rows", "1.5 x", us(nginx), us(whole[0]), f"{whole[1]:.2f}",
              whole[1] <= 1.5)
    speed = {name: median(count(f[2]) / f[2]["seconds"] for f in figures[name]) for name in figures}
    logged = bench.yourapi.log_rows() - rows_before
    bench.note(f"request: 64 connections, {speed['nginx']:.0f} requests a second through nginx, {speed['yourapi']:.0f} through "
               f"yourapi; by thread: {threads_text(figures['yourapi'], count)}; {bench.answered['yourapi']} answered, {logged} log rows")
    if logged != bench.answered["yourapi"]:
        raise RuntimeError(f"{bench.answered['yourapi']} requests were answered, but {logged} are in the log")


def chunk_through(bench, path, work, budget, note):
    """CPU a streamed chunk of an upstream that speaks OpenAI's dialect, to a client on this path."""
    rounds, seconds = (3, 3) if bench.quick else (5, 6)

    def count(result):
        return result["events"]
    nginx, loop, whole, figures = cpu_rounds(bench, rounds, count, {"seconds": 1}, model=STREAM_MODEL, stream=True, path=path,
                                             body=BODY_KB * 1024, connections=60, seconds=seconds)
    bench.row(work, f"{budget} x", us(nginx), us(whole[0]), f"{whole[1]:.2f}", whole[1] <= budget)
    speed = {name: median(count(f[2]) / f[2]["seconds"] for f in figures[name]) for name in figures}
    bench.note(f"{note}: 60 streams of 200 chunks, one every 5 ms; {speed['nginx']:.0f} chunks a second through nginx, "
               f"{speed['yourapi']:.0f} through yourapi; the whole process is counted, the request's share is in it; "
               f"by thread: {threads_text(figures['yourapi'], count)}")


@measurement
def chunk(bench):
    """CPU a streamed chunk."""
    chunk_through(bench, CHAT, "CPU a chunk, streamed, same dialect", 1.2, "chunk")


@measurement
def chunk_translated(bench):
    """CPU a streamed chunk for a client of another dialect."""
    chunk_through(bench, MESSAGES, "CPU a chunk, streamed, OpenAI to Claude", 2.5, "chunk, translated")


@measurement
def latency(bench):
    """Added latency at half load."""
    rounds, seconds = (3, 3) if bench.quick else (7, 5)
    bench.yourapi.prepare_threads(shared=True)
    top = [load(bench.yourapi, model=MODEL, body=BODY_KB * 1024, connections=64, seconds=2) for _ in range(2)]
    bench.yourapi.cpu_when_quiet()
    rate = int(max(result["requests"] / result["seconds"] for result in top) / 2)
    took = {"fake_upstream": [], "nginx": [], "yourapi": []}
    for _ in range(rounds):
        for target in (bench.upstream, *bench.both()):
            result = load(target, model=MODEL, body=BODY_KB * 1024, connections=64, seconds=seconds, rate=rate)
            took[target.name].append(result["latency_us"])
    bench.yourapi.prepare_threads(shared=False)
    for part, budget in (("p50", 60), ("p99", 300)):
        direct = median(figure[part] for figure in took["fake_upstream"])
        nginx, ours = (median(figure[part] for figure in took[name]) - direct for name in ("nginx", "yourapi"))
        bench.row(f"added latency at half load, {part}", f"{budget} µs", us(nginx), us(ours),
                  f"{ours / nginx:.2f}" if nginx > 0 else "", ours <= budget)
    direct = {part: median(figure[part] for figure in took["fake_upstream"]) for part in ("p50", "p99")}
    bench.note(f"latency: {rate} requests a second, half of what yourapi answers at most; without a proxy p50 {us(direct['p50'])}, "
               f"p99 {us(direct['p99'])}, which is taken off; {rounds} rounds of {seconds} s, medians")


def body_through(bench, path, work, limit_ms, note):
    rounds, requests = (3, 100) if bench.quick else (7, 300)
    took = {"fake_upstream": [], "nginx": [], "yourapi": []}
    for _ in range(rounds):
        for target in (bench.upstream, *bench.both()):
            result = load(target, model=MODEL, path=path, body=BIG_KB * 1024, connections=1, requests=requests, seconds=60)
            took[target.name].append(result["latency_us"]["p50"])
    direct, nginx, ours = (median(took[name]) for name in ("fake_upstream", "nginx", "yourapi"))
    bench.row(work, f"{limit_ms} ms", us(nginx - direct), us(ours - direct),
              f"{(ours - direct) / (nginx - direct):.2f}" if nginx > direct else "", ours - direct <= limit_ms * 1000)
    bench.note(f"{note}: one request after the other on one connection; without a proxy {us(direct)}, which is taken off")


@measurement
def body(bench):
    """Added time of a request body of 400 KB."""
    body_through(bench, CHAT, "400 KB request body, added time p50", 1, "body")


@measurement
def body_translated(bench):
    """The same of a Claude request for an upstream that speaks OpenAI's dialect."""
    body_through(bench, MESSAGES, "400 KB Claude request to OpenAI, added time p50", 2, "body, translated")


def held_bytes(bench, target, streams):
    """Resident bytes that each open stream adds."""
    log = os.path.join(bench.folder, f"hold-{target.name}.log")
    before = target.rss()
    with open(log, "wb") as out:
        holder = subprocess.Popen(subjects.load_argv(target.port, target.token, model=HOLD_MODEL, hold=True, connections=streams,
                                                     seconds=600), stdout=out, preexec_fn=lambda: os.sched_setaffinity(0, subjects.LOAD_CORES))
    try:
        end = time.monotonic() + 60
        while "holding" not in subjects.read(log):
            if time.monotonic() > end or holder.poll() is not None:
                raise RuntimeError(f"{target.name} did not hold {streams} streams")
            time.sleep(0.1)
        time.sleep(1)
        return (target.rss() - before) / streams
    finally:
        holder.terminate()
        holder.wait()


@measurement
def streams(bench):
    """Memory of 10,000 open streams."""
    count = min(STREAMS, (subjects.descriptors() - 100) // 2)
    held = {}
    for target in bench.both():
        load(target, model=STREAM_MODEL, stream=True, connections=8, seconds=1)
        held[target.name] = held_bytes(bench, target, count) / 1024
    bench.row("memory of an open stream", "16 KB", f"{held['nginx']:.1f} KB", f"{held['yourapi']:.1f} KB",
              f"{held['yourapi'] / held['nginx']:.2f}", held["yourapi"] <= 16)
    bench.note(f"streams: {count:,} open at once, each after its first chunk, resident memory of the process before and then"
               + ("" if count == STREAMS else f" (a process may open {subjects.descriptors():,} files here)"))
    bench.yourapi.stop() # the answers that nobody waits for any more are read on for a while: a fresh start instead
    bench.yourapi.launch()
    subjects.wait_for_port(bench.yourapi.port, bench.yourapi.child)


def first_answer(yourapi, token):
    """Milliseconds from the start of the process to the first answered chat."""
    body = '{"model":"%s","messages":[{"role":"user","content":"hello"}]}' % MODEL
    began = time.monotonic()
    yourapi.launch(subjects.ALL_CORES)
    while time.monotonic() < began + 30:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", yourapi.port, timeout=10)
            connection.request("POST", CHAT, body, {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
            reply = connection.getresponse()
            text = reply.read()
        except OSError:
            time.sleep(0.0005)
            continue
        finally:
            connection.close()
        if reply.status != 200:
            raise RuntimeError(f"first answer: {reply.status} {text[:300]}")
        return (time.monotonic() - began) * 1000
    raise RuntimeError("no answer after the start")


@measurement
def start(bench):
    """Start to the first answer with a large database."""
    channels, users, tokens = 10_000, 1_000, 1_000_000
    yourapi = YourApi(bench.folder, bench.upstream.port, "large")
    try:
        yourapi.set_up()
        yourapi.stop()
        token = yourapi.grow(channels, users, tokens)
        took = []
        for _ in range(3 if bench.quick else 5):
            took.append(first_answer(yourapi, token))
            rss = yourapi.rss()
            yourapi.stop()
    finally:
        yourapi.stop()
        shutil.rmtree(yourapi.data, ignore_errors=True)
    bench.row("start to the first 200, 10,000 channels, 1,000,000 tokens", "100 ms", "", f"{median(took):.0f} ms", "",
              median(took) <= 100)
    bench.note(f"start: the file is in the page cache, {users:,} users; {len(took)} starts, {min(took):.0f} to {max(took):.0f} ms; "
               f"resident {rss / 2**20:.0f} MB after it")


@measurement
def soak(bench):
    """Resident memory after work, against that after warm-up."""
    warm, rounds, part = (3, 6, 3) if bench.quick else (4, 15, 5)
    resident = []
    for _ in range(warm + rounds):
        load(bench.yourapi, model=MODEL, body=BODY_KB * 1024, connections=64, seconds=3)
        load(bench.yourapi, model=STREAM_MODEL, stream=True, connections=64, seconds=1)
        load(bench.yourapi, model=MODEL, body=BIG_KB * 1024, connections=8, seconds=1)
        bench.yourapi.cpu_when_quiet()
        resident.append(bench.yourapi.rss() / 2**20)
    before, after = median(resident[warm:warm + part]), median(resident[-part:])
    growth = (after / before - 1) * 100
    bench.row("resident memory after a soak, against warm-up", "within 5 %", "", f"{before:.1f} to {after:.1f} MB",
              f"{growth:+.1f} %", growth <= 5)
    bench.note(f"soak: {rounds} rounds of 5 s of all kinds of requests after {warm} rounds of the same; medians of the first and the "
               f"last {part} rounds, because the journal's pages come and go ({min(resident[warm:]):.1f} to {max(resident[warm:]):.1f} MB)")


@measurement
def json_reading(bench):
    """Reading JSON beside cJSON and jansson."""
    output = subprocess.run([f"{subjects.BUILD}/bin/json_bench"], stdout=subprocess.PIPE, check=True, text=True,
                            preexec_fn=lambda: os.sched_setaffinity(0, subjects.PROXY_CORES)).stdout
    tables = re.findall(r"A chat request of (\d+) bytes:\n\n((?:\|.*\n)+)", output)
    size, table = tables[-1]
    speed = {row[0]: float(row[1]) for row in re.findall(r"\| ([^|]+?) \| [\d.]+ \| ([\d.]+) \|", table)}
    for rival in ("cJSON", "jansson"):
        if rival in speed:
            ratio = speed["json_read"] / speed[rival]
            bench.row(f"reading JSON, chat of {int(size) // 1000} KB, beside {rival}", "3 x" if rival == "cJSON" else "",
                      f"{speed[rival]:.0f} MB/s ({rival})", f"{speed['json_read']:.0f} MB/s", f"{ratio:.1f}",
                      ratio >= 3 if rival == "cJSON" else None)


def start_servers():
    """The database servers that are installed, in a folder that their own users may enter; and what test-servers says of them."""
    folder = tempfile.mkdtemp(prefix="yourapi-servers-")
    os.chmod(folder, 0o711)
    text = subprocess.run([f"{subjects.ROOT}/tools/test-servers", "start", folder, "durable"], stdout=subprocess.PIPE, check=True,
                          text=True).stdout
    return folder, dict(line.split("=", 1) for line in text.splitlines())


def stop_servers(folder):
    subprocess.run([f"{subjects.ROOT}/tools/test-servers", "stop", folder], check=False)
    shutil.rmtree(folder, ignore_errors=True)


def databases(bench, variables, name):
    """Empty databases of the name given, by kind: a SQLite file, and one on each server."""
    found = {"SQLite": os.path.join(bench.folder, f"{name}.db")}
    if "YOURAPI_TEST_POSTGRES" in variables:
        dsn = variables["YOURAPI_TEST_POSTGRES"]
        subprocess.run(["psql", dsn, "-qc", f"CREATE DATABASE {name}"], check=True)
        found["PostgreSQL"] = dsn.replace("/postgres?", f"/{name}?")
    if "YOURAPI_TEST_MYSQL" in variables:
        dsn = variables["YOURAPI_TEST_MYSQL"]
        socket = re.search(r"unix\((.*)\)", dsn)[1]
        subprocess.run(["mariadb", "--no-defaults", "-uyourapi", "-pyourapi", "-S", socket, "-e",
                        f"CREATE DATABASE {name} CHARACTER SET utf8mb4"], check=True)
        found["MariaDB"] = re.sub(r"/yourapi$", f"/{name}", dsn)
    return found


def json_line(argv):
    """The last line that the program prints."""
    output = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


@measurement
def ledger(bench):
    """Log rows that the ledger thread commits in a second, on each database."""
    records = 200_000 if bench.quick else 1_000_000
    folder, variables = start_servers()
    try:
        for batch in (1000, 4000, 16000):
            for kind, where in databases(bench, variables, f"ledger{batch}").items():
                journal = tempfile.mkdtemp(dir=bench.folder)
                result = json_line([f"{subjects.BUILD}/bin/ledger_bench", where, journal, str(records), "1000", str(batch)])
                shutil.rmtree(journal)
                wanted = 50_000 if kind == "SQLite" else 20_000
                bench.row(f"log rows a second, {kind}, batches of {batch}", f"{wanted:,}", "", f"{result['rows_per_s']:,.0f}", "",
                          result["rows_per_s"] >= wanted if batch == 16000 else None)
    finally:
        stop_servers(folder)
    bench.note(f"ledger: {records:,} records of 1,000 users appended to one journal as fast as they are applied, with balances, hourly sums "
               "and the index of the log; servers on a unix socket that sync each commit; the program's own batch grows with what waits, up to 16,000")


@measurement
def log_pages(bench):
    """A page of the log with any two filters."""
    rows = 1_000_000 if bench.quick else 10_000_000
    folder, variables = start_servers()
    try:
        for kind, where in databases(bench, variables, "pages").items():
            if kind == "MariaDB":
                continue
            result = json_line([f"{subjects.BUILD}/bin/log_bench", where, str(rows)])
            bench.row(f"log page, any two filters, {rows:,} rows, {kind}", "200 ms", "", f"{result['worst_ms']:.0f} ms", "",
                      result["worst_ms"] <= 200)
            bench.note(f"log page, {kind}: the slowest of {result['pages']} is {result['worst']}; {result['over_200_ms']} took more than 200 ms, "
                       f"the median {result['median_ms']:.0f} ms")
    finally:
        stop_servers(folder)


# ---- the page ----

def processor():
    found = re.search(r"model name\s*: (.*)", subjects.read("/proc/cpuinfo"))
    return found[1] if found else platform.machine()


def page(bench, command, load_before):
    nginx = subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-v"], stderr=subprocess.PIPE, text=True, check=False)
    version = nginx.stderr.strip().rsplit("/", 1)[-1]
    lines = [
        "# Figures", "",
        f"`{command}`, {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC, {processor()}, "
        f"{len(subjects.ALL_CORES)} cores, Linux {platform.release().split('-')[0]}, nginx {version}, load average before: {load_before:.2f}.", "",
        "| work | budget | nginx | yourapi | ratio | verdict |", "|---|---:|---:|---:|---:|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in bench.rows]
    lines += ["", "How it is measured:", "",
              "- nginx is a plain reverse proxy with one worker, kept-alive connections on both sides, no buffering, no access log.",
              "  yourapi has one event loop, reserves and charges each call, and writes its log rows to SQLite. Both get the same load in",
              "  turn, in one run; figures are medians of the rounds, ratios are taken within each round. Upstream and load are",
              "  `bench/fake_upstream.c` and `bench/load.c`, plain HTTP on loopback.",
              f"- The proxy that is measured is pinned to processor {sorted(subjects.PROXY_CORES)[0]}, all its threads included; load and upstream share "
              f"processor {', '.join(map(str, sorted(subjects.LOAD_CORES)))}.",
              "  For latency the threads behind the event loop may run on any, for the start all threads may.",
              "- CPU is what the scheduler counted for the process and its threads, until the work that was put off is done, too."]
    lines += [f"- {note[0].upper()}{note[1:]}." for note in bench.notes]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a shorter version, about 3 minutes")
    parser.add_argument("--list", action="store_true", help="the measurements")
    parser.add_argument("--keep", action="store_true", help="keep the work folder")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in MEASUREMENTS]
    if options.list or unknown:
        for name, function in MEASUREMENTS.items():
            print(f"{name:14}{function.__doc__}")
        return f"script/bench: no measurement '{unknown[0]}'" if unknown else 0
    folder = tempfile.mkdtemp(prefix="yourapi-bench-")
    bench, load_before = Bench(folder, options.quick), os.getloadavg()[0]
    try:
        if set(options.names or MEASUREMENTS) - ALONE:
            bench.start()
        for name in options.names or MEASUREMENTS:
            print(name, flush=True)
            MEASUREMENTS[name](bench)
    finally:
        bench.stop()
        if options.keep:
            print("kept:", folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    text = page(bench, " ".join(["script/bench"] + sys.argv[1:]), load_before)
    print("\n" + text)
    if not options.names:
        with open(os.path.join(subjects.ROOT, "bench", "results.md"), "w", encoding="utf-8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
