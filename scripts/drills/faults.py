"""Drills with faults of the environment: signals, descriptors, a full disk."""
import asyncio, json, os, resource, signal, socket, ssl, subprocess, time

from . import traffic
from .pressure import ITEMS, MODERN, quick_reviews, slow_reviews
from .server import CLASSIC, install_pair, make_pair, write


async def storm(drill):
    """Sends SIGHUP repeatedly under load, and scrapes the monitoring listener."""
    server = drill.server(monitoring=True)
    cases = traffic.mixed(server.plain)
    traffic.run(server.plain, cases, connections=8, seconds=1)
    before = server.resident()
    load = traffic.Load(server.plain, cases, connections=8, seconds=drill.seconds(12))
    signals, scrapes, slowest, unequal = 0, 0, 0, 0
    end = time.monotonic() + drill.seconds(12)
    while time.monotonic() < end:
        for _ in range(10):
            server.process.send_signal(signal.SIGHUP)
            signals += 1
            # The same bytes again change the file but not the configuration.
            write(f'{drill.folder}/config', CLASSIC.format(image='one') + '#\n' * (signals % 2))
            await asyncio.sleep(0.004)
        start = time.monotonic()
        status, text = await asyncio.to_thread(server.get, '/metrics', server.monitoring)
        slowest = max(slowest, time.monotonic() - start)
        scrapes += 1
        unequal += status != 200 or traffic.total(text, 'sidecar_injection_requests_total') != sum(
            traffic.total(text, f'sidecar_injection_{n}_total') for n in ('success', 'skip', 'failure'))
        if scrapes % 20 == 0:
            drill.progress(f'{signals} signals, {scrapes} scrapes')
    result = load.finish()
    reloads = traffic.total(text, 'sidecar_injection_config_reloads_total')
    after = server.resident()
    status = server.end()
    drill.check(not result['wrong'], f'wrong: {result["samples"][:3]}')
    drill.check(not unequal and slowest < 1, f'{unequal} scrapes in which the counts of requests do not add up, slowest {slowest:.1f} s')
    drill.check(reloads > signals / 50, f'only {reloads:.0f} reloads')
    drill.check(status == 0, f'exit status {status}')
    return (f'{signals} signals, {reloads:.0f} reloads, {scrapes} scrapes (slowest {slowest * 1e3:.0f} ms) beside {result["answered"]} '
            f'requests, {result["wrong"]} wrong; {before >> 10} to {after >> 10} MiB')


async def term(drill):
    """Ends the server under load: it must answer every accepted request, also slow ones after it stopped listening."""
    rounds, answered, wrong, samples, statuses, slowest = 12 if drill.is_long else 3, 0, 0, [], [], 0
    for turn in range(rounds):
        server = drill.server('--shutdown-delay', '800ms', config=MODERN % (ITEMS, ITEMS))
        quick, slow = quick_reviews(server.plain), slow_reviews(server.plain)
        load = traffic.Load(server.plain, [quick], connections=16, seconds=20, window=100)
        # These continue until the server stops listening.
        last = traffic.Load(server.plain, [slow], connections=4, seconds=20, until_refused=True, window=100)
        time.sleep(0.3 + turn * 0.01)
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        ready = server.get('/readyz')[0]
        time.sleep(0.2)
        results = [load.end(), last.finish()]
        statuses.append(server.end())
        slowest = max(slowest, time.monotonic() - start)
        drill.check(ready == 503, f'/readyz says {ready} after SIGTERM')
        drill.check(results[1]['refused'], 'the slow ones ended before the server did')
        answered, wrong = answered + sum(r['answered'] for r in results), wrong + sum(r['wrong'] for r in results)
        samples += results[0]['samples'] + results[1]['samples']
        drill.progress(f'{turn + 1} ends, {answered} requests, {wrong} lost')
    drill.check(not wrong, f'lost: {samples[:3]}')
    drill.check(answered > rounds * 300, 'too little load to say anything')
    drill.check(statuses == [0] * rounds, f'exit statuses {statuses}')
    drill.check(slowest < 6, f'an end took {slowest:.1f} s')
    return f'{rounds} ends under load, {answered} requests, {wrong} lost, exit statuses {sorted(set(statuses))}, slowest end {slowest:.1f} s'


