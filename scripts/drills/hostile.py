"""Requests that try to use up memory or time or to end the process, next to reviews that must not be affected."""
import json, socket, threading, time

from . import traffic
from .pressure import MODERN, ITEMS, quick_reviews

LARGE = 7 << 20
MEMORY = 256 << 10    # KiB
ADDRESS_SPACE = 3 << 29
ATTACKERS = 16


def post(path, body, type='application/json'):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f'POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\n\r\n'
    return head.encode() + body


def tags(count, rest):
    return ''.join(f'%TAG !{n}! x\n' for n in range(count)) + '---\n' + rest


def sprig(template, data=None):
    return post('/render', {'template': template, 'data': data or {}, 'functions': ['sprig']})


def attacks():
    """Pairs of name and request. The connection of an incomplete request is kept open for some time."""
    pod = traffic.review(traffic.make_pod(annotations={'proxy.istio.io/config': tags(9_000, 'concurrency: 2\n')}))
    big = traffic.review(traffic.make_pod(annotations={'big': 'x' * 6_500_000}))
    text = 'x' * 1_000_000
    return [
        ('directives', post('/render', tags(9_000, 'template: x\n').encode(), 'application/yaml')),
        ('directives in a review', post('/inject?timeout=5s', pod)),
        ('texts that are built', sprig('{{range .a}}{{range $.a}}{{$x := printf "%s" $.s}}{{end}}{{end}}', {'a': [1] * 900, 's': 'x' * 20_000})),
        ('lists that are kept', sprig('{{$d := dict}}{{range $i := until 2000}}{{$_ := set $d (toString $i) (until 90000)}}{{end}}')),
        ('texts that are kept', sprig('{{$l := list}}{{range $i := until 1000}}{{$l = append $l (repeat 1000000 (toString $i))}}{{end}}')),
        ('words', sprig('{{range .r}}{{$x := kebabcase $.s}}{{end}}', {'s': '<a_b ' * 100_000, 'r': [1] * 900})),
        ('equality', sprig('{{range .r}}{{$x := deepEqual $.d $.d}}{{end}}', {'d': {f'k{n}': 1 for n in range(60_000)}, 'r': [1] * 900})),
        ('large reviews', post('/inject?timeout=5s', big)),
        ('half a body', post('/inject', b'[' * LARGE)[:-10]),
        ('output that is not read', post('/render', {'template': '{{range .a}}{{$.s}}{{end}}', 'data': {'a': [1] * 9, 's': text}})),
        ('many values', post('/render', {'template': 'x', 'data': {'a': [{'': 0}] * 200_000}})),
        ('many values in YAML', post('/decide', b'object:\n' + b'  - {}\n' * 300_000, 'application/yaml')),
        ('many templates', post('/render', {'template': 'x', 'templates': {f'p{n}': 'x' for n in range(6_000)}})),
        ('many documents', post('/inject', b'\n---\n'.join([b'kind: Pod\nspec: {containers: [{name: x}]}'] * 4_000), 'application/yaml')),
    ]


class Attacker(threading.Thread):
    """Sends one attack after the other until the process is ended; reads some answers and leaves others unread."""

    def __init__(self, port, number, pool, end):
        super().__init__(daemon=True)
        self.port, self.number, self.pool, self.end, self.sent = port, number, pool, end, 0

    def run(self):
        while time.monotonic() < self.end:
            name, request = self.pool[(self.number * 5 + self.sent) % len(self.pool)]
            self.sent += 1
            try:
                with socket.create_connection(('127.0.0.1', self.port), timeout=4) as connection:
                    connection.sendall(request)
                    if name in ('half a body', 'output that is not read'):
                        time.sleep(1)
                        continue
                    answer = connection.recv(1 << 16)
                    if b' 503 ' in answer[:16]:
                        time.sleep(0.05)
            except OSError:
                time.sleep(0.02)


def attack(drill, server, what):
    quick = quick_reviews(server.plain)
    seconds = drill.seconds(30)
    end = time.monotonic() + seconds
    attackers = [Attacker(server.plain, n, attacks(), end) for n in range(ATTACKERS)]
    for attacker in attackers:
        attacker.start()
    result = traffic.run(server.plain, [quick], connections=4, rate=100, seconds=seconds, timeout=10_000)
    for attacker in attackers:
        attacker.join(10)
    alive, most = server.is_alive(), server.most_resident() if server.is_alive() else 0
    drill.check(alive, f'{what}: the server ended')
    drill.check(not result['wrong'], f'{what}: wrong: {result["samples"][:3]}')
    drill.check(result['p99'] <= 100e3, f'{what}: the p99 of reviews is {result["p99"] / 1e3:.0f} ms')
    drill.check(most <= MEMORY, f'{what}: {most >> 10} MiB of resident memory')
    status = server.end() if alive else 'none'
    drill.check(status == 0, f'{what}: exit status {status}')
    return (f'{what}: {sum(a.sent for a in attackers)} attacks, {result["answered"]} reviews, {result["wrong"]} wrong, p99 '
            f'{result["p99"] / 1e3:.1f} ms, {most >> 10} MiB at most')


async def hostile(drill):
    """Measures reviews next to attackers of every kind, and once more with little address space."""
    config = MODERN % (ITEMS, ITEMS)
    return '; '.join([
        attack(drill, drill.server(config=config), 'all memory'),
        attack(drill, drill.server(config=config, address_space=ADDRESS_SPACE), '1.5 GiB of address space'),
    ])
