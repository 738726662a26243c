"""The server of a drill: a process of the release binary, on free ports, with its own files."""
import os, resource, shutil, signal, socket, ssl, subprocess, time, urllib.request

# A small injection configuration in the classic form. `{image}` identifies a version of the configuration.
CLASSIC = '''policy: enabled
alwaysInjectSelector: []
neverInjectSelector: []
template: |
  initContainers:
  - name: init
    image: "registry.example.com/init:{image}"
    args: ["-p", "15001", "-b", "{{{{ includeInboundPorts .Spec.Containers }}}}"]
  containers:
  - name: proxy
    image: "registry.example.com/proxy:{image}"
    args:
    - --serviceCluster
    {{{{ if ne "" (index .ObjectMeta.Labels "app") -}}}}
    - "{{{{ index .ObjectMeta.Labels `app` }}}}"
    {{{{ else -}}}}
    - proxy
    {{{{ end -}}}}
    - --drainDuration
    - "{{{{ formatDuration .ProxyConfig.DrainDuration }}}}"
    env:
    - name: POD_NAME
      valueFrom: {{fieldRef: {{fieldPath: metadata.name}}}}
    volumeMounts:
    - {{name: envoy, mountPath: /etc/proxy}}
  volumes:
  - name: envoy
    emptyDir: {{medium: Memory}}
'''


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def write(path, text):
    """Replaces a file atomically."""
    with open(path + '.new', 'w') as f:
        f.write(text)
    os.rename(path + '.new', path)


def make_pair(folder, name):
    """Creates a key and its self-signed certificate, `NAME.key` and `NAME.crt`."""
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                    '-keyout', f'{folder}/{name}.key', '-out', f'{folder}/{name}.crt', '-subj', f'/CN={name}',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)


def install_pair(folder, name):
    """Copies a pair of key and certificate to where the server reads it."""
    for end in ('crt', 'key'):
        shutil.copy(f'{folder}/{name}.{end}', f'{folder}/tls.{end}.new')
        os.rename(f'{folder}/tls.{end}.new', f'{folder}/tls.{end}')


class Server:
    """A server that listens once this returns. `port` serves TLS if requested; `plain` is loopback, with monitoring."""

    def __init__(self, binary, folder, *flags, config=None, tls=False, monitoring=False, files=None, log='error', address_space=None):
        self.folder, self.plain = folder, free_port()
        self.port = free_port() if tls else -1
        self.monitoring = free_port() if monitoring else -1
        if not os.path.exists(f'{folder}/config'):
            write(f'{folder}/config', config or CLASSIC.format(image='one'))
        command = [binary, 'serve', '--injectConfig', f'{folder}/config', '--httpPort', str(self.plain), '--port', str(self.port),
                   '--monitoringPort', str(self.monitoring), '--log-level', log]
        if tls:
            command += ['--tlsCertFile', f'{folder}/tls.crt', '--tlsKeyFile', f'{folder}/tls.key']
        def limit():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
            if address_space:
                resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
        self.log = open(f'{folder}/log', 'wb')
        self.process = subprocess.Popen(command + list(flags), stderr=self.log, preexec_fn=limit)
        self.wait_until_ready()

    def wait_until_ready(self):
        for _ in range(500):
            try:
                if self.get('/readyz')[0] == 200:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError('the server does not start: ' + self.said())

    def get(self, path, port=None, timeout=5):
        """Sends a GET on a new connection; returns status and text."""
        try:
            with urllib.request.urlopen(f'http://127.0.0.1:{port or self.plain}{path}', timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def certificate(self):
        """The certificate that the server presents, as PEM."""
        return ssl.get_server_certificate(('127.0.0.1', self.port), timeout=5)

    def said(self):
        with open(f'{self.folder}/log', errors='replace') as log:
            return log.read()

    def _status(self, name):
        with open(f'/proc/{self.process.pid}/status') as status:
            for line in status:
                if line.startswith(name + ':'):
                    return int(line.split()[1])

    def resident(self):
        """Resident memory in KiB."""
        return self._status('VmRSS')

    def most_resident(self):
        """The most resident memory so far, in KiB."""
        return self._status('VmHWM')

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))

    def processor_seconds(self):
        with open(f'/proc/{self.process.pid}/stat') as stat:
            fields = stat.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        """Ends the server with SIGTERM, after 30 seconds with SIGKILL; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return 'none within 30 s'
