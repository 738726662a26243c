#!/usr/bin/env python3
"""Drills for the release binary, over real sockets. Prints a line each; exits 1 unless every one passes.

  drill.py [--pillion PATH] [--quick] [--only NAME]...

swap        mixed load over TLS while configuration and certificate are swapped every 200 ms, every fifth state bad
idle        2,000 idle connections and 200 that drip a header at a time, beside normal load
crowd       8,100 idle connections and more than the server takes
odd         pipelined requests, half-closed connections, clients that go away in the middle
overload    twice the work that the machine can do: what is shed is well-formed and in time, memory stays flat
slow        one template a hundred times slower than the rest: the others are as fast as before
storm       SIGHUP again and again under load, and scrapes of the monitoring listener
term        SIGTERM under load: no answer is lost, exit status 0
flat        1,000,000 reviews: resident memory from the 10,000th to the last
descriptors file descriptors exhausted, and back
disk        no room for the health file, and room again

Traffic goes to loopback only, to servers that the drill starts and ends itself. Needs Python 3, a C compiler and
openssl; the drill `disk` mounts a small file system and so needs root.
"""
import argparse, asyncio, os, resource, shutil, sys, tempfile, time, traceback

from drills import crowds, faults, pressure, swap, traffic
from drills.server import Server

DRILLS = [swap.swap, crowds.idle, crowds.crowd, crowds.odd, pressure.overload, pressure.slow, faults.storm, faults.term,
          pressure.flat, faults.descriptors, faults.disk]


class Skipped(Exception):
    """Why a drill cannot be held here."""


class Drill:
    """What a drill works with: a folder and servers of its own, and a place for what went wrong."""

    def __init__(self, name, folder, options):
        self.name, self.folder, self.options = name, folder, options
        self.is_long = not options.quick
        self.problems, self.servers = [], []

    def seconds(self, long):
        return long if self.is_long else max(1, long / 6)

    def server(self, *flags, **options):
        server = Server(self.options.pillion, self.folder, *flags, **options)
        self.servers.append(server)
        return server

    def check(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def progress(self, text):
        if sys.stderr.isatty():
            print(f'\r\033[K     {self.name}: {text}', end='', file=sys.stderr, flush=True)
        else:
            print(f'     {self.name}: {text}', file=sys.stderr, flush=True)

    def skip(self, reason):
        raise Skipped(reason)

    def close(self):
        for server in self.servers:
            if server.is_alive():
                server.process.kill()
                server.process.wait()
            server.log.close()


def hold(function, options):
    """pass, FAIL or skip, with what was seen."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix='pillion-drill-') as folder:
        drill = Drill(function.__name__, folder, options)
        try:
            said = asyncio.run(function(drill))
            verdict = 'FAIL' if drill.problems else 'pass'
        except Skipped as reason:
            verdict, said = 'skip', str(reason)
        except Exception as error:
            verdict, said = 'FAIL', f'{error!r}'
            traceback.print_exc()
        finally:
            drill.close()
    if sys.stderr.isatty():
        print('\r\033[K', end='', file=sys.stderr, flush=True)
    print(f'{verdict} {function.__name__} ({time.monotonic() - start:.0f} s): {said}', flush=True)
    for problem in drill.problems:
        print(f'     {problem}', flush=True)
    return verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pillion', default='.build/release/pillion')
    parser.add_argument('--quick', action='store_true', help='a sixth of the time, a tenth of the requests')
    parser.add_argument('--only', action='append', default=[], metavar='NAME')
    options = parser.parse_args()
    unknown = set(options.only) - {f.__name__ for f in DRILLS}
    if unknown:
        parser.error(f'there is no drill {", ".join(sorted(unknown))}')
    options.pillion = os.path.abspath(options.pillion)
    if not os.access(options.pillion, os.X_OK):
        parser.error(f'{options.pillion} cannot be run: want a release binary, `make build` makes one')
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, hard), hard))
    try:
        verdicts = [hold(f, options) for f in DRILLS if not options.only or f.__name__ in options.only]
    finally:
        if traffic.Load.program:
            shutil.rmtree(traffic.Load.folder)
    counts = ', '.join(f'{verdicts.count(v)} {v}' for v in ('pass', 'FAIL', 'skip') if v in verdicts)
    print(f'{counts} of {len(verdicts)} drills')
    return 1 if 'FAIL' in verdicts else 0


sys.exit(main())
