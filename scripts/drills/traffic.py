"""Requests and their right answers, for the load generator load.c, which compares every answer byte for byte."""
import base64, json, os, re, signal, subprocess, tempfile

NUMBER, VARIATION = '@' * 12, '~' * 5


def review(pod=None, uid='u' + NUMBER, namespace='default', operation='CREATE', version='v1', kind='Pod'):
    """An AdmissionReview. Each variation is the pod of another ReplicaSet, so that caches fill."""
    if pod is None:
        pod = make_pod()
    request = {'uid': uid, 'kind': {'group': '', 'version': 'v1', 'kind': kind}, 'namespace': namespace, 'operation': operation,
               'object': pod}
    return {'apiVersion': f'admission.k8s.io/{version}', 'kind': 'AdmissionReview', 'request': request}


def make_pod(name=f'p{VARIATION}-', annotations=None, labels=None):
    return {'apiVersion': 'v1', 'kind': 'Pod',
            'metadata': {'generateName': name, 'labels': {'app': 'shop', 'shard': VARIATION, **(labels or {})},
                         'annotations': annotations or {}},
            'spec': {'containers': [{'name': 'c', 'image': 'i', 'ports': [{'containerPort': 8080}]}]}}


def patched(answer, uid):
    """The operations of an answer with a patch. Raises for any other answer."""
    response = answer['response']
    assert answer['kind'] == 'AdmissionReview' and response['uid'] == uid, answer
    assert response['allowed'] is True and response['patchType'] == 'JSONPatch', answer
    return json.loads(base64.b64decode(response['patch']))


def images(operations):
    """Every image that a patch adds."""
    found = []

    def walk(value):
        if isinstance(value, dict):
            if isinstance(value.get('image'), str):
                found.append(value['image'])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk([o.get('value') for o in operations])
    return found


class Case:
    """A request and its right answers: pairs of status and text, by name."""

    def __init__(self, name, path, body, answers, weight=1, type='application/json', method='POST'):
        self.name, self.path, self.weight, self.type, self.method = name, path, weight, type, method
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b''
        self.answers = answers

    def bytes(self):
        head = (f'{self.method} {self.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {self.type}\r\n'
                f'Content-Length: {len(self.body)}\r\n\r\n')
        return head.encode() + self.body

    def entry(self):
        request = self.bytes()
        entry = f'case {self.name} {self.weight} {len(request)} {len(self.answers)}\n'.encode() + request + b'\n'
        for name, (status, text) in self.answers.items():
            text = text if isinstance(text, bytes) else text.encode()
            entry += f'answer {name} {status} {len(text)}\n'.encode() + text + b'\n'
        return entry


def ask(port, case, number=7, timeout=30):
    """Sends one request, with the marks replaced as load.c does; returns status and text."""
    import http.client
    body = case.body.replace(NUMBER.encode(), b'%012d' % number).replace(VARIATION.encode(), b'%05d' % number)
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=timeout)
    try:
        connection.request(case.method, case.path, body, {'Content-Type': case.type})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def learned(port, case, check, number=900000000007):
    """Sends the request once, lets `check` verify the answer, and uses its bytes as the right answer."""
    status, text = ask(port, case, number)
    check(status, text, f'u{number:012d}')
    case.answers = {'right': (status, text.replace(f'{number:012d}', NUMBER)), **case.answers}
    return case


def reviews(port, image='one', weight=1, path='/inject?timeout=10s', name='review'):
    """Reviews whose answer is the patch of the configuration `image`."""
    def check(status, text, uid):
        found = images(patched(json.loads(text), uid))
        assert status == 200 and f'registry.example.com/proxy:{image}' in found, text
    return learned(port, Case(name, path, review(), {}, weight), check)


def skipped(port, weight=1):
    """Reviews of pods that decline injection."""
    def check(status, text, uid):
        response = json.loads(text)['response']
        assert status == 200 and response['allowed'] is True and response['uid'] == uid and 'patch' not in response, text
    body = review(make_pod(annotations={'sidecar.istio.io/inject': 'false'}))
    return learned(port, Case('skip', '/inject', body, {}, weight), check)


def broken(port, weight=1):
    """Reviews without an object, which are refused with a reason."""
    def check(status, text, uid):
        response = json.loads(text)['response']
        assert status == 200 and response['allowed'] is False and response['uid'] == uid and response['status']['message'], text
    body = review()
    body['request']['object'] = None
    return learned(port, Case('broken', '/inject', body, {}, weight), check)


def decisions(port, weight=1):
    def check(status, text, uid):
        assert status == 200 and json.loads(text)['inject'] is True, text
    return learned(port, Case('decide', '/decide', {'object': make_pod(name='p'), 'namespace': 'default'}, {}, weight), check)


def renderings(port, weight=1):
    body = {'template': 'n{{.n}} {{range .l}}<{{.}}>{{end}}', 'data': {'n': 'u' + NUMBER, 'l': [1, 2, 3]}}

    def check(status, text, uid):
        assert status == 200 and json.loads(text)['output'] == f'n{uid} <1><2><3>', text
    return learned(port, Case('render', '/render', body, {}, weight), check)


def mixed(port, image='one'):
    """The mix of requests of a cluster and of its users."""
    return [reviews(port, image, weight=12), skipped(port, 3), broken(port), decisions(port, 2), renderings(port, 2)]


class Load:
    """The load generator as a process. `windows` and `result` are its output."""
    program = None
    # The number of processes started so far. Each numbers its requests in its own range, so that no pod occurs twice.
    started = 0
    RANGE = 100_000_000

    def __init__(self, port, cases, **options):
        if Load.program is None:
            Load.build()
        self.cases = tempfile.NamedTemporaryFile(prefix='pillion-drill-')
        for case in cases:
            self.cases.write(case.entry())
        self.cases.flush()
        words = [Load.program, str(port), self.cases.name, '--first', str(Load.started * Load.RANGE)]
        Load.started += 1
        for name, value in options.items():
            words += [f'--{name.replace("_", "-")}'] + ([] if value is True else [str(value)])
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.windows, self.result = [], None

    @staticmethod
    def build():
        source = os.path.join(os.path.dirname(__file__), 'load.c')
        folder = tempfile.mkdtemp(prefix='pillion-drill-load-')
        Load.folder, Load.program = folder, folder + '/load'
        subprocess.run([os.environ.get('CC', 'cc'), '-O2', '-Wall', '-o', Load.program, source], check=True)

    def lines(self):
        """Yields each window when it ends."""
        for line in self.process.stdout:
            said = json.loads(line)
            if said.get('run'):
                self.result = said
            else:
                self.windows.append(said)
                yield said
        self.process.wait()

    def finish(self):
        """Waits for the end of the run; returns its result."""
        for _ in self.lines():
            pass
        if self.result is None:
            raise RuntimeError('the load generator ended without a result')
        return self.result

    def end(self):
        """Sends no further requests; pending ones are completed."""
        self.process.send_signal(signal.SIGINT)
        return self.finish()


def run(port, cases, **options):
    return Load(port, cases, **options).finish()


def total(text, name):
    """The sum of a series' samples in a scrape, over all labels."""
    return sum(float(v) for v in re.findall(rf'^{name}(?:\{{[^}}]*\}})? ([0-9.e+]+)$', text, re.M))
