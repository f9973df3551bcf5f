"""Where is it measured? In a network namespace of its own: knot for the names, nginx for the API, blackbox_exporter as the peer."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import link

INVOKE_NAME = "a1bc234d5e.execute-api.us-east-1.amazonaws.com"
ALIAS_NAME = "a1bc234d5e-vpce-1a2b3c456d7e89012.execute-api.us-east-1.amazonaws.com"
VPCE_NAME = "vpce-1a2b3c456d7e89012-f3ghijkl.execute-api.us-east-1.vpce.amazonaws.com"
INVOKE_URL = f"https://{INVOKE_NAME}/test"
# one address for each name
ADDRESSES = {INVOKE_NAME: "127.0.1.1", ALIAS_NAME: "127.0.1.2", VPCE_NAME: "127.0.1.3"}
RESOLVER = "127.0.0.53"
EXPORTER = "127.0.0.1:9115"
PACKAGES = {
    "curl": "curl", "knotd": "knot", "nginx": "nginx-light", "openssl": "openssl", "ip": "iproute2", "tcpdump": "tcpdump",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter", "unshare": "util-linux", "mount": "mount", "sudo": "sudo", "true": "coreutils",
}
# servers on the last processor, clients on the first
PROCESSORS = sorted(os.sched_getaffinity(0))


def far(name):
    """A name's like in another Region, where the same servers answer behind a link that takes its time."""
    return name.replace("us-east-1", "eu-west-1")


FAR_ROUND_TRIP_SECONDS = 0.02
FAR_ADDRESSES = {far(name): f"10.99.0.{2 + index}" for index, name in enumerate(ADDRESSES)}
FAR_URL, FAR_VPCE_NAME, FAR_RESOLVER = far(INVOKE_URL), far(VPCE_NAME), "10.99.0.53"


def tool(name):
    """The path of a program; its absence names the package that brings it."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    return path or sys.exit(f"`{name}` is missing: apt-get install {PACKAGES[name]}")


def take_processor(number, first):
    """Keeps this process and what it starts on one processor, before whatever else runs there if the kernel lets it; the word for that."""
    os.sched_setaffinity(0, [number])
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO if first else os.SCHED_OTHER, os.sched_param(10 if first else 0))
    except OSError:
        first = False
    return "real-time" if first else "normal"


def put_first(pid):
    """Lets a process run before all others of its processor, if the kernel lets it."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_FIFO, os.sched_param(20))


