"""A server for one journey: `pillion ui` on a free port, or `pillion serve` with a listener beyond loopback."""
import os, re, select, signal, socket, subprocess, time


class Server:
    def __init__(self, pillion, *flags, verb='ui', stdin=None):
        words = [pillion, verb, *flags] + (['--open=false'] if verb == 'ui' else [])
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stream = self.process.stdout if verb == 'ui' else self.process.stderr
        pattern = rb'(http://\S+)\n' if verb == 'ui' else rb'"address":"(https://[^"]+)"'
        said, end = b'', time.monotonic() + 20
        while not (found := re.search(pattern, said)):
            ready, _, _ = select.select([stream], [], [], max(0, end - time.monotonic()))
            part = os.read(stream.fileno(), 65536) if ready else b''
            if not part:
                self.process.kill()
                raise RuntimeError(f'{" ".join(words)} gives no address: {said!r} {self.process.stderr.read()!r}')
            said += part
        self.address = found[1].decode().rstrip('/') + '/'

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
