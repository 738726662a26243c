"""Journeys of a person through the page, each a test in a new profile by input events. `run` returns the problems."""
import json, os, subprocess, tempfile, time, urllib.parse

from . import accessibility
from .browser import Problem
from .server import Server, free_port

POD = """apiVersion: v1
kind: Pod
metadata:
  name: cart  # sells
spec:
  hostNetwork: true
  containers:
  - name: cart
    image: registry.example.com/cart:1
"""

WEBHOOK = """apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: injector}
webhooks:
- name: inject.example.com
  namespaceSelector: {matchLabels: {mesh: 'on'}}
  rules:
  - {operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods]}
"""

PLAIN = POD.replace('  hostNetwork: true\n', '')

MANIFEST = 'Manifest, YAML or JSON'


class Journey:
    """The context of one journey: its pages, its server, and its problems."""

    def __init__(self, browser, pillion, folder):
        self.browser, self.pillion, self.folder = browser, pillion, folder
        self.pages, self.servers, self.problems = [], [], []

    def server(self, *flags, **options):
        server = Server(self.pillion, *flags, **options)
        self.servers.append(server)
        return server

    def open(self, server, fragment='', **options):
        page = self.browser.page(server.address + fragment, **options)
        self.pages.append(page)
        return page

    def check(self, holds, problem):
        if not holds:
            self.problems.append(problem)

    def close(self):
        for page in self.pages:
            self.problems += page.faults()
            page.close()
        for server in self.servers:
            server.stop()


