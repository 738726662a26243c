"""Drills with too much work, slow work, and work that never ends."""
import concurrent.futures, json, statistics

from . import traffic
from .crowds import quantiles

# A rendering of about 30 ms, which exceeds the budget of connection threads.
HEAVY = {'engine': 'mustache', 'template': '{{#a}}{{#a}}{{#a}}{{#a}}x{{/a}}{{/a}}{{/a}}{{/a}}', 'data': {'a': list(range(22))}}

# Two templates of the modern form; a pod selects one by annotation. The slow one counts, with the number of the pod,
# so that its output is never cached.
MODERN = '''policy: enabled
defaultTemplates: [quick]
templates:
  quick: |
    spec:
      containers:
      - name: proxy
        image: registry.example.com/proxy:one
  slow: |
    {{- range $a := splitList "," "%s" }}{{ range $b := splitList "," "%s" }}{{ $c := printf "%%s-%%s-%%s" $a $b (index $.ObjectMeta.Annotations "number") }}{{ end }}{{ end }}
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
    """Reviews that use the slow template, each of another pod."""
    def check(status, text, uid):
        assert status == 200 and 'registry.example.com/proxy:slow' in traffic.images(traffic.patched(json.loads(text), uid)), text
    body = traffic.review(traffic.make_pod(annotations={'inject.istio.io/templates': 'slow', 'number': traffic.NUMBER}))
    return traffic.learned(port, traffic.Case('slow', '/inject?timeout=10s', body, {}, weight), check)


def quick_reviews(port, weight=1):
    """Reviews that use the quick template. Every pod differs, so that the answer cache never hits."""
    def check(status, text, uid):
        assert status == 200 and 'registry.example.com/proxy:one' in traffic.images(traffic.patched(json.loads(text), uid)), text
    body = traffic.review(traffic.make_pod(annotations={'number': traffic.NUMBER}))
    return traffic.learned(port, traffic.Case('quick', '/inject?timeout=10s', body, {}, weight), check)


def also_shed(port, case, check):
    """Sends many requests at once until one is rejected, lets `check` verify the rejection, and accepts its bytes as a
    second right answer."""
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


# Rounds before memory is measured, in which caches (4 MiB, partly filled by slow reviews only) and heaps fill.
WARMING = 6


def flooded(drill, server, case, quick, capacity):
    """Runs rounds of load at twice the throughput of the round before, because the throughput of a busy machine varies.
    Returns each round with the memory at its end."""
    done = capacity
    for turn in range(WARMING + 20):
        # The first rounds fill caches, connections and the threads' heaps.
        fill = traffic.Load(server.plain, [quick], connections=8, seconds=drill.seconds(3)) if turn < WARMING else None
        # Few connections, so that all are used before memory is first measured.
        result = traffic.run(server.plain, [case], connections=64, rate=2 * done, seconds=drill.seconds(2), timeout=10_000)
        if fill:
            fill.finish()
        answers, memory = result['answers'][case.name], server.resident()
        # If hardly anything was rejected, the machine can do more than estimated.
        done = max(answers['right'] / result['seconds'], done * 1.3 if answers['shed'] < 0.3 * result['answered'] else 0)
        drill.progress(f'{case.name}: {2 * done:.0f} a second asked, {answers["right"]} right, {answers["shed"]} shed, {memory >> 10} MiB')
        if turn >= WARMING:
            yield result, memory


async def overload(drill):
    """Measures the throughput of each kind, then sends twice as much, next to quick reviews."""
    server = drill.server(config=MODERN % (ITEMS, ITEMS))
    quick = quick_reviews(server.plain)
    said = []
    for case, check in ((heavy(server.plain), shed_problem), (slow_reviews(server.plain), shed_verdict)):
        done = traffic.run(server.plain, [case], connections=8, seconds=drill.seconds(6))
        case = also_shed(server.plain, case, check)
        beside = traffic.Load(server.plain, [quick], connections=8, rate=200, seconds=3600, timeout=10_000)
        stretches = list(flooded(drill, server, case, quick, done['answered'] / done['seconds']))
        others = beside.end()
        results, memory = [r for r, _ in stretches], [m for _, m in stretches]
        wrong = others['wrong'] + sum(r['wrong'] for r in results)
        right, shed = [sum(r['answers'][case.name][k] for r in results) for k in ('right', 'shed')]
        slowest = {k: max(r['slowest'][case.name][k] for r in results) / 1e3 for k in ('right', 'shed')}
        # Work in progress varies by about 3 MiB. The means of both halves show a trend.
        half = len(memory) // 2
        growth = statistics.mean(memory[half:]) / statistics.mean(memory[:half]) - 1
        drill.check(not wrong, f'wrong: {[s for r in results + [others] for s in r["samples"]][:3]}')
        drill.check(shed > 0.25 * (right + shed), f'{case.name}: hardly anything was shed: {right} right, {shed} shed')
        drill.check(slowest['shed'] < 1e3, f'{case.name}: an answer that is shed took {slowest["shed"]:.0f} ms')
        # Up to four can be queued ahead, each for up to a second.
        drill.check(slowest['right'] < 5e3, f'{case.name}: an answer took {slowest["right"]:.0f} ms')
        drill.check(others['max'] < 2e6, f'a quick review took {others["max"] / 1e6:.1f} s')
        drill.check(growth < 0.05, f'{case.name}: memory grew by {growth:.1%}')
        drill.check(max(memory) < 1.3 * min(memory), f'{case.name}: memory from {min(memory) >> 10} to {max(memory) >> 10} MiB')
        said.append(f'{case.name}: {right} right, {shed} shed, {wrong} wrong, slowest {slowest["right"]:.0f} and {slowest["shed"]:.0f} ms, '
                    f'memory {min(memory) >> 10} to {max(memory) >> 10} MiB, {growth:+.1%}; beside {others["answered"]} quick reviews, p99 '
                    f'{others["p99"] / 1e3:.1f} ms')
    status = server.end()
    drill.check(status == 0, f'exit status {status}')
    return '; '.join(said)


async def slow(drill):
    """Measures quick reviews alone and next to slow ones, in alternating windows."""
    server = drill.server(config=MODERN % (ITEMS, ITEMS))
    quick, slow = quick_reviews(server.plain), slow_reviews(server.plain)
    seconds = drill.seconds(4)
    # The CPU time of one of each. One connection, so that no request waits for another.
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
    # Many slow ones at once: each waits for others of its kind, but not past its timeout.
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
    """Compares resident memory from the 10,000th request to the last."""
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
