#!/usr/bin/env python3
"""A TLS server for tests, with the part of the Kubernetes API that Pillion uses.

    server.py FOLDER        writes certificates and tokens into the folder, and prints the ports as one JSON line

Objects are in memory. The server lists in pages, watches with bookmarks, compares resourceVersions, merges patches,
checks tokens, client certificates and role rules, validates Secrets and webhooks as a real server does, labels
namespaces with their names (from 1.21 on), and can stop sending without closing a connection. A second port, plain
HTTP on loopback, is for the test: it sets objects, cuts connections, forgets the history, restarts, rotates tokens, and
returns the requests so far. A third port is a proxy that supports CONNECT.
"""
import base64
import copy
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

GROUPS = {
    "configmaps": ("", "v1", "ConfigMap", True),
    "secrets": ("", "v1", "Secret", True),
    "namespaces": ("", "v1", "Namespace", False),
    "limitranges": ("", "v1", "LimitRange", True),
    "resourcequotas": ("", "v1", "ResourceQuota", True),
    "nodes": ("", "v1", "Node", False),
    "pods": ("", "v1", "Pod", True),
    "endpoints": ("", "v1", "Endpoints", True),
    "endpointslices": ("discovery.k8s.io", "v1", "EndpointSlice", True),
    "events": ("", "v1", "Event", True),
    "replicasets": ("apps", "v1", "ReplicaSet", True),
    "statefulsets": ("apps", "v1", "StatefulSet", True),
    "daemonsets": ("apps", "v1", "DaemonSet", True),
    "jobs": ("batch", "v1", "Job", True),
    "cronjobs": ("batch", "v1", "CronJob", True),
    "mutatingwebhookconfigurations": (
        "admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", False),
    # Stored unchanged, for the objects of an installation.
    "serviceaccounts": ("", "v1", "ServiceAccount", True),
    "services": ("", "v1", "Service", True),
    "deployments": ("apps", "v1", "Deployment", True),
    "horizontalpodautoscalers": ("autoscaling", "v1", "HorizontalPodAutoscaler", True),
    "poddisruptionbudgets": ("policy", "v1", "PodDisruptionBudget", True),
    "networkpolicies": ("networking.k8s.io", "v1", "NetworkPolicy", True),
    "roles": ("rbac.authorization.k8s.io", "v1", "Role", True),
    "rolebindings": ("rbac.authorization.k8s.io", "v1", "RoleBinding", True),
    "clusterroles": ("rbac.authorization.k8s.io", "v1", "ClusterRole", False),
    "clusterrolebindings": ("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", False),
    "issuers": ("cert-manager.io", "v1", "Issuer", True),
    "certificates": ("cert-manager.io", "v1", "Certificate", True),
}


# A segment of a webhook's path.
SEGMENT = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
WEBHOOK = {"name", "clientConfig", "rules", "failurePolicy", "matchPolicy", "namespaceSelector", "objectSelector",
           "sideEffects", "timeoutSeconds", "admissionReviewVersions", "reinvocationPolicy", "matchConditions"}


class Problem(Exception):
    def __init__(self, code, reason, message, retry_after=None):
        super().__init__(message)
        self.code, self.reason, self.retry_after, self.continuation = code, reason, retry_after, None

    def status(self):
        details = {"retryAfterSeconds": self.retry_after} if self.retry_after else {}
        metadata = {"continue": self.continuation} if self.continuation else {}
        return {"kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
                "message": str(self), "reason": self.reason, "details": details, "code": self.code}