def decision(j):
    """Type a manifest, see the decision with its rules; press a counterfactual, see it flip; take it back."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    page.fill('textbox', MANIFEST, POD)
    page.shows('Pod default/cart gets no sidecar')
    page.shows("the pod uses the host's network", '.path .decisive')
    page.press('button', 'show line 6 of the manifest, /spec/hostNetwork')
    j.check(page.js('(() => { const a = document.activeElement; return a.value.slice(a.selectionStart, a.selectionEnd); })()')
            == '  hostNetwork: true', 'the source is not selected in the manifest')
    page.press('button', "remove hostNetwork from the pod's spec → ✓ inject (policy_enabled)")
    page.shows('Pod default/cart gets a sidecar')
    text = page.js('document.querySelector("textarea").value')
    j.check('hostNetwork' not in text and '# sells' in text, f'the manifest was edited to {text!r}')
    page.press('button', 'Undo')
    page.shows('Pod default/cart gets no sidecar')
    j.check(page.js('document.querySelector("textarea").value') == POD, 'Undo does not bring the manifest back')
    page.fill('textbox', 'Labels of the namespace', 'istio-injection=disabled')
    page.shows("the namespace's labels keep the API server from asking")
    page.press('button', 'Webhook configuration of the API server (optional)')
    page.fill('textbox', 'MutatingWebhookConfiguration', WEBHOOK)
    page.shows('namespaceSelector expects mesh=on')
    page.press('button', 'show the webhook configuration, webhook#/webhooks/0/namespaceSelector')
    page.until('document.activeElement.value?.includes("MutatingWebhookConfiguration")')
    page.press('button', 'remove hostNetwork from the pod\'s spec, and set label mesh to "on" on namespace "default" → ✓ inject (policy_enabled)')
    page.shows('Pod default/cart gets a sidecar')
    labels = page.js('document.querySelector("[aria-label=\'Labels of the namespace\']").value')
    j.check('mesh=on' in labels and 'istio-injection=disabled' in labels, f'the labels became {labels!r}')
    page.press('button', 'Undo')
    page.shows('Pod default/cart gets no sidecar')
    page.choose('combobox', 'Examples', '3')
    page.shows('2 workloads: ')
    page.focus('listbox', 'Workload')
    page.key('ArrowDown')
    page.key('Enter')
    page.shows('CronJob shop/report gets ')
    j.check(page.js('document.activeElement.getAttribute("aria-label")') == 'Workload', 'choosing a workload loses the focus')
    page.press('button', 'explain namespace_label_disabled')
    page.shows('namespace_label_disabled', 'section:not([hidden]) tbody tr:not([hidden])')
    page.shows('1 of', 'section:not([hidden])')


def link(j):
    """Open the link in a fresh profile, see the same; a damaged link gives a message."""
    server = j.server()
    page = j.open(server)
    page.fill('textbox', MANIFEST, PLAIN)
    page.fill('textbox', 'Namespace of objects without one', 'shop')
    page.shows('Pod shop/cart gets a sidecar')
    page.press('tab', 'Patch')
    page.shows('operations in 1 object')
    page.press('button', 'Copy link')
    page.shows('Copied', '#tools')
    address = page.js('navigator.clipboard.readText()')
    other = j.open(server, address[len(server.address):])
    other.shows('operations in 1 object')
    j.check(other.js('document.querySelector("textarea").value') == PLAIN, 'the link brings another manifest')
    other.press('tab', 'Decision')
    other.shows('Pod shop/cart gets a sidecar')
    # A page of another site can open the page by a link, but its script cannot read it.
    elsewhere = j.browser.page('data:text/html,' + urllib.parse.quote(f'<a href="{address}">Open the case</a>'), reader=False)
    read = elsewhere.js(f'fetch({json.dumps(server.address)}).then(() => "read", () => "refused")')
    j.check(read == 'refused', f'another site fetches the page: {read}')
    elsewhere.press('link', 'Open the case')
    elsewhere.shows('operations in 1 object')
    elsewhere.close()
    broken = j.open(server, address[len(server.address):][:-20])
    broken.shows('The link is not whole')
    broken.shows('Deployment default/sleep gets a sidecar')


def result(j):
    """See the injected manifest next to the original, and go through it with the keyboard."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    page.press('tab', 'Result')
    page.shows('are from the injection')
    page.press('button', 'Next change')
    page.until('document.querySelector(".list .row.current")?.getAttribute("aria-label").startsWith("added: line")')
    page.key('ArrowDown')
    page.key('End')
    page.until('document.activeElement.getAttribute("aria-activedescendant") === document.querySelector(".row.current").id')
    page.choose('combobox', 'Columns', 'two')
    page.until('document.querySelector(".row .half.none")')
    page.choose('combobox', 'Columns', 'one')
    port = '  - name: web\n    image: web:1\n    ports:\n    - containerPort: 15001\n'
    page.fill('textbox', MANIFEST, 'kind: Service\napiVersion: v1\n---\n' + PLAIN + port)
    page.shows('port 15001 is the proxy')
    page.press('button', 'line 17 of the result')
    page.until('document.querySelector(".list .row.current.warn .sign")?.innerText === "!"', what='the row with the warning')
    page.until('document.querySelector(".list .row.current").getAttribute("aria-label").includes("warning: container")')


