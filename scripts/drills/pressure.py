"""More work than the machine can do, work that is slow, and work that never ends."""
import concurrent.futures, json

from . import traffic
from .crowds import quantiles

# A rendering of some 30 ms, which no allowance for quick ones covers.
HEAVY = {'engine': 'mustache', 'template': '{{#a}}{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}{{/a}}', 'data': {'a': list(range(22))}}

# Two templates of today's form; a pod chooses by annotation. The slow one counts to itself.
MODERN = '''policy: enabled
defaultTemplates: [quick]
templates:
  quick: |
    spec:
      containers:
      - name: proxy
        image: registry.example.com/proxy:one
  slow: |
    {{- range $a := splitList "," "%s" }}{{ range $b := splitList "," "%s" }}{{ $c := printf "%%s-%%s" $a $b }}{{ end }}{{ end }}
    spec:
      containers:
      - name: proxy
        image: registry.example.com/proxy:slow
'''
ITEMS = ','.join(str(n) for n in range(170))


def heavy(port, weight=1):
    def check(status, text, uid):
        assert status == 200 and json.loads(text)['output'] == 'x' * 22 ** 4, text[:200]
    return traffic.learned(port, traffic.Case('rendering', '/render', HEAVY, {}, weight), check)


def slow_reviews(port, weight=1):
    """Reviews of the slow template, no two of the same pod."""
    def check(status, text, uid):
        assert status == 200 and 'registry.example.com/proxy:slow' in traffic.images(traffic.patched(json.loads(text), uid)), text
    body = traffic.review(traffic.make_pod(annotations={'inject.istio.io/templates': 'slow', 'number': traffic.NUMBER}))
    return traffic.learned(port, traffic.Case('slow', '/inject?timeout=10s', body, {}, weight), check)


def quick_reviews(port, weight=1):
    """Reviews of the other one; every pod differs, so that none is answered from what was answered before."""
    def check(status, text, uid):
        assert status == 200 and 'registry.example.com/proxy:one' in traffic.images(traffic.patched(json.loads(text), uid)), text
    body = traffic.review(traffic.make_pod(annotations={'number': traffic.NUMBER}))
    return traffic.learned(port, traffic.Case('quick', '/inject?timeout=10s', body, {}, weight), check)


def also_shed(port, case, check):
    """Asks many times at once until one is shed, has `check` say whether that answer is well-formed, and takes its bytes
    as right besides."""
    with concurrent.futures.ThreadPoolExecutor(48) as pool:
        for turn in range(20):
            numbers = range(800_000_000_000 + turn * 48, 800_000_000_000 + turn * 48 + 48)
            for number, (status, text) in zip(numbers, pool.map(lambda n: traffic.ask(port, case, n), numbers)):
                if text != case.answers['right'][1].replace(traffic.NUMBER, f'{number:012d}'):
                    check(status, text, f'u{number:012d}')
                    case.answers['shed'] = (status, text.replace(f'{number:012d}', traffic.NUMBER))
                    return case
    raise AssertionError(f'{case.name} is never shed')


def shed_problem(status, text, uid):
    problem = json.loads(text)
    assert status == 503 and problem['status'] == 503 and problem['code'] == 'overloaded' and problem['detail'], text


def shed_verdict(status, text, uid):
    response = json.loads(text)['response']
    assert status == 200 and response['uid'] == uid and response['allowed'] is False, text
    assert response['status']['code'] == 503 and response['status']['message'], text


def offered(drill, server, case, quick, capacity):
    """Twice what the machine can do, or as much more as sheds two of five: it may have had other work while it was
    measured. What is asked here also fills caches, connections, and the threads' heaps."""
    rate = 2 * capacity
    for _ in range(6):
        drill.progress(f'{case.name}: {capacity:.0f} a second is what the machine can do, {rate:.0f} are asked')
        fill = traffic.Load(server.plain, [quick], connections=8, seconds=drill.seconds(6))
        done = traffic.run(server.plain, [case], connections=64, rate=rate, seconds=drill.seconds(6), timeout=10_000)
        fill.finish()
        if done['answers'][case.name]['shed'] >= 0.4 * done['answered']:
            break
        rate *= 1.4
    return rate


async def overload(drill):
    """First what the machine can do of each kind, then twice that, beside quick reviews."""
    server = drill.server(config=MODERN % (ITEMS, ITEMS))
    quick = quick_reviews(server.plain)
    said = []
    for case, check in ((heavy(server.plain), shed_problem), (slow_reviews(server.plain), shed_verdict)):
        done = traffic.run(server.plain, [case], connections=8, seconds=drill.seconds(6))
        capacity = done['answered'] / done['seconds']
        case = also_shed(server.plain, case, check)
        rate = offered(drill, server, case, quick, capacity)
        # Few connections, so that all have been used before memory is first looked at.
        flood = traffic.Load(server.plain, [case], connections=64, rate=rate, seconds=drill.seconds(24), timeout=10_000)
        beside = traffic.Load(server.plain, [quick], connections=8, rate=200, seconds=drill.seconds(23), timeout=10_000)
        memory = []
        for window in flood.lines():
            if window['answered']:
                memory.append(server.resident())
                drill.progress(f'{case.name}: {window["answered"]} a second, p99 {window["p99"] / 1e3:.0f} ms, {memory[-1] >> 10} MiB')
        result, others = flood.finish(), beside.finish()
        answers = result['answers'][case.name]
        third = len(memory) // 3
        growth = max(memory[third:]) / max(memory[:third + 1]) - 1
        drill.check(not result['wrong'] and not others['wrong'], f'wrong: {(result["samples"] + others["samples"])[:3]}')
        drill.check(answers['shed'] > 0.2 * result['answered'], f'{case.name}: hardly anything was shed: {answers}')
        drill.check(answers['right'] > 0.3 * capacity * result['seconds'], f'{case.name}: what is not shed comes to a halt: {answers}')
        slowest = result['slowest'][case.name]
        drill.check(slowest['shed'] < 1e6, f'{case.name}: an answer that is shed took {slowest["shed"] / 1e6:.1f} s')
        # Four may wait before one, each up to a second.
        drill.check(slowest['right'] < 5e6, f'{case.name}: an answer took {slowest["right"] / 1e6:.1f} s')
        drill.check(others['max'] < 2e6, f'a quick review took {others["max"] / 1e6:.1f} s')
        drill.check(growth < 0.05, f'{case.name}: memory grew by {growth:.1%}')
        said.append(f'{case.name} at {rate:.0f} a second: {answers["right"]} right, {answers["shed"]} shed, {result["wrong"]} wrong, slowest '
                    f'{slowest["right"] / 1e3:.0f} and {slowest["shed"] / 1e3:.0f} ms, memory {memory[third] >> 10} to {memory[-1] >> 10} MiB; beside {others["answered"]} '
                    f'quick reviews, {others["wrong"]} wrong, p99 {others["p99"] / 1e3:.1f} ms')
    status = server.end()
    drill.check(status == 0, f'exit status {status}')
    return '; '.join(said)


