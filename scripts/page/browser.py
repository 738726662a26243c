"""A browser, controlled over the DevTools protocol through a pipe. Simulates a person's actions by input events.

Python's standard library only. One Browser per run; one Page per profile, and each profile is fresh.
"""
import base64, fcntl, json, os, select, shutil, subprocess, tempfile, time

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')

# Virtual key codes of keys that are not text.
KEYS = {'Enter': 13, 'Tab': 9, 'Escape': 27, 'ArrowLeft': 37, 'ArrowUp': 38, 'ArrowRight': 39, 'ArrowDown': 40,
        'PageDown': 34, 'PageUp': 33, 'Home': 36, 'End': 35, 'Backspace': 8, ' ': 32}


def program():
    """The browser: PAGE_BROWSER, or the first of the usual ones that is installed; None without one."""
    named = os.environ.get('PAGE_BROWSER')
    return named or next((path for path in map(shutil.which, PROGRAMS) if path), None)


class Problem(Exception):
    """The browser or the page did not do what a journey expects."""


class Browser:
    def __init__(self, path):
        self.folder = tempfile.TemporaryDirectory(prefix='pillion-page-')
        commands, self.write = os.pipe()
        self.read, answers = os.pipe()
        # The browser reads from descriptor 3 and writes to 4.
        high = [fcntl.fcntl(each, fcntl.F_DUPFD, 20) for each in (commands, answers)]
        arguments = [path, '--headless=new', '--remote-debugging-pipe', f'--user-data-dir={self.folder.name}',
                     '--no-first-run', '--disable-extensions', '--disable-background-networking', '--disable-sync',
                     '--disable-component-update', '--no-default-browser-check', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage',
                     '--disable-features=Translate,OptimizationHints,MediaRouter', '--force-color-profile=srgb']
        if os.geteuid() == 0:
            arguments.append('--no-sandbox')  # the sandbox refuses to run as root
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4),
            preexec_fn=lambda: (os.dup2(high[0], 3), os.dup2(high[1], 4)))
        for descriptor in (commands, answers, *high):
            os.close(descriptor)
        self.number, self.buffer, self.answers, self.pages = 0, b'', {}, {}
        self.version = self.call('Browser.getVersion')['product']

    def call(self, method, params=None, session=None, seconds=30):
        self.number += 1
        number = self.number
        message = {'id': number, 'method': method, 'params': params or {}}
        if session:
            message['sessionId'] = session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.write, data[:60_000]):]
        end = time.monotonic() + seconds
        while number not in self.answers:
            self.pump(end - time.monotonic(), method)
        answer = self.answers.pop(number)
        if 'error' in answer:
            raise Problem(f'{method}: {answer["error"]["message"]}')
        return answer['result']

    def pump(self, seconds, waiting=None):
        """Reads the browser's messages, and passes events to their page."""
        ready, _, _ = select.select([self.read], [], [], max(0, seconds))
        if not ready:
            if waiting:
                raise Problem(f'{waiting}: no answer')
            return
        part = os.read(self.read, 1 << 20)
        if not part:
            raise Problem('the browser has ended')
        self.buffer += part
        *messages, self.buffer = self.buffer.split(b'\0')
        for message in map(json.loads, messages):
            if 'id' in message:
                self.answers[message['id']] = message
            elif message.get('sessionId') in self.pages:
                self.pages[message['sessionId']].events.append(message)

    def page(self, address, **options):
        """Opens the address in a new profile."""
        return Page(self, address, **options)

    def close(self):
        try:
            self.call('Browser.close', seconds=5)
        except Problem:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)
        os.close(self.write)
        try:
            self.folder.cleanup()
        except OSError:
            pass  # a process of the browser still writes into the folder


