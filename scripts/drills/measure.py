#!/usr/bin/env python3
"""Measures the server over HTTP with the load generator of the drills, and prints a line for each configuration.

  measure.py BINARY INPUTS

INPUTS is the folder that scripts/bench-inputs prints. `seen` are pods of one ReplicaSet; `unseen` are pods of a
different ReplicaSet each. The figure is the server's CPU time per request, the least of three runs of two seconds.
Every answer is compared with the first, byte for byte.
"""
import json, os, sys, tempfile
from drills import traffic
from drills.server import Server


def case(review, unseen):
    """The review with marks that the load generator fills in."""
    body = json.loads(json.dumps(review))
    request = body['request']
    request['uid'] = 'u' + traffic.NUMBER
    labels = request['object']['metadata'].setdefault('labels', {})
    labels['pod-template-hash'] = traffic.VARIATION if unseen else '00007'
    return traffic.Case('review', '/inject', body, {})


def check(status, text, uid):
    """Checks that the review is allowed, with a patch unless the configuration injects only pods that request it."""
    response = json.loads(text)['response']
    assert status == 200 and response['uid'] == uid and response['allowed'] is True, text


def microseconds(server, review, unseen):
    load = traffic.learned(server.plain, case(review, unseen), check)
    figures = []
    for _ in range(3):
        before = server.processor_seconds()
        result = traffic.run(server.plain, [load], connections=8, seconds=2, variations=99_991)
        used = server.processor_seconds() - before
        if result['wrong'] or not result['answered']:
            sys.exit(f'measure: {result["wrong"]} of {result["answered"]} answers differ from the first')
        figures.append(used / result['answered'] * 1e6)
    return min(figures)


binary, inputs = sys.argv[1:]
review = json.load(open(f'{inputs}/review-v1.json'))
print('| configuration | seen, µs of CPU | unseen, µs of CPU |\n| --- | ---: | ---: |')
for name in sorted(os.listdir(inputs)):
    if not name.startswith('config-'):
        continue
    folder = f'{inputs}/{name}'
    with tempfile.TemporaryDirectory() as work:
        server = Server(binary, work, '--injectValues', f'{folder}/values.yaml', '--meshConfig', f'{folder}/mesh.yaml',
                        config=open(f'{folder}/inject-config.yaml').read())
        try:
            row = [microseconds(server, review, unseen) for unseen in (False, True)]
        finally:
            server.end()
    print(f'| {name.removeprefix("config-")} | {row[0]:.1f} | {row[1]:.1f} |', flush=True)
