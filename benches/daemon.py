"""What does the daemon cost over time? Ten thousand rounds of one target, a thousand targets while they are scraped, a thousand clients that stall or
pipeline requests."""

import contextlib
import http.client
import re
import subprocess
import time
from pathlib import Path

from stand import INVOKE_URL, PROCESSORS, RESOLVER, VPCE_NAME, busy_time, is_listening, take_processor

LISTEN = ("127.0.0.1", 9715)
PATHS = 4


def status_of(pid, key):
    """A line of the kernel's account of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


class Daemon:
    """A running daemon with these targets; it ends with the `with` block."""

    def __init__(self, stand, general, targets):
        self.stand = stand
        head = f"log_level = 'error'\nlisten = ['{LISTEN[0]}:{LISTEN[1]}']\ndns_servers = ['{RESOLVER}']\nca_file = '{stand.root}'\n{general}\n"
        self.config = stand.write("config.toml", head + "".join(f"\n[[target]]\n{target}\n" for target in targets))

    def __enter__(self):
        with open(self.stand.folder / "log", "ab") as log:
            self.child = subprocess.Popen([self.stand.probe, "serve", "--config", self.config], cwd=self.stand.folder, stdin=subprocess.DEVNULL,
                                          stdout=log, stderr=log, preexec_fn=lambda: take_processor(PROCESSORS[0], first=False))
        until = time.monotonic() + 20
        while not is_listening(*LISTEN):
            if self.child.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"the daemon does not listen: {(self.stand.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.child.terminate()
        if self.child.wait(20) != 0:
            raise SystemExit(f"the daemon ended with {self.child.returncode}: {(self.stand.folder / 'log').read_text()[-2000:]}")

    def get(self, path, headers={}):
        connection = http.client.HTTPConnection(*LISTEN, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (answer.status, body[:500])
            return body

    def sum(self, family):
        """The sum over all samples of a family, those that are not there being none."""
        text = self.get("/metrics").decode()
        return sum(float(value) for value in re.findall(rf"^{family}(?:{{[^\n]*}})? (\S+)$", text, re.M))

    def rss(self, key="VmRSS"):
        return status_of(self.child.pid, key)


def target(name, *lines):
    return "\n".join([f"name = '{name}'", f"invoke_url = '{INVOKE_URL}'", f"vpce_dns_name = '{VPCE_NAME}'", *lines])


def handshake(stand, seconds):
    """Seconds of processor time that a handshake takes, with everything that belongs to it: names, request, diagnosis, history."""
    with Daemon(stand, "interval = '1s'", [target(f"orders-{number}") for number in range(50)]) as daemon:
        def reading():
            return busy_time(daemon.child.pid), daemon.sum("apigw_probe_probes_total")
        time.sleep(2)
        began, before = reading()
        time.sleep(seconds)
        ended, after = reading()
        return (ended - began) / (after - before)


def rounds_of_one(stand, rounds, ask_exporter):
    """The daemon probes one target as often as it is asked to, and the exporter does the same."""
    with Daemon(stand, "schedule = 'on-probe'\nprobe_min_age = '0s'", [target("orders")]) as daemon:
        def probe():
            assert b'apigw_probe_target_success{target="orders"} 1\n' in daemon.get("/probe?target=orders")
        probe()
        for _ in range(rounds):
            probe()
        rss = daemon.rss()
        assert daemon.sum("apigw_probe_probes_total") == (rounds + 1) * PATHS
    spent = sum(ask_exporter()[0] for _ in range(rounds // 4))
    return rss, (spent / (rounds // 4) / PATHS, status_of(stand.exporter.pid, "VmRSS"))


def many_targets(stand, count, interval, seconds):
    """Many targets at an interval, scraped each second; in the second half beside a thousand clients that stall."""
    targets = [target(f"orders-{number}") for number in range(count)]
    with Daemon(stand, f"interval = '{interval}s'", targets) as daemon:
        time.sleep(interval)
        calm, rss = scrapes(daemon, seconds / 2), daemon.rss("VmHWM")
        with stalled_clients(1000):
            crowded = scrapes(daemon, seconds / 2)
        missed, probes = daemon.sum("apigw_probe_missed_rounds_total"), daemon.sum("apigw_probe_probes_total")
        failed = daemon.sum("apigw_probe_probe_failures_total")
        return {"targets": count, "interval": interval, "missed": missed, "rounds": probes / PATHS, "failed": failed, "rss": rss, "crowded_rss": daemon.rss("VmHWM"),
                "calm": calm, "crowded": crowded}


def scrapes(daemon, seconds, every=1, cut=None):
    """How long each scrape took, one after the other in these steps of seconds; one that the daemon ends early is counted in `cut`, if given."""
    took, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            daemon.get("/metrics", {"Accept-Encoding": "gzip", "Accept": "application/openmetrics-text;version=1.0.0"})
        except (http.client.HTTPException, ConnectionError) as error:
            if cut is None:
                raise
            cut.append(error)
        took.append(time.monotonic() - began)
        time.sleep(max(0, every - took[-1]))
    return took


def gzip_readers(stand, count, interval, seconds):
    """Many targets, polled while a thousand clients pipeline requests for a page in gzip and read nothing; for each page, with clients that stay
    away once they are closed, and with clients that connect again."""
    took, cut, targets = [], [], [target(f"orders-{number}") for number in range(count)]
    with Daemon(stand, f"interval = '{interval}s'", targets) as daemon:
        time.sleep(interval)
        for path in [b"/", b"/metrics", b"/api/v1/reports"]:
            request = b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
            for reconnect in [False, True]:
                with bad_clients(1000, [request * 50], reconnect):
                    took += scrapes(daemon, seconds / 6, every=0.2, cut=cut)
        missed, failed = daemon.sum("apigw_probe_missed_rounds_total"), daemon.sum("apigw_probe_probe_failures_total")
        return {"took": took, "cut": len(cut), "missed": missed, "failed": failed, "rss": daemon.rss("VmHWM")}


def stalled_clients(count):
    """Half of them never end their request, half never read their answer; whoever is sent away comes again."""
    return bad_clients(count, [b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"], True)


@contextlib.contextmanager
def bad_clients(count, requests, reconnect):
    """Clients of a process of their own, each of which sends one of the requests and never reads."""
    script = f"""