class Page:
    """One tab. `faults()` returns what must not happen: errors, refused content, requests to other servers."""

    def __init__(self, browser, address, width=1280, height=900, dark=False, script=None, blank=False, reader=True):
        self.browser, self.events, self.address = browser, [], address
        self.context = browser.call('Target.createBrowserContext')['browserContextId']
        target = browser.call('Target.createTarget', {'url': 'about:blank', 'browserContextId': self.context})
        self.session = browser.call('Target.attachToTarget', {'targetId': target['targetId'], 'flatten': True})['sessionId']
        browser.pages[self.session] = self
        for domain in ('Page', 'Runtime', 'Log', 'Network', 'Audits', 'DOM'):
            self.call(f'{domain}.enable')
        if reader:
            # As with a screen reader, the browser updates its accessibility tree continuously, which takes time.
            self.call('Accessibility.enable')
        self.call('Emulation.setDeviceMetricsOverride',
                  {'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})
        self.call('Emulation.setEmulatedMedia',
                  {'features': [{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}]})
        browser.call('Browser.grantPermissions', {'permissions': ['clipboardReadWrite', 'clipboardSanitizedWrite'],
                                                  'browserContextId': self.context})
        if script:
            self.call('Page.addScriptToEvaluateOnNewDocument', {'source': script})
        if not blank:
            self.go(address)

    def call(self, method, params=None, seconds=30):
        return self.browser.call(method, params, self.session, seconds)

    def go(self, address):
        self.call('Page.navigate', {'url': address})
        self.until('document.readyState === "complete"')

    # Reading the page

    def js(self, expression, seconds=30):
        """The value of an expression. Waits for a promise."""
        result = self.call('Runtime.evaluate', {'expression': expression, 'awaitPromise': True, 'returnByValue': True,
                                                'userGesture': True}, seconds)
        if 'exceptionDetails' in result:
            details = result['exceptionDetails']
            raise Problem(details.get('exception', {}).get('description') or details['text'])
        return result['result'].get('value')

    def until(self, expression, seconds=10, what=None):
        """Waits until the expression is true; returns its value."""
        end = time.monotonic() + seconds
        while True:
            try:
                # An element cannot be returned by value, so true stands for it.
                value = self.js(f'((found) => found instanceof Node ? true : found)({expression})')
            except Problem:
                value = None  # the document is being replaced
            if value:
                return value
            if time.monotonic() > end:
                raise Problem(f'waited {seconds} s for {what or expression}; the page shows: {self.text()[:600]!r}')
            time.sleep(0.03)

    def text(self, selector='body'):
        return self.js(f'(document.querySelector({json.dumps(selector)})?.innerText ?? "")')

    def shows(self, text, selector='body', seconds=10):
        """Waits until the element's text contains the text."""
        self.until(f'(document.querySelector({json.dumps(selector)})?.innerText ?? "").includes({json.dumps(text)})',
                   seconds, f'{text!r} in {selector}')

    def faults(self):
        """The faults since the page was opened."""
        self.browser.pump(0.05)
        found = []
        for event in self.events:
            method, params = event['method'], event['params']
            if method == 'Runtime.exceptionThrown':
                details = params['exceptionDetails']
                found.append('exception: ' + (details.get('exception', {}).get('description') or details['text']))
            elif method == 'Runtime.consoleAPICalled' and params['type'] in ('error', 'warning', 'assert'):
                found.append(f'console: {params["args"]}')
            elif method == 'Log.entryAdded' and params['entry']['level'] in ('error', 'warning'):
                entry = params['entry']
                # The browser logs 4xx responses as errors, but they are expected.
                if entry['source'] != 'network' or 'net::' in entry['text']:
                    found.append(f'log: {entry["text"]} {entry.get("url", "")}')
            elif method == 'Audits.issueAdded' and params['issue']['code'] == 'ContentSecurityPolicyIssue':
                found.append(f'refused by the content security policy: {params["issue"]["details"]}')
            elif method == 'Network.requestWillBeSent':
                url = params['request']['url']
                if not url.startswith((self.address.split('#')[0], 'blob:', 'about:')):
                    found.append(f'request elsewhere: {url}')
        return found

    # Actions of a person

    def find(self, role, name):
        """The backend node of the only visible element with that role and accessible name."""
        root = self.call('DOM.getDocument', {'depth': 0})['root']['nodeId']
        query = {'nodeId': root, 'role': role}
        if name is not None:
            query['accessibleName'] = name
        end = time.monotonic() + 10
        while True:
            nodes = [n for n in self.call('Accessibility.queryAXTree', query)['nodes'] if not n['ignored']]
            if nodes:
                return nodes[0]['backendDOMNodeId']
            if time.monotonic() > end:
                raise Problem(f'there is no {role} {name!r}')
            time.sleep(0.05)
            root = self.call('DOM.getDocument', {'depth': 0})['root']['nodeId']
            query['nodeId'] = root

    def centre(self, node):
        self.call('DOM.scrollIntoViewIfNeeded', {'backendNodeId': node})
        quad = self.call('DOM.getContentQuads', {'backendNodeId': node})['quads'][0]
        return sum(quad[0::2]) / 4, sum(quad[1::2]) / 4

    def press(self, role, name):
        """Clicks the element."""
        self.click_at(*self.centre(self.find(role, name)))

    def click(self, selector):
        self.click_at(*self.place(selector))

    def click_at(self, x, y):
        self.mouse('mouseMoved', x, y)
        self.mouse('mousePressed', x, y, button='left', clickCount=1)
        self.mouse('mouseReleased', x, y, button='left', clickCount=1)

    def hover(self, selector):
        self.mouse('mouseMoved', *self.place(selector))

    def mouse(self, kind, x, y, **more):
        self.call('Input.dispatchMouseEvent', {'type': kind, 'x': x, 'y': y, **more})

    def place(self, selector):
        """Scrolls to the element; returns its middle."""
        expression = f'''(() => {{
            const element = document.querySelector({json.dumps(selector)});
            if (!element) return null;
            element.scrollIntoView({{block: "nearest"}});
            const box = element.getBoundingClientRect();
            return [box.left + Math.min(box.width, 400) / 2, box.top + box.height / 2];
        }})()'''
        return self.until(expression, what=selector)

    def focus(self, role, name):
        self.call('DOM.focus', {'backendNodeId': self.find(role, name)})

    def type(self, text):
        """Types text into the focused element."""
        self.call('Input.insertText', {'text': text})

    def key(self, name, modifiers=0):
        code = KEYS.get(name, ord(name.upper()) if len(name) == 1 else 0)
        event = {'key': name, 'windowsVirtualKeyCode': code, 'modifiers': modifiers}
        if len(name) == 1 and not modifiers:
            event['text'] = name
        if name == 'Enter':
            event['text'] = '\r'
        self.call('Input.dispatchKeyEvent', {'type': 'keyDown', **event})
        self.call('Input.dispatchKeyEvent', {'type': 'keyUp', **{k: v for k, v in event.items() if k != 'text'}})

    def fill(self, role, name, text):
        """Replaces the content of the field as a person does: selects all and types."""
        self.focus(role, name)
        self.call('Input.dispatchKeyEvent', {'type': 'keyDown', 'key': 'a', 'windowsVirtualKeyCode': 65, 'modifiers': 2,
                                             'commands': ['selectAll']})
        self.call('Input.dispatchKeyEvent', {'type': 'keyUp', 'key': 'a', 'windowsVirtualKeyCode': 65, 'modifiers': 2})
        if text:
            self.type(text)
        else:
            self.key('Backspace')

    def choose(self, role, name, value):
        """Chooses an option of a select by its value, and sends the events that a browser sends."""
        node = self.find(role, name)
        handle = self.call('DOM.resolveNode', {'backendNodeId': node})['object']['objectId']
        self.call('Runtime.callFunctionOn', {
            'objectId': handle, 'arguments': [{'value': value}],
            'functionDeclaration': '''function (value) {
                this.value = value;
                this.dispatchEvent(new Event("input", {bubbles: true}));
                this.dispatchEvent(new Event("change", {bubbles: true}));
            }'''})

    def picture(self, path):
        data = self.call('Page.captureScreenshot', {'format': 'png'})['data']
        with open(path, 'wb') as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.browser.pages.pop(self.session, None)
        self.browser.call('Target.disposeBrowserContext', {'browserContextId': self.context})
