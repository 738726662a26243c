#!/usr/bin/env python3
"""Drills for the release binary, over real sockets. Prints a line each; exits 1 unless every one passes.

  drill.py [--pillion PATH] [--seconds N] [--only NAME]...

swap      mixed load over TLS while configuration and certificate are swapped, every fifth state of both bad
idle      idle connections and clients that drip a byte at a time, beside normal load
overload  more work than the machine can do: what is shed is well-formed and in time, memory stays flat
slow      one template a hundred times slower than the rest: the others are as fast as before
term      SIGTERM under load: no answer is lost, exit status 0
flat      resident memory from the 10,000th request to the last
files     file descriptors exhausted, and back
"""
import argparse, asyncio, base64, json, os, resource, shutil, signal, socket, ssl, subprocess, sys, tempfile, time

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument('--pillion', default='.build/release/pillion')
ap.add_argument('--seconds', type=float, default=10)
ap.add_argument('--requests', type=int, default=100_000, help='of the drill flat')
ap.add_argument('--only', action='append', default=[])
options = ap.parse_args()

TEMPLATE = 'policy: enabled\nengine: mustache\ntemplate: |\n  containers:\n  - name: proxy\n    image: "{image}"\n'
BAD = 'policy: [\n'


def review(number, namespace='default'):
    # The pods of 5,000 ReplicaSets, so that caches are full when memory is first looked at.
    version = number % 5_000
    pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'generateName': f'p{version}-', 'labels': {'version': str(version)}},
           'spec': {'containers': [{'name': 'c', 'image': 'i'}]}}
    request = {'uid': f'u{number}', 'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'namespace': namespace,
               'operation': 'CREATE', 'object': pod}
    return json.dumps({'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview', 'request': request}).encode()


def is_injected(number, status, body):
    answer = json.loads(body)
    response = answer['response']
    patch = json.loads(base64.b64decode(response['patch']))
    return status == 200 and answer['kind'] == 'AdmissionReview' and response['uid'] == f'u{number}' \
        and response['allowed'] is True and len(patch) > 0


class Server:
    """A process of its own, on free ports."""

    def __init__(self, folder, *flags, tls=False, files=None):
        self.folder = folder
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.plain = s.getsockname()[1]
        config = f'{folder}/config'
        if not os.path.exists(config):
            write(config, TEMPLATE.replace('{image}', 'one'))
        command = [options.pillion, 'serve', '--injectConfig', config, '--monitoringPort', '-1', '--log-level', 'error',
                   '--httpPort', str(self.plain)]
        if tls:
            certificate(folder, 'one')
            command += ['--port', str(self.port), '--tlsCertFile', f'{folder}/tls.crt', '--tlsKeyFile', f'{folder}/tls.key']
        else:
            command += ['--port', '-1']
            self.port = self.plain
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))) if files else None
        self.log = open(f'{folder}/log', 'wb')
        self.process = subprocess.Popen(command + list(flags), stderr=self.log, preexec_fn=limit)
        for _ in range(200):
            try:
                with socket.create_connection(('127.0.0.1', self.plain), 0.2):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        sys.exit('does not start: ' + open(f'{folder}/log').read())

    def resident(self):
        for line in open(f'/proc/{self.process.pid}/status'):
            if line.startswith('VmRSS:'):
                return int(line.split()[1])

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def write(path, text):
    with open(path + '.new', 'w') as f:
        f.write(text)
    os.rename(path + '.new', path)


def certificate(folder, name):
    """Makes a pair once; its files are copied where the server reads."""
    if not os.path.exists(f'{folder}/{name}.crt'):
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.crt', '-days', '2', '-subj', f'/CN={name}',
                        '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    for end in ('crt', 'key'):
        shutil.copy(f'{folder}/{name}.{end}', f'{folder}/tls.{end}.new')
        os.rename(f'{folder}/tls.{end}.new', f'{folder}/tls.{end}')


