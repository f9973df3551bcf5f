"""When did it happen on the wire? A packet capture with nanosecond stamps, reduced to the times of the phases."""

import re
import signal
import socket
import struct
import subprocess
import time
from collections import defaultdict

from stand import PROCESSORS, take_processor, tool

FIN, SYN, ACK = 1, 2, 16


class Capture:
    """tcpdump on the loopback interface, for the length of the `with` block."""

    def __init__(self, folder):
        self.file = folder / "capture.pcap"

    def __enter__(self):
        command = [tool("tcpdump"), "-i", "lo", "-Z", "root", "--time-stamp-precision=nano", "--immediate-mode", "-B", "8192", "-s", "256", "-U"]
        command += ["-w", str(self.file), "tcp port 443 or udp port 53"]
        self.child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=lambda: take_processor(PROCESSORS[-1], first=True))
        for line in self.child.stderr:
            if "listening on" in line:
                return self
        raise SystemExit("tcpdump does not capture")

    def __exit__(self, *_):
        self.wait_for_the_last_packet()
        self.child.send_signal(signal.SIGINT)
        said = self.child.stderr.read()
        self.child.wait()
        dropped = re.search(r"(\d+) packets? dropped by kernel", said)
        if dropped and dropped[1] != "0":
            raise SystemExit(f"the capture is not complete: {said}")

    def wait_for_the_last_packet(self):
        """What is captured is written in order, so that a mark at the end says that all is there."""
        mark, until = b"the last packet", time.monotonic() + 20
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(mark, ("127.0.0.1", 53))
        while mark not in self.file.read_bytes()[-4096:]:
            if time.monotonic() > until:
                raise SystemExit("the capture does not end")
            time.sleep(0.01)

    def packets(self):
        """Time in nanoseconds and IPv4 packet, in the order of arrival."""
        bytes_ = self.file.read_bytes()
        magic, _, _, _, _, _, link = struct.unpack_from("<IHHiIII", bytes_)
        assert (magic, link) == (0xA1B23C4D, 1), "nanoseconds, Ethernet"
        at = 24
        while at + 16 <= len(bytes_):
            seconds, nanoseconds, length, _ = struct.unpack_from("<IIII", bytes_, at)
            frame = bytes_[at + 16 : at + 16 + length]
            at += 16 + length
            if frame[12:14] == b"\x08\x00":
                yield seconds * 10**9 + nanoseconds, frame[14:]


def phases(packets):
    """The wire times of each phase in nanoseconds: DNS by name and type, the others by address, each in the order of their beginning."""
    queries, lookups, connections = {}, defaultdict(list), {}
    for when, packet in packets:
        header = (packet[0] & 15) * 4
        total, protocol = struct.unpack_from("!H", packet, 2)[0], packet[9]
        source, target = packet[12:16], packet[16:20]
        source_port, target_port = struct.unpack_from("!HH", packet, header)
        if protocol == 17:
            message = packet[header + 8 :]
            if target_port == 53:
                queries[source_port, message[:2]] = when
            elif (sent := queries.pop((target_port, message[:2]), None)) is not None:
                lookups[question(message)].append(when - sent)
        elif protocol == 6:
            offset, flags = (packet[header + 12] >> 4) * 4, packet[header + 13]
            to_server = target_port == 443
            key = (source_port, target) if to_server else (target_port, source)
            connection = connections.setdefault(key, Connection(when)) if flags & SYN and not flags & ACK else connections.get(key)
            if connection:
                connection.see(when, to_server, flags, total - header - offset)
    by_address = defaultdict(list)
    for (_, address), connection in sorted(connections.items(), key=lambda item: item[1].began):
        by_address[".".join(map(str, address))].append(connection)
    return lookups, by_address


def question(message):
    """Name and type of a DNS message's question."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    kind = struct.unpack_from("!H", message, at + 1)[0]
    return ".".join(labels).lower(), {1: "A", 28: "AAAA"}.get(kind, kind)


class Connection:
    """One TCP connection, reduced to the moments that end its phases."""

    def __init__(self, began):
        self.began = began
        self.accepted = None
        # for each packet of the client with bytes in it: when it went, and when the last bytes came before the next
        self.turns = []

    def see(self, when, to_server, flags, length):
        if flags & SYN and flags & ACK:
            self.accepted = when
        elif length and to_server:
            self.turns.append([when, None])
        elif length and self.turns:
            self.turns[-1][1] = when

    def times(self):
        """Seconds of TCP, TLS 1.3 and HTTP: SYN to its answer, ClientHello to the server's last flight, request to the last byte."""
        answered = [turn for turn in self.turns if turn[1] is not None]
        if self.accepted is None or len(answered) < 2:
            return None
        hello, request = answered[0], answered[-1]
        spans = {"tcp": self.accepted - self.began, "tls": hello[1] - hello[0], "http": request[1] - request[0]}
        return {phase: span / 1e9 for phase, span in spans.items()}
