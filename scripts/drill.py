#!/usr/bin/env python3
"""Runs drills against the release binary, over real sockets. Prints one line each; exits with 1 if one fails.

  drill.py [--pillion PATH] [--quick] [--only NAME]...

swap        mixed load over TLS while configuration and certificate are replaced every 200 ms, every fifth one bad
idle        2,000 idle connections and 200 that send one header at a time, next to normal load
crowd       8,100 idle connections, and more than the server accepts
odd         pipelined requests, half-closed connections, clients that disconnect in the middle
overload    twice the work that the machine can do: rejections are well-formed and in time, memory does not grow
slow        one template a hundred times slower than the rest, which must stay as fast as before
storm       repeated SIGHUP under load, and scrapes of the monitoring listener
term        SIGTERM under load: no response is lost, exit status 0
flat        1,000,000 reviews: resident memory does not grow from the 10,000th to the last
hostile     16 attackers of every kind next to reviews, which stay right and quick; the same in 1.5 GiB of address space
descriptors no file descriptors left, then recovery
disk        no space for the health file, then space again

Traffic stays on loopback, to servers that the drill starts and ends itself. Needs Python 3, a C compiler and openssl;
the drill `disk` mounts a small file system and needs root.
"""
import argparse, asyncio, os, resource, shutil, sys, tempfile, time, traceback

from drills import crowds, faults, hostile, pressure, swap, traffic
from drills.server import Server

DRILLS = [swap.swap, crowds.idle, crowds.crowd, crowds.odd, pressure.overload, pressure.slow, faults.storm, faults.term,
          pressure.flat, hostile.hostile, faults.descriptors, faults.disk]


class Skipped(Exception):
    """Why a drill cannot run here."""


class Drill:
    """The context of a drill: its folder, its servers, and the problems found."""

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
    """Returns pass, FAIL or skip, with the observations."""
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
        parser.error(f'{options.pillion} cannot be run: expected a release binary, `make build` makes one')
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