def blame(j):
    """Point at an injected line, see the line of the template that wrote it; or the step of the injection."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    page.press('tab', 'Result')
    page.shows('are from the injection')

    def point(text):
        page.until(f'''(() => {{
            const row = [...document.querySelectorAll('[aria-label^="Injected manifest"] .row')].find((row) => row.innerText.includes({json.dumps(text)}));
            document.querySelector("[data-pointed]")?.removeAttribute("data-pointed");
            row?.setAttribute("data-pointed", "");
            return row;
        }})()''', what=f'a row with {text!r}')
        page.hover('[data-pointed]')

    point('sidecar.istio.io/status')
    page.shows('written by the step', '.origin')
    page.press('button', 'Next change')
    page.press('button', 'Next change')
    point('image: registry.example.com/mesh/proxy:1.0.0')
    page.shows('template template, line', '.origin')
    page.until('document.querySelector(".origin .row.here").innerText.includes("sidecar.istio.io/proxyImage")')
    page.key('ArrowDown')


def template(j):
    """Break a template, see the error at its line; repair it, go from the output to the template and back."""
    page = j.open(j.server(), '#template')
    page.shows('port-443', '[aria-label^="Output"]')
    page.fill('textbox', 'Template', 'name: {{ .name }}\nlist:\n{{ nosuch }}\n')
    page.shows('function "nosuch" not defined')
    page.until('[...document.querySelectorAll(".gutter .bad")].some((row) => row.innerText.includes("3"))', what='line 3 marked')
    page.fill('textbox', 'Template', 'a: {{ .name }}\nb: [\n')
    page.shows('the output is not YAML')
    page.until('document.querySelector(".list .row.bad")', what='the rendered excerpt')
    page.fill('textbox', 'Template', 'a: {{ .name }}\nb: {{ len .ports }}\n')
    page.shows('b: 2', '[aria-label^="Output"]')
    page.hover('.list .row:nth-child(2) .run.value')
    page.shows('a value of template main, line 2, column 7')
    page.until('[...document.querySelectorAll(".gutter .here")].some((row) => row.innerText.includes("2"))')
    page.focus('textbox', 'Template')
    page.key('Home', modifiers=2)
    page.key('ArrowRight')
    page.shows('Line 1 of the template wrote line 1 of the output')
    page.until('document.querySelectorAll(".meters meter").length === 3', what='a bar for each limit')
    page.fill('textbox', 'Data, YAML or JSON', 'name: x\nports: [1\nz: 3\n')
    page.shows('of the data')
    page.fill('textbox', 'Data, YAML or JSON', '{"name": "x", "ports": [1]}')
    page.shows('b: 1', '[aria-label^="Output"]')
    page.press('button', 'Functions')
    page.fill('searchbox', 'Search functions', 'upper')
    page.press('button', 'put the example of upper into the template')
    page.until('document.querySelector("section:not([hidden]) textarea").value.includes("upper")')


def configuration(j):
    """See what is loaded, its policy and its truth table, templates, values, mesh and open channels; find a reason."""
    page = j.open(j.server(), '#configuration')
    page.shows('The last attempt to load it succeeded')
    for tab, text in [('Policy', 'Truth table'), ('Templates', 'istio-proxy'), ('Values', 'proxy:1.0.0'),
                      ('Mesh', 'trustDomain'), ('Open channels', 'proxyImage'), ('State', 'built-in')]:
        page.press('tab', tab)
        if tab == 'Mesh':
            page.until('document.querySelector("section:not([hidden]) [role=tabpanel]:not([hidden]) .list")')
            page.focus('listbox', 'Mesh configuration')
            page.key('End')
        page.shows(text, 'section:not([hidden]) [role=tabpanel]:not([hidden])', 60)
    page.press('link', 'Reasons')
    page.fill('searchbox', 'Search codes and sentences', 'host_network')
    page.shows('host_network_enabled', 'section:not([hidden]) tbody tr:not([hidden])')
    page.until('document.querySelectorAll("section:not([hidden]) tbody tr:not([hidden])").length < 5')


def keyboard(j):
    """The first journey without a pointer: from the address bar to the counterfactual and back, by Tab, arrows and Enter."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    page.js('document.activeElement.blur()')

    def reach(name):
        for _ in range(120):
            page.key('Tab')
            said = page.js('(document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText ?? "") + " " + '
                           '(document.activeElement.labels?.[0]?.innerText ?? "")')
            if name in said and len(said) < 200:  # a panel contains all its texts
                return
        raise Problem(f'{name} cannot be reached with the Tab key')

    reach(MANIFEST)
    page.key('a', modifiers=2)
    page.call('Input.dispatchKeyEvent', {'type': 'keyDown', 'key': 'a', 'windowsVirtualKeyCode': 65, 'modifiers': 2, 'commands': ['selectAll']})
    page.type(POD)
    page.shows('gets no sidecar')
    reach('Decision')
    page.key('ArrowRight')
    page.until('document.activeElement.innerText === "Result"')
    page.key('ArrowLeft')
    reach("remove hostNetwork from the pod's spec")
    page.key('Enter')
    page.shows('gets a sidecar')
    reach('Undo')
    page.key('Enter')
    page.shows('gets no sidecar')


HOSTILE = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "');alert(1)//", '\u202egnp.exe', '\u2066x\u2069',
           '\u001b[31mred', '${alert(1)}', '{{constructor.constructor("alert(1)")()}}', '&lt;b&gt;', '</textarea><b>']