class Cluster:
    """The state of the server."""

    def __init__(self):
        self.lock = threading.Condition()
        self.objects = {}
        self.version = 100
        self.history = []          # (version, type, key, object)
        self.oldest = 0            # events up to there are forgotten
        self.tokens = {}
        self.rules = None          # None: everything is allowed
        self.failures = []         # answers to give instead of the next ones
        self.log = []
        self.last_log = []
        self.settings = {"bookmarks": True, "silent": False, "labelsNamespaces": True, "bookmarkSeconds": 0.2, "goneAsEvent": True, "version": "v1.33.2"}
        self.epoch = 0             # watches of an older epoch end
        self.expire_continue = 0

    def put(self, key, item):
        """Stores an object under a new resourceVersion."""
        with self.lock:
            self.version += 1
            old = self.objects.get(key)
            item = copy.deepcopy(item)
            meta = item.setdefault("metadata", {})
            meta["resourceVersion"] = str(self.version)
            meta.setdefault("uid", f"uid-{self.version}" if old is None else old["metadata"]["uid"])
            meta.setdefault("managedFields", [{"manager": "test", "operation": "Update", "fieldsType": "FieldsV1",
                                      "fieldsV1": {"f:data": {f"f:key{i}": {} for i in range(20)}}}])
            group, version, kind, _ = GROUPS[key[0]]
            item["kind"] = kind
            item["apiVersion"] = f"{group}/{version}" if group else version
            if kind == "Namespace" and self.settings["labelsNamespaces"]:
                meta.setdefault("labels", {}).setdefault("kubernetes.io/metadata.name", key[2])
            self.objects[key] = item
            self.history.append((self.version, "ADDED" if old is None else "MODIFIED", key, item))
            self.lock.notify_all()
            return item

    def remove(self, key):
        with self.lock:
            self.version += 1
            item = copy.deepcopy(self.objects.pop(key))
            item["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, "DELETED", key, item))
            self.lock.notify_all()

    def may(self, user, verb, resource, namespace, name):
        if self.rules is None:
            return True
        for rule in self.rules:
            if rule.get("user") not in (None, user):
                continue
            if rule.get("namespace") not in (None, namespace):
                continue
            names = rule.get("resourceNames") or []
            if verb in rule["verbs"] and resource in rule["resources"] and \
                    GROUPS[resource][0] in rule["apiGroups"] and (not names or name in names):
                return True
        return False


def merge(old, new):
    """RFC 7396."""
    if not isinstance(new, dict):
        return new
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(old, new, key=""):
    """Enough of the strategic merge: `webhooks` are merged by name, everything else as in RFC 7396."""
    if key == "webhooks" and isinstance(old, list):
        result = copy.deepcopy(old)
        for item in new:
            for index, known in enumerate(result):
                if known["name"] == item["name"]:
                    result[index] = strategic(known, item)
                    break
            else:
                result.append(item)
        return result
    if isinstance(old, dict) and isinstance(new, dict):
        result = dict(old)
        for name, value in new.items():
            if value is None:
                result.pop(name, None)
            else:
                result[name] = strategic(old.get(name), value, name)
        return result
    return new


def json_patch(item, operations):
    """The operations add, replace, remove and test of RFC 6902."""
    item = copy.deepcopy(item)
    for operation in operations:
        parts = [p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]]
        parent = item
        for part in parts[:-1]:
            parent = parent[int(part)] if isinstance(parent, list) else parent[part]
        last = int(parts[-1]) if isinstance(parent, list) else parts[-1]
        if operation["op"] == "test":
            if parent[last] != operation["value"]:
                raise Problem(422, "Invalid", "the server rejected our request due to an error in our request")
        elif operation["op"] == "remove":
            del parent[last]
        else:
            parent[last] = operation["value"]
    return item


