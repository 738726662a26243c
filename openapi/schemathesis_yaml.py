"""Bodies in YAML, as schemathesis sends them: texts in quotes.

To YAML 1.1, which Kubernetes reads, a bare N, y or 0o7 is no text; the generator's own writer leaves them bare, and a server
that then finds a boolean where a text is wanted is right to refuse it.
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
