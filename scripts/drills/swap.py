"""The drill in which configuration and certificate change under mixed load over TLS. Every answer must come from a
version that was current during its request."""
import asyncio, json, ssl, time

from . import traffic
from .server import CLASSIC, Server, install_pair, make_pair, write

EVERY = 0.2
# The time from a file's replacement until every answer must use it: 100 ms in which the server collects the changes of
# one update, and the time to read and compile on a busy machine.
NOTICED = 1.0
PAIRS = 12
BAD = ['', 'policy: [\n', 'policy: enabled\ntemplate: "{{ .Nothing"\n', 'policy: enabled\ntemplate: "{{ nothing }}"\n']


class States:
    """Which versions are current when: each good one from its writing until a later good one must be in use."""

    def __init__(self):
        self.written = [(float('-inf'), 's0')]

    def add(self, name):
        self.written.append((time.monotonic(), name))

    def current(self, start, end):
        """The versions that may answer a request from `start` to `end`."""
        names = set()
        for index, (at, name) in enumerate(self.written):
            replaced = self.written[index + 1][0] + NOTICED if index + 1 < len(self.written) else float('inf')
            if at <= end and replaced >= start:
                names.add(name)
        return names


class Client:
    """A keep-alive connection over TLS. It reconnects if the server closed it between two requests."""

    def __init__(self, port, certificates):
        self.port, self.certificates, self.reader = port, certificates, None
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE

    async def connect(self):
        start = time.monotonic()
        self.reader, self.writer = await asyncio.open_connection('127.0.0.1', self.port, ssl=self.context)
        shown = self.writer.get_extra_info('ssl_object').getpeercert(binary_form=True)
        if not any(f'c{n}'.encode() in shown for n in self.names(start)):
            raise ValueError('a certificate that was not current was shown')

    def names(self, start):
        return {name[1:] for name in self.certificates.current(start, time.monotonic())}

    def close(self):
        if self.reader:
            self.writer.close()
        self.reader = None

    async def ask(self, case, number):
        fresh = self.reader is None
        if fresh:
            await self.connect()
        mark, variation = b'%012d' % number, b'%05d' % (number % 5000)
        try:
            self.writer.write(case.bytes().replace(traffic.NUMBER.encode(), mark).replace(traffic.VARIATION.encode(), variation))
            await self.writer.drain()
            head = (await self.reader.readuntil(b'\r\n\r\n')).decode('latin-1').lower()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            self.close()
            if fresh:
                raise
            return await self.ask(case, number)
        body = await self.reader.readexactly(int(head.split('content-length:')[1].split('\r\n')[0]))
        if 'connection: close' in head:
            self.close()
        return int(head.split(' ', 2)[1]), body.decode()


def judge(case, number, status, text, states):
    """Whether an answer is right for the current versions."""
    uid = f'u{number:012d}'
    if case.name != 'review':
        expected, body = case.answers['right']
        return status == expected and text == body.replace(traffic.NUMBER, f'{number:012d}')
    found = traffic.images(traffic.patched(json.loads(text), uid))
    return status == 200 and len(found) == 2 and any(
        sorted(found) == [f'registry.example.com/init:{s}', f'registry.example.com/proxy:{s}'] for s in states)


async def swap(drill):
    seconds = drill.seconds(60)
    for n in range(PAIRS):
        make_pair(drill.folder, f'c{n:02d}')
    install_pair(drill.folder, 'c00')
    write(f'{drill.folder}/config', CLASSIC.format(image='s0'))
    server = drill.server('--enableInlineTemplates', '--allow-unauthenticated', tls=True, monitoring=True)
    cases = [traffic.Case('review', '/inject?timeout=10s', traffic.review(), {}, 12),
             traffic.Case('review', '/inject?timeout=10s', traffic.review(version='v1beta1'), {}, 4)]
    cases += traffic.mixed(server.plain, image='s0')[1:]
    turns = [case for case in cases for _ in range(case.weight)]
    states, certificates = States(), States()
    certificates.written[0] = (float('-inf'), 's00')
    good, bad, scrapes, seen = 0, [], [], set()
    ending = asyncio.Event()

    async def load(index):
        nonlocal good
        client, number = Client(server.port, certificates), index * 10_000_625
        while not ending.is_set():
            number += 1
            case, start = turns[number % len(turns)], time.monotonic()
            try:
                status, text = await asyncio.wait_for(client.ask(case, number), 10)
                current = states.current(start, time.monotonic())
                if judge(case, number, status, text, current):
                    good += 1
                    if case.name == 'review':
                        seen.add(traffic.images(traffic.patched(json.loads(text), f'u{number:012d}'))[0])
                else:
                    bad.append(f'{case.name} {status} {text[:160]} while {sorted(current)}')
            except Exception as error:
                bad.append(f'{case.name} {error!r}')
                client.close()
                await asyncio.sleep(0.01)
            if number % 40 == 0:
                client.close()
        client.close()

    async def scrape():
        while not ending.is_set():
            scrapes.append(await asyncio.to_thread(server.get, '/metrics', server.monitoring))
            await asyncio.sleep(0.25)

    tasks = [asyncio.create_task(load(i)) for i in range(8)] + [asyncio.create_task(scrape())]
    end, state, refused = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        state += 1
        if state % 5 == 0:
            refused += 1
            write(f'{drill.folder}/config', BAD[refused % len(BAD)])
            write(f'{drill.folder}/tls.crt', 'nonsense' if refused % 2 else open(f'{drill.folder}/c01.crt').read())
        else:
            states.add(f's{state}')
            certificates.add(f's{state % PAIRS:02d}')
            write(f'{drill.folder}/config', CLASSIC.format(image=f's{state}'))
            install_pair(drill.folder, f'c{state % PAIRS:02d}')
        if state % 25 == 0:
            drill.progress(f'{state} states, {good} answers, {len(bad)} wrong')
        await asyncio.sleep(EVERY)
    ending.set()
    await asyncio.gather(*tasks)
    texts = [text for status, text in scrapes if status == 200]
    unequal = sum(traffic.total(t, 'sidecar_injection_requests_total') != sum(
        traffic.total(t, f'sidecar_injection_{n}_total') for n in ('success', 'skip', 'failure')) for t in texts)
    reloads = traffic.total(texts[-1], 'sidecar_injection_config_reloads_total')
    status = server.end()
    drill.check(not bad, f'wrong answers: {bad[:3]}')
    drill.check(good > 100 * seconds, 'too little load to say anything')
    drill.check(len(seen) > state / 3, f'only {len(seen)} states were ever seen in an answer')
    drill.check('configuration refused' in server.said() and 'certificate refused' in server.said(), 'bad states are not in the log')
    drill.check(len(texts) == len(scrapes) and not unequal, f'{unequal} scrapes in which the counts of requests do not add up')
    drill.check(status == 0, f'exit status {status}')
    return (f'{state} states, {refused} of them bad, in {seconds:.0f} s; {good} answers over TLS, {len(bad)} wrong; '
            f'{len(seen)} states seen in answers, {reloads:.0f} reloads; {len(scrapes)} scrapes')