def check(resource, old, new):
    """Raises for objects that a real server refuses."""
    if resource == "secrets":
        if old is not None and old.get("type", "Opaque") != new.get("type", "Opaque"):
            raise Problem(422, "Invalid", f'Secret "{new["metadata"]["name"]}" is invalid: type: field is immutable')
        if new.get("type") == "kubernetes.io/tls":
            for name in ("tls.crt", "tls.key"):
                if name not in (new.get("data") or {}):
                    raise Problem(422, "Invalid", f"Secret is invalid: data[{name}]: Required value")
        for value in (new.get("data") or {}).values():
            base64.b64decode(value, validate=True)
    if resource == "mutatingwebhookconfigurations":
        for hook in new.get("webhooks") or []:
            if "sideEffects" not in hook or "clientConfig" not in hook:
                raise Problem(422, "Invalid", f'webhook {hook.get("name")} is invalid')
            path = (hook["clientConfig"].get("service") or {}).get("path")
            url = hook["clientConfig"].get("url")
            if url and ("?" in url or "#" in url):
                raise Problem(422, "Invalid", "clientConfig.url: query parameters and fragments are not permitted")
            if path in (None, "", "/"):
                continue
            steps = (path[1:-1] if path.endswith("/") else path[1:]).split("/")
            if not path.startswith("/") or not all(len(s) <= 253 and SEGMENT.fullmatch(s) for s in steps):
                raise Problem(422, "Invalid", f"clientConfig.service.path: Invalid value: {path}: segments are "
                              "lower case RFC 1123 subdomains")
            unknown = set(hook) - WEBHOOK
            if unknown:
                raise Problem(400, "BadRequest", f"strict decoding error: unknown field {sorted(unknown)}")


cluster = Cluster()