def busy_time(pid):
    """Seconds that the threads of a process have run."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def in_own_namespace(arguments):
    """Starts this program again where nothing but its own servers can be reached."""
    as_root = [] if os.getuid() == 0 else [tool("sudo")]
    command = [*as_root, tool("unshare"), "--net", "--mount", sys.executable, *arguments]
    os.execv(command[0], command)


class Stand:
    """The servers; they end with the `with` block."""

    def __init__(self, built):
        self.folder = Path(tempfile.mkdtemp(prefix="apigw-probe-compare-"))
        # a file that a linker wrote here and there takes more page faults to start than one that was installed
        self.probe = shutil.copy(built, self.folder)
        self.children = []

    def __enter__(self):
        try:
            subprocess.run([tool("ip"), "link", "set", "lo", "up"], check=True)
            resolv_conf = self.write("resolv.conf", f"nameserver {RESOLVER}\n")
            subprocess.run([tool("mount"), "--bind", resolv_conf, "/etc/resolv.conf"], check=True)
            self.make_certificates()
            self.start_link()
            self.start_knot()
            self.start_nginx()
            self.start_exporter()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.kill()
            child.wait()
        shutil.rmtree(self.folder)

    def servers_busy(self):
        """Seconds that knot and nginx have run so far."""
        return sum(busy_time(child.pid) for child in self.children if child not in (self.exporter, self.link))

    @property
    def root(self):
        """The certificate that clients must trust."""
        return str(self.folder / "root.crt")

    def write(self, name, text):
        path = self.folder / name
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return str(path)

    def start(self, command, listens_at):
        """Starts a server and waits until it listens."""
        with open(self.folder / "log", "ab") as log:
            child = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     preexec_fn=lambda: take_processor(PROCESSORS[-1], first=True))
        self.children.append(child)
        until = time.monotonic() + 20
        while not all(is_listening(*address) for address in listens_at):
            if child.poll() is not None or time.monotonic() > until:
                sys.exit(f"{command[0]} does not listen: {(self.folder / 'log').read_text()}")
            time.sleep(0.01)
        return child

    def make_certificates(self):
        """A chain like that of execute-api at AWS: RSA 2048 from root to leaf."""
        self.write("ca.ext", "basicConstraints=critical,CA:TRUE\n")
        covered = ["*.execute-api.us-east-1.amazonaws.com", "*.execute-api.us-east-1.vpce.amazonaws.com"]
        self.write("leaf.ext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in [*covered, *map(far, covered)]) + "\n")
        for name, signer, extensions in [("root", None, "ca"), ("middle", "root", "ca"), ("leaf", "middle", "leaf")]:
            self.openssl(f"req -new -newkey rsa:2048 -noenc -keyout {name}.key -out {name}.csr -subj /CN={name}")
            by = f"-CA {signer}.crt -CAkey {signer}.key -CAcreateserial" if signer else f"-signkey {name}.key"
            self.openssl(f"x509 -req -in {name}.csr {by} -out {name}.crt -days 30 -extfile {extensions}.ext")
        chain = "".join((self.folder / f"{name}.crt").read_text() for name in ["leaf", "middle"])
        self.write("chain.crt", chain)

    def openssl(self, arguments):
        subprocess.run([tool("openssl"), *arguments.split()], cwd=self.folder, check=True, capture_output=True)

    def start_link(self):
        """The way to the far names. It goes before the servers, else they would hold packets up that are under way."""
        self.link = self.start([sys.executable, str(Path(__file__).parent / "link.py"), str(FAR_ROUND_TRIP_SECONDS / 2)], [])
        until = time.monotonic() + 20
        while f"inet {link.HOST}/" not in subprocess.run([tool("ip"), "addr"], capture_output=True, text=True).stdout:
            if self.link.poll() is not None or time.monotonic() > until:
                sys.exit(f"the link does not come up: {(self.folder / 'log').read_text()}")
            time.sleep(0.01)
        put_first(self.link.pid)

    def start_knot(self):
        records = "".join(f"{name}. 60 A {address}\n" for name, address in [*ADDRESSES.items(), *FAR_ADDRESSES.items()])
        self.write("zone", f"amazonaws.com. 60 SOA ns. h. 1 60 60 60 60\namazonaws.com. 60 NS ns.invalid.\n{records}")
        self.write("knot.conf", f"""\
            server:
              rundir: {self.folder}
              listen: [ {RESOLVER}@53, {link.HOST}@53 ]
              user: root:root
              udp-workers: 1
              tcp-workers: 1
              background-workers: 1
            database:
              storage: {self.folder}/db
            zone:
              - domain: amazonaws.com
                file: {self.folder}/zone
                semantic-checks: off
                zonefile-sync: -1
                journal-content: none
            """)
        self.start([tool("knotd"), "-c", "knot.conf"], [(RESOLVER, 53)])

    def start_nginx(self):
        listen = " ".join(f"listen {address}:443 ssl;" for address in [*ADDRESSES.values(), link.HOST])
        self.write("nginx.conf", f"""\
            daemon off; master_process off; user root; pid nginx.pid;
            events {{ worker_connections 256; }}
            http {{
              access_log off;
              client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
              server {{
                {listen}
                ssl_certificate chain.crt; ssl_certificate_key leaf.key; ssl_protocols TLSv1.3;
                add_header x-amzn-RequestId $request_id; add_header x-amz-apigw-id abc=; default_type application/json;
                location / {{ return 200 '{{}}'; }}
              }}
            }}
            """)
        listening = [(address, 443) for address in ADDRESSES.values()]
        self.start([tool("nginx"), "-p", f"{self.folder}/", "-c", "nginx.conf", "-e", "stderr"], listening)

    def start_exporter(self):
        http = "preferred_ip_protocol: ip4, ip_protocol_fallback: false, enable_http2: false"
        http += f", tls_config: {{ca_file: '{self.root}'}}"
        self.write("exporter.yml", f"""\
            modules:
              plain: {{prober: http, http: {{{http}}}}}
              host: {{prober: http, http: {{{http}, headers: {{Host: {INVOKE_NAME}}}}}}}
              id: {{prober: http, http: {{{http}, headers: {{x-apigw-api-id: a1bc234d5e}}}}}}
            """)
        ip, port = EXPORTER.split(":")
        command = [tool("prometheus-blackbox-exporter"), "--config.file=exporter.yml", f"--web.listen-address={EXPORTER}", "--log.level=error"]
        self.exporter = self.start(command, [(ip, int(port))])


def is_listening(ip, port):
    """Whether a TCP listener has this address (or all of them), by the kernel's table."""
    hexadecimal = f"{int.from_bytes(bytes(map(int, ip.split('.'))), sys.byteorder):08X}:{port:04X} 00000000:0000 0A"
    return hexadecimal in Path("/proc/net/tcp").read_text()