import select, socket, time
requests, poll, clients = {requests!r}, select.epoll(), {{}}
ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
def connect(number):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    client.connect_ex({LISTEN!r})
    poll.register(client, select.EPOLLOUT)
    clients[client.fileno()] = (client, number)
for number in range({count}):
    connect(number)
print("connected", flush=True)
while True:
    for file, event in poll.poll():
        client, number = clients[file]
        if not event & ENDED:
            try:
                client.send(requests[number % len(requests)])
            except OSError:
                pass
            poll.modify(file, select.EPOLLRDHUP)
        elif {reconnect}:
            poll.unregister(file)
            client.close()
            time.sleep(0.001)
            connect(number)
        else:
            poll.unregister(file)
"""
    child = subprocess.Popen(["python3", "-c", script], stdout=subprocess.PIPE, preexec_fn=lambda: take_processor(PROCESSORS[-1], first=False))
    try:
        child.stdout.readline()
        yield
    finally:
        child.kill()
        child.wait()


def many_rounds(stand, first, last):
    """Rounds that end soon, since nobody listens: the memory after some of them, when the histories are full, and after all."""
    targets = [target(f"orders-{number}", "port = 1", "paths = { route53-alias = 'skip', vpce-host-header = 'skip', vpce-api-id-header = 'skip' }")
               for number in range(500)]
    with Daemon(stand, "interval = '1s'\ndns_queries_per_second = 1000", targets) as daemon:
        def after(count):
            while daemon.sum("apigw_probe_probes_total") < count:
                time.sleep(0.5)
            return daemon.rss()
        early, late = after(first), after(last)
        return early, late, daemon.sum("apigw_probe_missed_rounds_total")