def hostile(j):
    """Names with markup or characters that reverse the text are shown as text; a line of a megabyte does no harm."""
    page = j.open(j.server(), script='window.alerts = 0; window.alert = () => { window.alerts += 1; };')
    page.shows('gets a sidecar')
    elements = page.js('document.querySelectorAll("img, script:not([src]), b, iframe, object, embed").length')
    for name in HOSTILE:
        pod = {'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': name, 'namespace': name, 'annotations': {name: name}},
               'spec': {'hostNetwork': True, 'containers': [{'name': name, 'image': name}]}}
        page.fill('textbox', MANIFEST, json.dumps(pod, ensure_ascii=False))
        shown = ''.join(f'⟨U+{ord(c):04X}⟩' if c in '\u202e\u2066\u2069\u001b' else c for c in name)
        page.shows(f'Pod {shown}/{shown}', '.verdict, .notice.error') if '\u001b' not in name else page.shows('Pod')
        for tab in ('Result', 'Patch', 'Decision'):
            page.press('tab', tab)
            time.sleep(0.15)
    page.press('link', 'Template')
    page.fill('textbox', 'Data, YAML or JSON', json.dumps({'x': HOSTILE}))
    page.fill('textbox', 'Template', '{{ range .x }}{{ . }}\n{{ end }}')
    page.shows('<img src=x onerror=alert(1)>', '[aria-label^="Output"]')
    page.shows('⟨U+202E⟩gnp.exe', '[aria-label^="Output"]')
    page.fill('textbox', 'Template', '{{ nosuch "<img src=x onerror=alert(1)>" }}')
    page.shows('nosuch', '.notice.error')
    page.press('link', 'Reasons')
    page.press('link', 'Inject')
    page.js(f'window.long = {json.dumps(POD.replace("hostNetwork: true", "nodeName: "))}.replace("nodeName: ", "nodeName: " + "x".repeat(1 << 20))')
    page.js('document.querySelector("textarea").focus()')
    paste(page, 'long')
    page.shows(' more', '[aria-label$="read only"]')
    page.press('tab', 'Result')
    page.shows('more characters', '[aria-label^="Injected manifest"]', 120)
    j.check(page.js('window.alerts') == 0, 'a name ran as script')
    now = page.js('document.querySelectorAll("img, script:not([src]), b, iframe, object, embed").length')
    j.check(now == elements, f'{now - elements} elements came out of names')


def edit(page, *commands):
    """Presses the keys of editing commands of the browser: selectAll, copy, paste, undo."""
    for command in commands:
        key = {'selectAll': 'a', 'copy': 'c', 'paste': 'v', 'undo': 'z'}[command]
        event = {'key': key, 'windowsVirtualKeyCode': ord(key.upper()), 'modifiers': 2}
        page.call('Input.dispatchKeyEvent', {'type': 'keyDown', 'commands': [command], **event})
        page.call('Input.dispatchKeyEvent', {'type': 'keyUp', **event})


def paste(page, variable):
    """Pastes the text of a global variable over the selection of the focused element, as the browser does."""
    page.js(f'navigator.clipboard.writeText(window.{variable})')
    edit(page, 'selectAll', 'paste')


