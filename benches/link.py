#!/usr/bin/env python3
"""A link that takes its time: what is sent to its network comes back from there, to this host, after a delay.

    link.py SECONDS        # prints a line when the link is up; ends when it is killed

Source and destination change places on the way, so that a server that listens at HOST answers at every address of the network, and no
checksum changes. The kernel need not know netem for it. Needs root, and a network namespace of its own.
"""

import collections
import fcntl
import os
import select
import struct
import subprocess
import sys
import time

HOST, NETWORK = "10.99.0.1", "10.99.0.0/24"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def main():
    delay, device = float(sys.argv[1]), open_link()
    print("up", flush=True)
    under_way = collections.deque()
    while True:
        wait = max(0, under_way[0][0] - time.monotonic()) if under_way else None
        if select.select([device], [], [], wait)[0]:
            packet = os.read(device, 65535)
            under_way.append((time.monotonic() + delay, packet[:12] + packet[16:20] + packet[12:16] + packet[20:]))
        while under_way and under_way[0][0] <= time.monotonic():
            os.write(device, under_way.popleft()[1])


def open_link():
    """The device whose packets are ours to carry."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"far", IFF_TUN | IFF_NO_PI))
    for words in [f"addr add {HOST}/{NETWORK.split('/')[1]} dev far", "link set far up"]:
        subprocess.run(["ip", *words.split()], check=True)
    return device


if __name__ == "__main__":
    main()