class Client:
    """A keep-alive connection that opens itself again when the server has ended it between two requests."""

    def __init__(self, port, tls=False):
        self.port, self.reader = port, None
        self.context = None
        if tls:
            self.context = ssl.create_default_context()
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', self.port, ssl=self.context)

    def close(self):
        if self.reader:
            self.writer.close()
        self.reader = None

    async def post(self, path, body, type='application/json'):
        fresh = self.reader is None
        if fresh:
            await self.connect()
        head = f'POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {type}\r\nContent-Length: {len(body)}\r\n\r\n'
        try:
            self.writer.write(head.encode() + body)
            await self.writer.drain()
            header = (await self.reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            if fresh:
                raise
            return await self.post(path, body, type)
        status = int(header.split(' ', 2)[1])
        length = int(header.split('content-length:')[1].split('\r\n')[0])
        answer = await self.reader.readexactly(length)
        if 'connection: close' in header:
            self.close()
        return status, answer


class Load:
    """Reviews from several connections until it is told to end."""

    def __init__(self, port, tls=False, clients=8, body=review, check=is_injected, fresh_every=50):
        self.good, self.bad, self.times, self.ending = 0, [], [], False
        self.arguments = (port, tls, body, check, fresh_every)
        self.tasks = [asyncio.create_task(self.run(i)) for i in range(clients)]

    async def run(self, index):
        port, tls, body, check, fresh_every = self.arguments
        client, number = Client(port, tls), index * 10_000_625
        while not self.ending:
            number += 1
            start = time.monotonic()
            try:
                status, answer = await client.post('/inject?timeout=10s', body(number))
                if check(number, status, answer):
                    self.good += 1
                else:
                    self.bad.append(f'{status} {answer[:200]!r}')
            except Exception as error:
                if self.ending:
                    break
                self.bad.append(repr(error))
                client.close()
                await asyncio.sleep(0.01)
            self.times.append(time.monotonic() - start)
            if number % fresh_every == 0:
                client.close()
        client.close()

    async def end(self):
        self.ending = True
        await asyncio.gather(*self.tasks)

    def percentile(self, share):
        return sorted(self.times)[int(len(self.times) * share)] * 1e3 if self.times else 0


async def swap(folder):
    server = Server(folder, tls=True)
    certificate(folder, 'two')
    load = Load(server.port, tls=True)
    end, state = time.monotonic() + options.seconds, 0
    while time.monotonic() < end:
        state += 1
        name = 'one' if state % 2 else 'two'
        if state % 5 == 0:
            write(f'{folder}/config', BAD)
            write(f'{folder}/tls.crt', 'nonsense')
        else:
            write(f'{folder}/config', TEMPLATE.replace('{image}', name))
            certificate(folder, name)
        await asyncio.sleep(0.2)
    await load.end()
    status = server.end()
    log = open(f'{folder}/log').read()
    passed = not load.bad and load.good > 0 and status == 0 and 'refused' in log
    return passed, f'{state} states, {load.good} reviews, {len(load.bad)} wrong {load.bad[:2]}'


async def idle(folder):
    server = Server(folder)
    load = Load(server.port)
    await asyncio.sleep(options.seconds / 2)
    await load.end()
    alone = load.percentile(0.99)
    connections = [await asyncio.open_connection('127.0.0.1', server.port) for _ in range(2_000)]
    drips = [await asyncio.open_connection('127.0.0.1', server.port) for _ in range(200)]
    for _, writer in drips:
        writer.write(b'POST /inject HTTP/1.1\r\nHost: localhost\r\n')

    async def drip():
        while True:
            for _, writer in drips:
                writer.write(b'X: y\r\n')
            await asyncio.sleep(0.5)

    dripping = asyncio.create_task(drip())
    beside = Load(server.port)
    await asyncio.sleep(max(options.seconds / 2, 12))
    await beside.end()
    dripping.cancel()
    cut = sum(reader.at_eof() for reader, _ in drips)
    for _, writer in connections + drips:
        writer.close()
    status = server.end()
    crowded = beside.percentile(0.99)
    passed = not load.bad + beside.bad and crowded <= max(2 * alone, alone + 5) and cut == len(drips) and status == 0
    return passed, f'p99 {alone:.1f} ms alone, {crowded:.1f} ms beside; {cut} of {len(drips)} drips cut off'


SLOW = {'engine': 'mustache', 'template': '{{#a}}{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}{{/a}}', 'data': {'a': list(range(25))}}


async def renders(server, ending, seen, count):
    async def run():
        client = Client(server.plain)
        while not ending.is_set():
            try:
                status, answer = await client.post('/render', json.dumps(SLOW).encode())
                json.loads(answer)
                seen.append(status)
            except Exception as error:
                seen.append(repr(error))
                client.close()
    await asyncio.gather(*[run() for _ in range(count)])


async def overload(folder):
    server = Server(folder)
    ending, seen = asyncio.Event(), []
    work = asyncio.create_task(renders(server, ending, seen, 64))
    load = Load(server.port)
    await asyncio.sleep(options.seconds / 2)
    before = server.resident()
    await asyncio.sleep(options.seconds)
    await load.end()
    after = server.resident()
    ending.set()
    await work
    status = server.end()
    kinds = {s: seen.count(s) for s in set(seen)}
    passed = not load.bad and load.good > 0 and set(kinds) <= {200, 503, 504} and 503 in kinds and status == 0 \
        and max(load.times) < 2 and after < 1.5 * before
    return passed, (f'{load.good} reviews, {len(load.bad)} wrong {load.bad[:1]}, slowest {max(load.times) * 1e3:.0f} ms; '
                    f'renderings {kinds}; {before >> 10} to {after >> 10} MiB; exit status {status}')


async def slow(folder):
    server = Server(folder)
    load = Load(server.port, clients=4)
    await asyncio.sleep(options.seconds / 2)
    await load.end()
    ending, seen = asyncio.Event(), []
    work = asyncio.create_task(renders(server, ending, seen, 1))
    beside = Load(server.port, clients=4)
    await asyncio.sleep(options.seconds / 2)
    await beside.end()
    ending.set()
    await work
    status = server.end()
    passed = not load.bad + beside.bad and beside.percentile(0.5) < 3 * load.percentile(0.5) + 1 and status == 0
    return passed, f'median {load.percentile(0.5):.2f} ms alone, {beside.percentile(0.5):.2f} ms beside {len(seen)} slow renderings'


async def term(folder):
    server = Server(folder, '--shutdown-delay', '500ms')
    load = Load(server.port)
    await asyncio.sleep(1)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.4)
    load.ending = True
    await asyncio.gather(*load.tasks)
    status = server.process.wait(30)
    return not load.bad and load.good > 0 and status == 0, f'{load.good} reviews, {len(load.bad)} lost, exit status {status}'


