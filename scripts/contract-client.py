#!/usr/bin/env python3
"""Generates a Python client from a server's OpenAPI document and calls every operation with it.

    scripts/contract-client.py QUESTIONS MONITORING     the base URLs of the two listeners

Needs openapi-python-client (PyPI). An operation that the generator leaves out, an answer with a status that the
document does not list, or one without success ends it with status 1.
"""
import importlib
import json
import pkgutil
import subprocess
import sys
import tempfile
import urllib.request

questions, monitoring = sys.argv[1:3]
document = json.load(urllib.request.urlopen(questions + '/openapi.json'))
folder = tempfile.mkdtemp()
with open(folder + '/openapi.json', 'w') as file:
    json.dump(document, file)
subprocess.run(
    ['openapi-python-client', 'generate', '--path', folder + '/openapi.json', '--output-path', folder + '/generated',
     '--meta', 'none'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
sys.path.insert(0, folder)
import generated.api  # noqa: E402
from generated import Client  # noqa: E402

POD = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a', 'namespace': 'shop'},
       'spec': {'containers': [{'name': 'a', 'image': 'a'}]}}
REVIEW = {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview',
          'request': {'uid': 'u', 'operation': 'CREATE', 'namespace': 'shop',
                      'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'object': POD}}
BODIES = {'/decide': {'object': POD, 'namespace': 'shop'}, '/render': {'template': '{{.a}}', 'data': {'a': 1}},
          '/inject': REVIEW, '/inject/{pairs}': REVIEW}


class Body:
    """A body as the generated models have it."""
    def __init__(self, value):
        self.value = value

    def to_dict(self):
        return self.value


operations = {(method, path): operation for path, item in document['paths'].items()
              for method, operation in item.items() if method in ('get', 'post', 'put', 'delete')}
modules = {}
for package in pkgutil.iter_modules(generated.api.__path__, 'generated.api.'):
    for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__, package.name + '.'):
        modules[module.name.rsplit('.', 1)[1].replace('_', '')] = importlib.import_module(module.name)
failures = 0
for (method, path), operation in sorted(operations.items()):
    module = modules.get(operation['operationId'].replace('_', '').lower())
    if module is None:
        print(f'contract-client: {method} {path}: the generated client has no operation {operation["operationId"]}',
              file=sys.stderr)
        failures += 1
        continue
    tags = operation.get('tags') or []
    client = Client(base_url=monitoring if 'monitoring' in tags or 'health' in tags else questions)
    arguments = {'client': client}
    if path in BODIES:
        typed = module.sync_detailed.__annotations__.get('body')
        arguments['body'] = BODIES[path] if 'Any' in str(typed) else Body(BODIES[path])
    if '{pairs}' in path:
        arguments['pairs'] = 'cluster'
    keywords = {name: value for name, value in arguments.items() if name != 'client'}
    request = module._get_kwargs(**keywords)
    if isinstance(request.get('json'), Body):
        request['json'] = request['json'].value
    response = client.get_httpx_client().request(**request)
    if str(response.status_code) not in operation['responses'] or response.status_code >= 300:
        print(f'contract-client: {method} {path}: status {response.status_code}: {response.text[:200]}', file=sys.stderr)
        failures += 1
print(f'contract-client: {len(operations)} operations, {failures} failures')
sys.exit(1 if failures else 0)
