#!/usr/bin/env python3
"""Generates a Python client from a server's OpenAPI document and calls every operation with it.

    scripts/contract-client.py QUESTIONS MONITORING     the base URLs of the two listeners

Needs openapi-python-client (PyPI). Ends with status 1 if the generator leaves an operation out, if the client has no
call for one, or if an answer has a status that the document does not list, is not a success, or is JSON that the
client cannot read.
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
generated = subprocess.run(
    ['openapi-python-client', 'generate', '--path', folder + '/openapi.json', '--output-path', folder + '/generated',
     '--meta', 'none'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
if generated.returncode:
    sys.exit(f'contract-client: the generator ends with {generated.returncode}:\n{generated.stdout}')
sys.path.insert(0, folder)
import generated.api  # noqa: E402
from generated import Client, models  # noqa: E402

POD = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'a', 'namespace': 'shop'},
       'spec': {'containers': [{'name': 'a', 'image': 'a'}]}}
REVIEW = {'apiVersion': 'admission.k8s.io/v1', 'kind': 'AdmissionReview',
          'request': {'uid': 'u', 'operation': 'CREATE', 'namespace': 'shop',
                      'kind': {'group': '', 'version': 'v1', 'kind': 'Pod'}, 'object': POD}}
# The arguments of each operation's call, besides the client, by its path.
ARGUMENTS = {
    '/decide': lambda: {'body': models.DecideQuestion.from_dict({'object': POD, 'namespace': 'shop'})},
    '/render': lambda: {'body': models.RenderOfTemplate.from_dict({'template': '{{.a}}', 'data': {'a': 1}})},
    '/scan': lambda: {'body': models.ListOfPods.from_dict({'apiVersion': 'v1', 'kind': 'PodList', 'items': [POD]})},
    '/inject': lambda: {'body': REVIEW},
    '/inject/{pairs}': lambda: {'body': REVIEW, 'pairs': 'cluster'},
    '/page/{file}': lambda: {'file': models.PageFileFile('icon.svg')},
}
METHODS = ('get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace')


def call(operation, path):
    """The problem with the client's call of an operation; None without one."""
    module = modules.get(operation['operationId'].replace('_', '').lower())
    if module is None:
        return f'the generated client has no operation {operation["operationId"]}'
    isMonitoring = {'monitoring', 'health'} & set(operation.get('tags') or [])
    client = Client(base_url=monitoring if isMonitoring else questions)
    answer = module.sync_detailed(client=client, **ARGUMENTS.get(path, dict)())
    if str(int(answer.status_code)) not in operation['responses'] or answer.status_code >= 300:
        return f'status {answer.status_code}: {answer.content[:200]}'
    if answer.headers['Content-Type'].startswith('application/json') and answer.parsed is None:
        return f'the client reads nothing of {answer.content[:200]}'
    return None


operations = [(method, path, item[method]) for path, item in sorted(document['paths'].items())
              for method in METHODS if method in item]
modules = {}
failures = []
for package in pkgutil.iter_modules(generated.api.__path__, 'generated.api.'):
    for module in pkgutil.iter_modules(importlib.import_module(package.name).__path__, package.name + '.'):
        try:
            modules[module.name.rsplit('.', 1)[1].replace('_', '')] = importlib.import_module(module.name)
        except Exception as error:
            failures.append(f'{module.name}: {error}')
for method, path, operation in operations:
    try:
        problem = call(operation, path)
    except Exception as error:
        problem = f'{type(error).__name__}: {error}'[:400]
    if problem:
        failures.append(f'{method.upper()} {path}: {problem}')
for failure in failures:
    print(f'contract-client: {failure}', file=sys.stderr)
print(f'contract-client: {len(operations)} operations called, {len(failures)} failures')
sys.exit(1 if failures or not operations else 0)