async def flat(folder):
    server = Server(folder)
    load, first = Load(server.port, fresh_every=1_000), None
    while load.good + len(load.bad) < options.requests:
        await asyncio.sleep(0.2)
        if first is None and load.good >= 10_000:
            first = server.resident()
    last = server.resident()
    await load.end()
    status = server.end()
    passed = not load.bad and first and last <= 1.05 * first and status == 0
    return passed, f'{load.good} reviews, {first} KiB after 10,000, {last} KiB at the end'


async def files(folder):
    server = Server(folder, files=128)
    held = []
    for _ in range(200):
        try:
            held.append(socket.create_connection(('127.0.0.1', server.port), 0.2))
        except OSError:
            break
    await asyncio.sleep(1)
    for connection in held:
        connection.close()
    await asyncio.sleep(1)
    load = Load(server.port)
    await asyncio.sleep(1)
    await load.end()
    status = server.end()
    return not load.bad and load.good > 0 and status == 0, f'{len(held)} connections held, then {load.good} reviews, {load.bad[:1]}'


failed = False
resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
for drill in (swap, idle, overload, slow, term, flat, files):
    if options.only and drill.__name__ not in options.only:
        continue
    with tempfile.TemporaryDirectory() as folder:
        passed, said = asyncio.run(drill(folder))
    failed |= not passed
    print(f'{"pass" if passed else "FAIL"} {drill.__name__}: {said}', flush=True)
sys.exit(1 if failed else 0)
