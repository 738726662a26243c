"""Drills with idle and slow connections next to working ones. Latency is the median over windows that alternate with
windows of the same load alone, so that a busy machine affects both equally."""
import socket, statistics, time

from . import traffic


class Crowd:
    """Idle connections, and connections that send one header at a time."""

    def __init__(self, port, idle, drips=0):
        self.all = [socket.create_connection(('127.0.0.1', port), 5) for _ in range(idle)]
        self.drips = [socket.create_connection(('127.0.0.1', port), 5) for _ in range(drips)]
        self.cut = 0
        for connection in self.drips:
            connection.sendall(b'POST /inject HTTP/1.1\r\nHost: localhost\r\n')
            connection.setblocking(False)

    def drip(self):
        """Sends one more header on each connection that is still open."""
        for connection in list(self.drips):
            try:
                connection.send(b'X: y\r\n')
                if connection.recv(512) == b'':
                    raise ConnectionError
            except BlockingIOError:
                continue
            except OSError:
                self.cut += 1
                self.drips.remove(connection)
                connection.close()

    def leave(self):
        for connection in self.all + self.drips:
            connection.close()
        self.all, self.drips = [], []


def window(drill, server, cases, crowd=None):
    """Runs a paced load for some time; returns its result."""
    load = traffic.Load(server.plain, cases, connections=16, rate=1500, seconds=drill.seconds(4), window=250)
    for _ in load.lines():
        if crowd:
            crowd.drip()
    return load.finish()


def quantiles(results, name):
    return statistics.median(r[name] for r in results) / 1e3


async def idle(drill):
    server = drill.server()
    cases = traffic.mixed(server.plain)
    alone, beside = [], []
    window(drill, server, cases)
    for turn in range(7 if drill.is_long else 3):
        alone.append(window(drill, server, cases))
        crowd = Crowd(server.plain, 2_000, 200)
        beside.append(window(drill, server, cases, crowd))
        held = server.descriptors()
        crowd.leave()
        drill.progress(f'window {turn + 1}: p99 {alone[-1]["p99"] / 1e3:.2f} ms alone, {beside[-1]["p99"] / 1e3:.2f} ms beside')
    # The server closes a slow request ten seconds after its first line. It checks every half second.
    crowd, start = Crowd(server.plain, 0, 200), time.monotonic()
    while crowd.drips and time.monotonic() - start < 15:
        crowd.drip()
        time.sleep(0.2)
    after = time.monotonic() - start
    wrong = sum(r['wrong'] for r in alone + beside)
    status = server.end()
    p99 = quantiles(alone, 'p99'), quantiles(beside, 'p99')
    drill.check(held > 2_200, f'only {held} descriptors were open beside the load')
    drill.check(not wrong, f'wrong: {[s for r in alone + beside for s in r["samples"]][:3]}')
    drill.check(p99[1] <= 2 * p99[0], 'the p99 more than doubles')
    drill.check(crowd.cut == 200 and after < 12, f'{crowd.cut} of 200 drips cut off in {after:.0f} s')
    drill.check(status == 0, f'exit status {status}')
    return (f'2,000 idle connections and 200 drips beside {sum(r["answered"] for r in beside)} requests, {wrong} wrong; '
            f'medians of {len(alone)} windows each: p50 {quantiles(alone, "p50"):.2f} alone, {quantiles(beside, "p50"):.2f} beside, '
            f'p99 {p99[0]:.2f} alone, {p99[1]:.2f} ms beside; drips cut off after {after:.1f} s')


async def crowd(drill):
    """Opens as many connections as the server accepts, and more."""
    server = drill.server(files=20_000)
    cases = traffic.mixed(server.plain)
    alone = window(drill, server, cases)
    held = Crowd(server.plain, 8_100)
    beside = window(drill, server, cases)
    drill.progress(f'{server.descriptors()} descriptors, p99 {beside["p99"] / 1e3:.2f} ms')
    more = []
    for _ in range(200):
        connection = socket.socket()
        connection.setblocking(False)
        connection.connect_ex(('127.0.0.1', server.plain))
        more.append(connection)
    time.sleep(0.5)
    taken = server.descriptors()
    held.leave()
    for connection in more:
        connection.close()
    after = window(drill, server, cases)
    status = server.end()
    wrong = alone['wrong'] + beside['wrong'] + after['wrong']
    drill.check(not wrong, f'wrong: {(alone["samples"] + beside["samples"] + after["samples"])[:3]}')
    drill.check(8_100 < taken < 8_400, f'{taken} descriptors')
    drill.check(status == 0, f'exit status {status}')
    return (f'8,100 idle connections and 200 beyond the limit ({taken} descriptors held); {beside["answered"]} requests beside them, '
            f'{wrong} wrong, p99 {alone["p99"] / 1e3:.2f} alone, {beside["p99"] / 1e3:.2f} beside, {after["p99"] / 1e3:.2f} ms after')


async def odd(drill):
    """Pipelines requests, half-closes connections, and disconnects in the middle."""
    server = drill.server()
    case = traffic.reviews(server.plain)
    expected = case.answers['right'][1]
    before, wrong = server.descriptors(), 0

    def request(number):
        return case.bytes().replace(traffic.NUMBER.encode(), b'%012d' % number).replace(traffic.VARIATION.encode(), b'%05d' % (number % 5000))

    def read(file, number):
        status = file.readline()
        length = 0
        for line in iter(file.readline, b'\r\n'):
            if not line:
                return False
            name, _, value = line.partition(b':')
            length = int(value) if name.lower() == b'content-length' else length
        return b' 200 ' in status and file.read(length).decode() == expected.replace(traffic.NUMBER, f'{number:012d}')

    rounds = 20 if drill.is_long else 5
    for turn in range(rounds):
        with socket.create_connection(('127.0.0.1', server.plain), 10) as connection:
            numbers = range(turn * 100, turn * 100 + 100)
            file = connection.makefile('rb')
            connection.sendall(b''.join(request(n) for n in numbers))
            wrong += sum(not read(file, n) for n in numbers)
            # Requests from before the half-close must still be answered.
            connection.sendall(request(turn))
            connection.shutdown(socket.SHUT_WR)
            wrong += not read(file, turn)
            wrong += file.read() != b''
    drill.progress(f'{rounds * 101} pipelined requests, {wrong} wrong')
    for turn in range(rounds * 100):
        connection = socket.create_connection(('127.0.0.1', server.plain), 10)
        whole = request(turn)
        connection.sendall(whole[:1 + turn * 37 % len(whole)])
        if turn % 2:
            # Abort with RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        connection.close()
    after = traffic.run(server.plain, [case], connections=8, seconds=1)
    # The server waits ten seconds for headers and bodies that never end.
    gone = time.monotonic()
    while server.descriptors() > before + 1 and time.monotonic() - gone < 13:
        time.sleep(0.2)
    gone, left = time.monotonic() - gone, server.descriptors() - before
    status = server.end()
    drill.check(not wrong, 'pipelined or half-closed requests went wrong')
    drill.check(not after['wrong'], f'wrong afterwards: {after["samples"]}')
    drill.check(left <= 1, f'{left} descriptors were left open')
    drill.check(status == 0, f'exit status {status}')
    return (f'{rounds * 101} pipelined requests, {rounds} half-closed connections, {wrong} wrong; {rounds * 100} clients gone in the '
            f'middle, {max(left, 0)} descriptors left after {gone:.1f} s; then {after["answered"]} reviews, {after["wrong"]} wrong')
