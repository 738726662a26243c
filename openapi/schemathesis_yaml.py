"""Writes bodies in YAML for schemathesis, with all strings quoted.

In YAML 1.1, which Kubernetes reads, an unquoted N, y or 0o7 is not a string. schemathesis' own writer does not quote
them, and a server that finds a boolean instead of a string is right to refuse it.
"""
import schemathesis
import yaml


class Quoting(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


@schemathesis.serializer("application/yaml", "application/x-yaml", "text/yaml")
def quoted(ctx, value):
    if isinstance(value, bytes):
        return value
    return yaml.dump(value, Dumper=Quoting).encode()