async def slow(drill):
    """Quick reviews alone and beside slow ones, in alternating windows."""
    server = drill.server(config=MODERN % (ITEMS, ITEMS))
    quick, slow = quick_reviews(server.plain), slow_reviews(server.plain)
    seconds = drill.seconds(4)
    # What one of each costs, in processor time: one connection, so that nothing waits for anything else.
    costs = []
    for case in (quick, slow):
        before = server.processor_seconds()
        result = traffic.run(server.plain, [case], connections=1, seconds=drill.seconds(3))
        costs.append((server.processor_seconds() - before) / result['answered'])
    alone, beside, slows = [], [], []
    for turn in range(7 if drill.is_long else 3):
        alone.append(traffic.run(server.plain, [quick], connections=8, rate=500, seconds=seconds))
        load = traffic.Load(server.plain, [slow], connections=1, seconds=seconds + 0.5, timeout=10_000)
        beside.append(traffic.run(server.plain, [quick], connections=8, rate=500, seconds=seconds))
        slows.append(load.finish())
        drill.progress(f'window {turn + 1}: p50 {alone[-1]["p50"] / 1e3:.2f} and {beside[-1]["p50"] / 1e3:.2f}, '
                       f'p99 {alone[-1]["p99"] / 1e3:.2f} and {beside[-1]["p99"] / 1e3:.2f} ms')
    # Many slow ones at once: each waits for others of its kind, none past its timeout.
    crowd = traffic.run(server.plain, [slow], connections=8, seconds=seconds, timeout=10_000)
    status = server.end()
    results = alone + beside + slows + [crowd]
    wrong = sum(r['wrong'] for r in results)
    p50, p99 = [(quantiles(alone, q), quantiles(beside, q)) for q in ('p50', 'p99')]
    drill.check(costs[1] > 100 * costs[0], f'the slow template is only {costs[1] / costs[0]:.0f} times slower')
    drill.check(not wrong, f'wrong: {[s for r in results for s in r["samples"]][:3]}')
    drill.check(p50[1] <= 1.25 * p50[0], 'the quick ones take longer')
    drill.check(p99[1] <= 2 * p99[0], 'the p99 of the quick ones more than doubles')
    drill.check(max(r['max'] for r in slows + [crowd]) < 9.5e6, 'a slow review was not answered in time')
    drill.check(status == 0, f'exit status {status}')
    return (f'{costs[0] * 1e6:.0f} and {costs[1] * 1e6:.0f} us a review, {costs[1] / costs[0]:.0f} times; medians of {len(alone)} windows: '
            f'quick p50 {p50[0]:.2f} alone, {p50[1]:.2f} beside, p99 {p99[0]:.2f} alone, {p99[1]:.2f} ms beside '
            f'{sum(r["answered"] for r in slows)} slow ones (slowest {max(r["max"] for r in slows) / 1e3:.0f} ms; eight at once '
            f'{crowd["max"] / 1e3:.0f} ms); {wrong} wrong')


async def flat(drill):
    """Resident memory from the 10,000th request to the last."""
    requests = 1_000_000 if drill.is_long else 100_000
    server = drill.server('--log-format', 'json', log='error')
    load = traffic.Load(server.plain, traffic.mixed(server.plain), connections=16, requests=requests, reopen=1_000, window=200)
    first, most = None, 0
    for count, window in enumerate(load.lines()):
        if window['total'] >= 10_000:
            first = first or server.resident()
            most = max(most, server.resident())
        if count % 50 == 0:
            drill.progress(f'{window["total"]} requests, {server.resident()} KiB')
    last = server.resident()
    result = load.finish()
    status = server.end()
    growth = last / first - 1
    drill.check(not result['wrong'], f'wrong: {result["samples"][:3]}')
    drill.check(result['answered'] == requests, f'{result["answered"]} of {requests} answered')
    drill.check(abs(growth) <= 0.05, f'memory changed by {growth:.1%}')
    drill.check(status == 0, f'exit status {status}')
    return (f'{result["answered"]} requests in {result["seconds"]:.0f} s ({result["answered"] / result["seconds"]:.0f} a second), '
            f'{result["wrong"]} wrong; {first} KiB after 10,000, {last} KiB at the end ({growth:+.1%}), {most} KiB at most')