async def descriptors(drill):
    """Uses all connections of three listeners, then all descriptors. Open connections must still be served, and
    afterwards new ones too."""
    make_pair(drill.folder, 'one')
    install_pair(drill.folder, 'one')
    limit = 256
    server = drill.server(tls=True, monitoring=True, files=limit)
    pid, case = server.process.pid, traffic.reviews(server.plain)
    own = socket.create_connection(('127.0.0.1', server.plain), 10)

    def is_answered(number):
        """Uses the connection that was opened before."""
        own.sendall(case.bytes().replace(traffic.NUMBER.encode(), b'%012d' % number).replace(traffic.VARIATION.encode(), b'%05d' % (number % 5000)))
        want, got = case.answers['right'][1].replace(traffic.NUMBER, f'{number:012d}').encode(), b''
        while not got.endswith(want):
            part = own.recv(65536)
            if not part:
                return False
            got += part
        return got.startswith(b'HTTP/1.1 200 ')

    wrong, held = not is_answered(1), []
    for port in (server.plain, server.port, server.monitoring):
        for _ in range(250):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(('127.0.0.1', port))
            held.append(connection)
    time.sleep(1)
    used, started = server.descriptors(), server.processor_seconds()
    time.sleep(2)
    busy = (server.processor_seconds() - started) / 2
    # Now no file can be opened, so a new configuration is refused.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used - 1, limit))
    write(f'{drill.folder}/config', CLASSIC.format(image='two'))
    for number in range(2, 500):
        wrong += not is_answered(number)
        time.sleep(0.005)
    refused = 'Too many open files' in server.said()
    drill.progress(f'{used} of {limit} descriptors used, {busy:.0%} of a processor, new state refused: {refused}')
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))
    for connection in held:
        connection.close()
    back, is_loaded = time.monotonic(), False
    while not is_loaded and time.monotonic() - back < 15:
        time.sleep(0.1)
        status, text = traffic.ask(server.plain, case, 600)
        is_loaded = 'registry.example.com/proxy:two' in traffic.images(traffic.patched(json.loads(text), 'u%012d' % 600))
    back = time.monotonic() - back
    after = traffic.run(server.plain, [traffic.reviews(server.plain, image='two')], connections=8, seconds=drill.seconds(3), reopen=10)
    shown = ssl.create_default_context(cafile=f'{drill.folder}/one.crt')
    with socket.create_connection(('127.0.0.1', server.port), 5) as raw, shown.wrap_socket(raw, server_hostname='localhost') as secured:
        version = secured.version()
    scraped = server.get('/metrics', server.monitoring)[0]
    left = server.descriptors()
    status = server.end()
    drill.check(limit - 80 <= used < limit, f'{used} of {limit} descriptors were used')
    drill.check(not wrong, f'{wrong} requests on the open connection went wrong')
    drill.check(busy < 0.1, f'with nothing to do it uses {busy:.0%} of a processor')
    drill.check(refused, 'that no file could be opened is not in the log')
    drill.check(is_loaded, 'the configuration of that time was not loaded afterwards')
    drill.check(not after['wrong'] and scraped == 200, f'wrong afterwards: {after["samples"][:3]}, scrape {scraped}')
    drill.check(left < 64, f'{left} descriptors are left')
    drill.check(status == 0, f'exit status {status}')
    return (f'{used} of {limit} descriptors used by {len(held)} clients and {busy:.0%} of a processor, then none left: 499 reviews on an '
            f'open connection, {wrong} wrong, new state refused; back: that state after {back:.1f} s, {after["answered"]} reviews, '
            f'{after["wrong"]} wrong, {version}, {left} descriptors')


async def disk(drill):
    """Puts the health file on a full file system: the server logs it and continues, and recovers when there is space."""
    if os.geteuid():
        drill.skip('mounting a file system needs root')
    full = f'{drill.folder}/full'
    os.mkdir(full)
    # One inode for the folder, one for the file that fills it.
    mount = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4k,nr_inodes=2', 'pillion-drill', full], capture_output=True, text=True)
    if mount.returncode:
        drill.skip(f'mounting a file system is not allowed here: {mount.stderr.strip()}')
    try:
        open(f'{full}/filler', 'w').close()
        server = drill.server('--healthCheckFile', f'{full}/health', '--healthCheckInterval', '100ms', log='info')
        case = traffic.reviews(server.plain)
        load = traffic.run(server.plain, [case], connections=4, seconds=drill.seconds(3))
        ready, missing = server.get('/readyz')[0], not os.path.exists(f'{full}/health')
        said = [line for line in server.said().splitlines() if 'No space left' in line]
        os.unlink(f'{full}/filler')
        time.sleep(1)
        probe = subprocess.run([drill.options.pillion, 'probe', f'--probe-path={full}/health', '--interval=1s'], capture_output=True, text=True)
        back = os.path.exists(f'{full}/health')
        status = server.end()
        removed = not os.path.exists(f'{full}/health')
    finally:
        subprocess.run(['umount', full], check=True)
    drill.check(missing, 'the health file was written, so the disk was not full')
    drill.check(not load['wrong'] and ready == 200, f'ready: {ready}, wrong: {load["samples"][:3]}')
    drill.check(len(said) == 1, f'{len(said)} lines of the log report it, expected one')
    drill.check(back and probe.returncode == 0, f'with room again: file {back}, probe {probe.returncode} {probe.stderr}')
    drill.check(removed and status == 0, f'exit status {status}, file removed: {removed}')
    return (f'no room: {load["answered"]} reviews, {load["wrong"]} wrong, ready {ready}, log: {len(said)} line; with room again the file '
            f'is back, probe {probe.returncode}, exit status {status}')