class API(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def setup(self):
        self.request.settimeout(30)
        super().setup()
        self.server.connections.add(self.request)

    def finish(self):
        self.server.connections.discard(self.request)
        try:
            super().finish()
        except OSError:
            pass

    def user(self):
        bearer = self.headers.get("Authorization", "")
        if bearer.startswith("Bearer "):
            with cluster.lock:
                return cluster.tokens.get(bearer[7:])
        if bearer.startswith("Basic "):
            return base64.b64decode(bearer[6:]).decode().split(":")[0]
        certificate = self.request.getpeercert()
        for part in (certificate or {}).get("subject", ()):
            for name, value in part:
                if name == "commonName":
                    return value
        return None

    def answer(self, code, value, retry_after=None):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after:
            self.send_header("Retry-After", str(retry_after))
        self.end_headers()
        self.wfile.write(body)

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        user = self.user()
        with cluster.lock:
            cluster.log.append({"method": self.command, "path": self.path, "user": user,
                                "host": self.headers.get("Host"), "accept": self.headers.get("Accept"),
                                "impersonate": self.headers.get("Impersonate-User"),
                                "type": self.headers.get("Content-Type"), "from": self.client_address[1]})
            failure = cluster.failures.pop(0) if cluster.failures else None
        try:
            if failure and failure.get("cut"):
                self.request.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            if failure and "raw" in failure:
                body = failure["raw"].encode()
                self.send_response(failure["status"])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            if failure:
                raise Problem(failure["status"], failure.get("reason", "InternalError"),
                              failure.get("message", "told to fail"), failure.get("retryAfter"))
            if user is None:
                raise Problem(401, "Unauthorized", "Unauthorized")
            self.route(user, body)
        except Problem as problem:
            self.answer(problem.code, problem.status(), problem.retry_after)
        except (BrokenPipeError, ConnectionError, ssl.SSLError, OSError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one

    def route(self, user, body):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        found = self.discovery(parts)
        if found is not None:
            return self.answer(200, found)
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        namespace = None
        if len(rest) >= 3 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        resource, name = (rest + [None])[0], (rest[1] if len(rest) > 1 else None)
        if resource not in GROUPS or parts[:-len(rest)] != self.prefix(GROUPS[resource], namespace):
            raise Problem(404, "NotFound", "the server could not find the requested resource")
        selected = name
        selector = query.get("fieldSelector", "")
        if name is None and selector.startswith("metadata.name="):
            selected = selector[len("metadata.name="):]
        is_watch = query.get("watch") in ("true", "1")
        verb = {"GET": "get" if name else ("watch" if is_watch else "list"), "POST": "create", "PUT": "update",
                "PATCH": "patch", "DELETE": "delete"}[self.command]
        if not cluster.may(user, verb, resource, namespace, selected if verb != "create" else None):
            quoted = f'{resource} "{selected}"' if selected and verb != "create" else resource
            group = GROUPS[resource][0]
            where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
            raise Problem(403, "Forbidden", f'{quoted if not group else quoted.replace(resource, resource + "." + group)}'
                          f' is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {where}')
        key = (resource, namespace, name)
        if verb == "watch":
            return self.watch(resource, namespace, selected, query)
        if verb == "list":
            return self.list(resource, namespace, selected, query)
        self.answer(201 if verb == "create" else 200, self.change(verb, key, body))

    def change(self, verb, key, body):
        resource, namespace, name = key
        missing = Problem(404, "NotFound", f'{resource} "{name}" not found')
        with cluster.lock:
            old = cluster.objects.get(key)
            if verb == "get":
                if old is None:
                    raise missing
                return old
            if verb == "delete":
                if old is None:
                    raise missing
                cluster.remove(key)
                return old
            new = json.loads(body)
            if verb == "create":
                name = new["metadata"]["name"]
                key = (resource, namespace, name)
                if key in cluster.objects:
                    raise Problem(409, "AlreadyExists", f'{resource} "{name}" already exists')
                check(resource, None, new)
                new["metadata"]["namespace"] = namespace
                return cluster.put(key, new)
            if old is None:
                raise missing
            if verb == "patch":
                patch = {"application/merge-patch+json": merge, "application/strategic-merge-patch+json": strategic,
                         "application/json-patch+json": json_patch}.get(self.headers.get("Content-Type"))
                if patch is None:
                    raise Problem(415, "UnsupportedMediaType", "the body of the request was in an unknown format")
                new = patch(old, new)
            wanted = new["metadata"].get("resourceVersion")
            if wanted not in (None, "", old["metadata"]["resourceVersion"]):
                raise Problem(409, "Conflict", f'Operation cannot be fulfilled on {resource} "{name}": the object has '
                              "been modified; please apply your changes to the latest version and try again")
            check(resource, old, new)
            return old if new == old else cluster.put(key, new)

    @staticmethod
    def prefix(kind, namespace):
        """The path before a resource's name."""
        group, version, _, _ = kind
        before = ["apis", group, version] if group else ["api", version]
        return before + (["namespaces", namespace] if namespace else [])

    def keys(self, resource, namespace, name):
        return sorted(k for k in cluster.objects
                      if k[0] == resource and namespace in (None, k[1]) and name in (None, k[2]))

    @staticmethod
    def is_selected(item, query):
        """Selectors of labels, and of fields at the top of an object, by equality."""
        pairs = [p.split("=", 1) for p in query.get("labelSelector", "").split(",") if p]
        labels = item["metadata"].get("labels") or {}
        fields = [p.split("=", 1) for p in query.get("fieldSelector", "").split(",") if p]
        return all(labels.get(k) == v for k, v in pairs) and \
            all(item.get(k) == v for k, v in fields if "." not in k)

    def list(self, resource, namespace, name, query):
        group, version, kind, _ = GROUPS[resource]
        with cluster.lock:
            keys = [k for k in self.keys(resource, namespace, name) if self.is_selected(cluster.objects[k], query)]
            start = 0
            if "continue" in query:
                if cluster.expire_continue > 0:
                    cluster.expire_continue -= 1
                    problem = Problem(410, "Expired", "The provided continue parameter is too old")
                    if cluster.settings.get("offersRest"):
                        problem.continuation = query["continue"]
                    raise problem
                after = tuple(json.loads(base64.b64decode(query["continue"])))
                start = next((i for i, k in enumerate(keys) if k > after), len(keys))
            limit = int(query.get("limit") or 0) or len(keys) + 1
            limit = min(limit, cluster.settings.get("mostItems", limit))
            page = keys[start:start + limit]
            meta = {"resourceVersion": str(cluster.version)}
            if start + limit < len(keys):
                meta["continue"] = base64.b64encode(json.dumps(page[-1]).encode()).decode()
            items = [cluster.objects[k] for k in page]
        self.answer(200, {"kind": kind + "List", "apiVersion": f"{group}/{version}" if group else version,
                          "metadata": meta, "items": items})

    def watch(self, resource, namespace, name, query):
        with cluster.lock:
            position = int(query.get("resourceVersion") or cluster.version)
            epoch = cluster.epoch
            is_gone = position < cluster.oldest
            if is_gone and not cluster.settings["goneAsEvent"]:
                raise Problem(410, "Expired", f"too old resource version: {position} ({cluster.version})")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if is_gone:
            problem = Problem(410, "Expired", f"too old resource version: {position} ({cluster.version})")
            self.event("ERROR", problem.status())
            return self.end_watch()
        end = time.monotonic() + float(query.get("timeoutSeconds") or 300)
        wants_bookmarks = query.get("allowWatchBookmarks") == "true"
        while time.monotonic() < end or cluster.settings["silent"]:
            with cluster.lock:
                if cluster.epoch != epoch:
                    return
                seconds = cluster.settings["bookmarkSeconds"]
                fresh = [e for e in cluster.history if e[0] > position]
                if not fresh:
                    cluster.lock.wait(seconds)
                    fresh = [e for e in cluster.history if e[0] > position]
                if cluster.epoch != epoch:
                    return
                current = cluster.version
                silent = cluster.settings["silent"]
            if silent:
                # Like a firewall that forgot the connection: sends nothing, and does not close it.
                time.sleep(0.05)
                continue
            for version, kind, key, item in fresh:
                position = version
                if key[0] == resource and namespace in (None, key[1]) and name in (None, key[2]):
                    self.event(kind, item)
            if not fresh and wants_bookmarks and cluster.settings["bookmarks"]:
                group, version, kind, _ = GROUPS[resource]
                self.event("BOOKMARK", {"kind": kind, "apiVersion": version,
                                        "metadata": {"resourceVersion": str(max(position, current))}})
        self.end_watch()

    def event(self, kind, item):
        line = json.dumps({"type": kind, "object": item}).encode() + b"\n"
        # In two chunks, because a line can be split.
        half = len(line) // 2
        for part in (line[:half], line[half:]):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.flush()

    def end_watch(self):
        self.wfile.write(b"0\r\n\r\n")

    def discovery(self, parts):
        if parts == ["version"]:
            version = cluster.settings["version"]
            major, minor = version.lstrip("v").split(".")[:2]
            return {"major": major, "minor": minor, "gitVersion": version}
        if parts == ["api"]:
            return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
        groups = sorted({g for g, _, _, _ in GROUPS.values() if g})
        if parts == ["apis"]:
            versions = [{"groupVersion": f"{g}/v1", "version": "v1"} for g in groups]
            return {"kind": "APIGroupList", "apiVersion": "v1",
                    "groups": [{"name": g, "versions": [v], "preferredVersion": v}
                               for g, v in zip(groups, versions)]}
        if parts == ["api", "v1"] or parts in [["apis", g, "v1"] for g in groups]:
            group = "" if parts[0] == "api" else parts[1]
            verbs = ["get", "list", "watch", "create", "update", "patch", "delete"]
            return {"kind": "APIResourceList", "apiVersion": "v1",
                    "groupVersion": f"{group}/v1" if group else "v1",
                    "resources": [{"name": r, "singularName": k.lower(), "namespaced": n, "kind": k, "verbs": verbs}
                                  for r, (g, _, k, n) in GROUPS.items() if g == group]}
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, handler, context=None):
        self.connections = set()
        self.context = context
        super().__init__(address, handler)

    def get_request(self):
        connection, address = super().get_request()
        if self.context:
            # The connection's own thread does the handshake.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, address):
        pass

    def cut(self):
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Control(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        value = getattr(self, "control_" + self.path.strip("/"))(body) or {}
        answer = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def control_put(self, body):
        return cluster.put((body["resource"], body.get("namespace"), body["object"]["metadata"]["name"]), body["object"])

    def control_get(self, body):
        with cluster.lock:
            return cluster.objects.get((body["resource"], body.get("namespace"), body["name"]))

    def control_remove(self, body):
        cluster.remove((body["resource"], body.get("namespace"), body["name"]))

    def control_tokens(self, body):
        with cluster.lock:
            cluster.tokens = body

    def control_rules(self, body):
        with cluster.lock:
            cluster.rules = body

    def control_fail(self, body):
        with cluster.lock:
            cluster.failures = body

    def control_settings(self, body):
        with cluster.lock:
            cluster.settings.update(body)

    def control_expire(self, body):
        with cluster.lock:
            cluster.expire_continue = body

    def control_cut(self, body):
        servers["api"].cut()

    def control_forget(self, body):
        """Forgets all history: watches end, and resuming them gives 410."""
        with cluster.lock:
            cluster.version += 1
            cluster.oldest = cluster.version
            cluster.history.clear()
            cluster.epoch += 1
            cluster.lock.notify_all()
        servers["api"].cut()

    def control_restart(self, body):
        """Stops listening for that many seconds."""
        old = servers["api"]
        old.shutdown()
        old.server_close()
        with cluster.lock:
            cluster.epoch += 1
            cluster.lock.notify_all()
        old.cut()
        time.sleep(body["seconds"])
        start("api", API, old.context, old.server_address[1])

    def control_connections(self, body):
        """The number of connections of the requests in the last log that was taken."""
        with cluster.lock:
            return {"count": len({request["from"] for request in cluster.last_log})}

    def control_log(self, body):
        with cluster.lock:
            log, cluster.log, cluster.last_log = cluster.log, [], cluster.log
        return {"requests": log, "proxied": list(proxied)}


proxied = []


def proxy(listener):
    """A proxy that supports CONNECT only."""
    def pump(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve(client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        target = head.split(b" ")[1].decode()
        proxied.append(target)
        host, port = target.rsplit(":", 1)
        upstream = socket.create_connection((host.strip("[]"), int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=pump, args=(upstream, client), daemon=True).start()
        pump(client, upstream)

    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


servers = {}


def start(name, handler, context=None, port=0):
    server = Server(("127.0.0.1", port), handler, context)
    servers[name] = server
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server.server_address[1]


def certificates(folder):
    """Creates an authority, the server's certificate and a client's."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=test authority",
            "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
    names = "subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc"
    for name, subject, extension in (("server", "/CN=api", names),
                                     ("client", "/O=testers/CN=tester", "extendedKeyUsage=clientAuth")):
        with open(os.path.join(folder, name + ".ext"), "w") as file:
            file.write(extension + "\n")
        openssl("req", *curve, "-keyout", name + ".key", "-out", name + ".csr", "-subj", subject)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", name + ".ext", "-out", name + ".crt")


def main():
    # The test process may have blocked the signal that ends this one.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    folder = sys.argv[1]
    certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(os.path.join(folder, "server.crt"), os.path.join(folder, "server.key"))
    context.load_verify_locations(os.path.join(folder, "ca.crt"))
    context.verify_mode = ssl.CERT_OPTIONAL
    # Like a real server, offers HTTP/2 to clients that request it, which these tests must not do.
    context.set_alpn_protocols(["http/1.1"])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=proxy, args=(listener,), daemon=True).start()
    ports = {"port": start("api", API, context), "control": start("control", Control),
             "proxy": listener.getsockname()[1]}
    print(json.dumps(ports), flush=True)
    # Ends with the process that started it.
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


main()