def deployments(size):
    """A manifest of Deployments app-0, app-1 and so on, of at least that many characters."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'deployment.yaml')) as file:
        one = file.read()
    documents, length = [], 0
    while length < size:
        documents.append(one.replace('NAME', f'app-{len(documents)}'))
        length += len(documents[-1]) + len('---\n')
    return '---\n'.join(documents)


def long(j):
    """A manifest of 200 KB: pasted, scrolled, edited in the middle, copied as a whole, undone. Few lines exist."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    manifest = deployments(200_000)
    lines = manifest.split('\n')
    page.js(f'window.manifest = {json.dumps(manifest)}')
    page.focus('textbox', MANIFEST)
    paste(page, 'manifest')
    page.shows('workloads:', seconds=60)

    def whole():
        edit(page, 'selectAll', 'copy')
        return page.js('navigator.clipboard.readText()')

    def count():
        return page.js('document.querySelector("textarea").value.split("\\n").length')

    j.check(whole() == manifest, 'the whole text is not what was pasted')
    page.key('Home', modifiers=2)
    x, y = page.place('.editor')
    for _ in range(40):
        page.mouse('mouseWheel', x, y, deltaX=0, deltaY=1000)
    page.until('Number(document.querySelector(".gutter").firstChild.textContent) > 1500', what='a line after 1500')
    page.click_at(x, y)
    first, top, shown = page.js('(() => { const gutter = document.querySelector(".gutter"), box = gutter.getBoundingClientRect(); '
                                'return [Number(gutter.firstChild.textContent), box.top, gutter.firstChild.getBoundingClientRect().top]; })()')
    line = first + int((y - shown) // 20)
    page.key('End')
    comment = ' # a line that is longer than the field is wide: ' + 'x' * 80
    page.type(comment)
    left = page.js('document.querySelector(".long .view").scrollLeft')
    j.check(left > 0, 'the caret is out of sight in a line that became long')
    page.key('Enter')
    page.type('# below')
    lines[line - 1:line] = [lines[line - 1] + comment, '# below']
    found = whole()
    j.check(found == '\n'.join(lines), f'line {line} is {found.split(chr(10))[line - 2:line + 2]}, expected {lines[line - 2:line + 2]}')
    j.check(count() < 200, f'{count()} lines are in the text area')
    page.key('Home', modifiers=2)
    page.key('ArrowDown')
    page.key('PageDown')
    page.key('ArrowUp')
    page.type('b: [')
    page.shows('is not valid YAML', seconds=60)
    page.until('document.querySelector(".gutter .bad")')
    page.focus('textbox', MANIFEST)
    edit(page, 'undo')
    page.shows('workloads:', seconds=60)
    for _ in range(3):  # on a slow machine the keys are a second apart, and each is an undo step
        edit(page, 'undo')
        found = whole()
        if found == manifest:
            break
    j.check(found == manifest, f'{len(found)} characters after undo, expected {len(manifest)}')
    edit(page, 'selectAll')
    page.type(POD)
    page.shows('Pod default/cart gets no sidecar')
    j.check(page.js('document.querySelector("textarea").value') == POD, 'what replaced everything is not all there is')


def large(j):
    """A manifest of a megabyte and its result are read-only, and only the visible rows exist."""
    path = os.path.join(j.folder, 'large.yaml')
    with open(path, 'w') as file:
        file.write(deployments(1 << 20))
    page = j.open(j.server('-f', path))
    page.shows('is shown read only', seconds=20)
    page.shows('workloads:', seconds=120)
    j.check(page.js('document.querySelector("textarea").value') == '', 'the text area holds the manifest')
    rows = page.js('document.querySelectorAll("[aria-label$=\'read only\'] .row").length')
    j.check(0 < rows < 100, f'{rows} rows of the input are elements')
    page.press('tab', 'Result')
    page.shows('are from the injection', seconds=120)
    page.focus('listbox', page.js('document.querySelector("[aria-label^=\'Injected manifest\']").getAttribute("aria-label")'))
    page.key('End')
    page.until('document.querySelector(".row.current") !== null')
    rows = page.js('document.querySelectorAll("[aria-label^=\'Injected manifest\'] .row").length')
    j.check(0 < rows < 100, f'{rows} rows of the result are elements')
    page.press('button', 'Copy link')
    page.shows('too long for a link')
    page.press('button', 'Clear')
    page.until('document.activeElement.tagName === "TEXTAREA"')
    page.type(POD)
    page.press('tab', 'Decision')
    page.shows('Pod default/cart gets no sidecar')


def late(j):
    """A late answer never overwrites a newer one; a slow one shows a message and can be stopped."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    page.call('Fetch.enable', {'patterns': [{'urlPattern': '*/decide', 'requestStage': 'Response'}]})
    held = []

    def hold():
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for event in page.events:
                if event['method'] == 'Fetch.requestPaused' and event not in held:
                    held.append(event)
                    return event['params']['requestId']
            j.browser.pump(0.1)
        raise Problem('no request came')

    page.fill('textbox', MANIFEST, POD)
    first = hold()
    page.shows('The server takes long')
    page.fill('textbox', MANIFEST, POD.replace('hostNetwork: true', 'nodeName: one').replace('cart', 'new'))
    second = hold()
    page.call('Fetch.continueRequest', {'requestId': second})
    page.shows('Pod default/new gets a sidecar')
    try:
        page.call('Fetch.continueRequest', {'requestId': first})
    except Problem:
        pass  # the page has cancelled it
    time.sleep(0.4)
    j.check('Pod default/new gets a sidecar' in page.text(), 'a late answer overwrote a newer one')
    page.fill('textbox', MANIFEST, POD)
    third = hold()
    page.press('button', 'Stop')
    page.shows('Stopped')
    page.call('Fetch.disable')
    page.press('button', 'Run again')
    page.shows('Pod default/cart gets no sidecar')
    del third


def gone(j):
    """The page reports a server that does not answer, and marks the line at which a manifest cannot be parsed."""
    server = j.server()
    page = j.open(server)
    page.shows('gets a sidecar')
    page.fill('textbox', MANIFEST, 'a: 1\nb: [\n')
    page.shows('the manifest is not valid YAML')
    page.until('document.querySelector(".gutter .bad")')
    server.stop()
    page.fill('textbox', MANIFEST, POD)
    page.shows('the server cannot be reached')
    page.shows('Start it again')
    page.events = [e for e in page.events if e['method'] != 'Log.entryAdded']  # the browser logs the refused connection


def token(j):
    """Beyond loopback the page asks for the token, keeps it in memory and sends it."""
    certificates = os.path.join(os.path.dirname(__file__), '..', '..', 'Tests', 'HTTPServerTests', 'certificates')
    path = os.path.join(j.folder, 'token')
    with open(path, 'w') as file:
        file.write('open-sesame\n')
    server = j.server(
        '--ui', '--address', '127.0.0.1', '--port', str(free_port()), '--httpPort', '-1', '--monitoringPort', '-1',
        '--tlsCertFile', f'{certificates}/server.pem', '--tlsKeyFile', f'{certificates}/server.key', '--authTokenFile', path,
        '--log-format', 'json', verb='serve')
    page = j.open(server, blank=True)
    page.call('Security.enable')
    page.call('Security.setIgnoreCertificateErrors', {'ignore': True})
    page.go(server.address)
    page.shows('the token', 'dialog')
    page.focus('textbox', 'Token')
    page.type('wrong')
    page.key('Enter')
    page.shows('is not the one', 'dialog')
    page.focus('textbox', 'Token')
    page.type('open-sesame')
    page.key('Enter')
    page.shows('gets a sidecar')
    j.check(page.js('JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])').find('sesame') < 0,
            'the token is kept somewhere else than in memory')
    page.press('link', 'Configuration')
    page.shows('This listener does not serve it')


def files(j):
    """Save a case, load it elsewhere; load a manifest from a file."""
    server = j.server()
    page = j.open(server)
    page.call('Page.setDownloadBehavior', {'behavior': 'allow', 'downloadPath': j.folder})
    page.fill('textbox', MANIFEST, POD)
    page.shows('gets no sidecar')
    page.press('button', 'Save case')
    path, end = os.path.join(j.folder, 'pillion-case.json'), time.monotonic() + 10
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.05)
    other = j.open(server)
    other.shows('gets a sidecar')
    load(other, 'A case that was saved', path)
    other.shows('Pod default/cart gets no sidecar')
    manifest = os.path.join(j.folder, 'pod.yaml')
    with open(manifest, 'w') as file:
        file.write(POD.replace('cart', 'from-file'))
    load(other, 'File (or drop one below)', manifest)
    other.shows('Pod default/from-file gets no sidecar')
    load(other, 'A case that was saved', manifest)
    other.shows('is not a saved case')
    with open(manifest, 'w') as file:
        file.write(POD.replace('cart', 'dropped'))
    x, y = other.place('.editor')
    for kind in ('dragEnter', 'dragOver', 'drop'):
        other.call('Input.dispatchDragEvent', {
            'type': kind, 'x': x, 'y': y, 'data': {'items': [], 'files': [manifest], 'dragOperationsMask': 1}})
    other.shows('Pod default/dropped gets no sidecar')


def load(page, label, path):
    root = page.call('DOM.getDocument', {'depth': 0})['root']['nodeId']
    for node in page.call('DOM.querySelectorAll', {'nodeId': root, 'selector': 'input[type=file]'})['nodeIds']:
        handle = page.call('DOM.resolveNode', {'nodeId': node})['object']['objectId']
        name = page.call('Runtime.callFunctionOn', {
            'objectId': handle, 'returnByValue': True,
            'functionDeclaration': 'function () { return this.getAttribute("aria-label") ?? this.labels[0].innerText; }'})
        if name['result']['value'] == label:
            page.call('DOM.setFileInputFiles', {'files': [path], 'nodeId': node})
            return
    raise Problem(f'there is no file input {label!r}')


def commands(j):
    """Both commands that the page offers to copy run in a shell and give the page's result."""
    server = j.server()
    page = j.open(server)
    page.fill('textbox', MANIFEST, PLAIN.replace('# sells', "# it's EOF $HOME `x`"))
    page.fill('textbox', 'Labels of the namespace', 'istio-injection=disabled')
    page.shows('gets no sidecar')

    os.symlink(j.pillion, os.path.join(j.folder, 'pillion'))

    def copied(name):
        page.press('button', name)
        page.shows('Copied', 'main')
        text = page.js('navigator.clipboard.readText()')
        page.until('!document.querySelector("main").innerText.includes("Copied")')
        return text

    def shell(text):
        environment = {**os.environ, 'PATH': j.folder + ':' + os.environ['PATH']}
        return subprocess.run(['bash', '-c', text], capture_output=True, text=True, env=environment, timeout=60)

    answer = json.loads(shell(copied('Copy as curl')).stdout)
    j.check(answer['decisions'][0]['reason'] == 'namespace_label_disabled', f'curl gives {answer}')
    done = shell(copied('Copy as pillion command'))
    j.check('namespace_label_disabled' in done.stdout and done.returncode == 3, f'pillion decide gives {done}')
    page.press('tab', 'Patch')
    page.shows('operations in')
    patch = json.loads(shell(copied('Copy as curl')).stdout)
    shown = page.js('document.querySelectorAll("[aria-label=Operations] .row").length')
    j.check(len(patch[0]['patch']) == shown, f'{shown} operations are shown, {len(patch[0]["patch"])} are answered')
    done = shell(copied('Copy as pillion command'))
    j.check(done.returncode == 0 and '+' in done.stdout and 'istio-proxy' in done.stdout, f'pillion kube-inject --diff gives {done}')
    page.press('tab', 'Result')
    page.shows('are from the injection')
    done = shell(copied('Copy as pillion command'))
    injected = page.js('[...document.querySelectorAll("[aria-label^=\\"Injected manifest\\"] .row")].length')
    j.check(done.returncode == 0 and 'istio-proxy' in done.stdout and injected > 0, f'pillion kube-inject --blame gives {done}')
    page.press('link', 'Template')
    page.shows('port-443', '[aria-label^="Output"]')
    done = shell(copied('Copy as pillion command'))
    j.check('port-443' in done.stdout, f'pillion render gives {done}')
    answer = json.loads(shell(copied('Copy as curl')).stdout)
    j.check('port-443' in answer['output'], f'curl gives {answer}')


VIEWS = [('#inject', 'The rules, in order', None), ('#inject', 'are from the injection', 'Result'), ('#inject', 'operations in', 'Patch'),
         ('#template', 'Limits used', None), ('#configuration', 'Generation', None), ('#configuration', 'Truth table', 'Policy'),
         ('#reasons', 'of', None)]


def accessible(j):
    """The checker finds nothing, in any view, light and dark, wide and at 360 pixels."""
    server = j.server()
    for dark in (False, True):
        for width in (1440, 360):
            page = j.open(server, width=width, height=800, dark=dark)
            page.shows('gets a sidecar')
            for view, text, tab in VIEWS:
                page.press('link', view[1:].capitalize())
                if tab:
                    page.press('tab', tab)
                page.shows(text)
                if view == '#template':
                    page.shows('port-443')
                where = f'{view} {tab or ""} {"dark" if dark else "light"} {width}'
                j.problems += [f'{where}: {fault}' for fault in accessibility.check(page)]


# Faults that the checker must find, each by a word of its sentence. Each is put into the page and removed again.
FAULTS = [
    ('has no name', 'const b = document.createElement("button"); b.textContent = " "; b.id = "fault"; main.append(b);'),
    ('contrast', 'const p = document.createElement("p"); p.textContent = "pale"; p.style.color = "#999"; p.style.background = "#fff"; p.id = "fault"; main.append(p);'),
    ('of level', 'const h = document.createElement("h5"); h.textContent = "deep"; h.id = "fault"; main.append(h);'),
    ('expected one', 'const m = document.createElement("main"); m.textContent = "two"; m.id = "fault"; document.body.append(m);'),
    ('goes back to', 'const b = document.createElement("button"); b.textContent = "first"; b.tabIndex = 5; b.id = "fault"; main.append(b);'),
    ('is not seen on', 'const b = document.createElement("button"); b.textContent = "plain"; b.style.outline = "none"; b.id = "fault"; document.body.prepend(b);'),
    ('out of sight', 'const b = document.createElement("button"); b.textContent = "away"; b.style.cssText = "position:fixed;left:-999px"; b.id = "fault"; document.body.prepend(b);'),
    ('is not there', 'const b = document.createElement("button"); b.textContent = "b"; b.setAttribute("aria-controls", "nosuch"); b.id = "fault"; main.append(b);'),
    ('target of', 'const b = document.createElement("button"); b.textContent = "b"; b.style.cssText = "min-height:0;height:10px;padding:0"; b.id = "fault"; main.append(b);'),
    ('with a control', 'const d = document.createElement("div"); d.ariaHidden = "true"; d.append(document.createElement("input")); d.firstChild.ariaLabel = "x"; d.id = "fault"; main.append(d);'),
    ('is there twice', 'const d = document.createElement("div"); d.id = "fault"; d.append(document.createElement("i")); d.firstChild.id = "main"; document.body.append(d);'),
    ('wide', 'const d = document.createElement("div"); d.id = "fault"; d.style.width = "5000px"; d.textContent = "x"; main.append(d);'),
]


def checker(j):
    """The accessibility checker finds each fault that is put into the page, and none before."""
    page = j.open(j.server())
    page.shows('gets a sidecar')
    j.problems += accessibility.check(page)
    for word, script in FAULTS:
        page.js(f'(() => {{ const main = document.getElementById("main"); {script} }})()')
        found = accessibility.check(page)
        j.check(any(word in fault for fault in found), f'a fault is not found ({word}): {found}')
        page.js('document.getElementById("fault").remove()')
    page.events = [e for e in page.events if 'aria-hidden' not in json.dumps(e)]  # the browser reports that fault too


def units(j):
    """The modules' own tests, in the browser: Tests/PageTests."""
    folder = os.path.join(os.path.dirname(__file__), '..', '..', 'Tests', 'PageTests')
    page = j.open(j.server())
    page.shows('gets a sidecar')
    with open(os.path.join(folder, 'harness.js')) as file:
        harness = file.read()
    count = 0
    for name in sorted(os.listdir(folder)):
        if not name.endswith('.test.js'):
            continue
        with open(os.path.join(folder, name)) as file:
            source = file.read()
        outcome = page.js(f'(async () => {{ {harness}\n{source}\nreturn await outcome(); }})()')
        count += outcome['passed']
        j.problems += [f'{name}: {failure}' for failure in outcome['failures']]
    j.check(count >= 30, f'only {count} tests of modules passed')


JOURNEYS = [decision, link, result, blame, template, configuration, keyboard, hostile, long, large, late, gone, token, files, commands,
            accessible, checker, units]


def run(journey, browser, pillion):
    """The problems of one journey."""
    with tempfile.TemporaryDirectory(prefix='pillion-journey-') as folder:
        j = Journey(browser, pillion, folder)
        try:
            journey(j)
        except (Problem, RuntimeError, ValueError, KeyError, IndexError) as error:
            j.problems.append(f'{type(error).__name__}: {error}')
        finally:
            j.close()
        return j.problems
