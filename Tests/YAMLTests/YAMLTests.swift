import Testing
import Values
import YAML

@Suite("Reading and writing YAML")
struct YAMLTests {
    @Test("a manifest is written as go-yaml writes it")
    func manifest() throws {
        let text = """
            kind: Pod
            apiVersion: v1
            spec:
                containers:
                  - name: a
                    args: ["--x", 'y', "1"]
                    env: [{name: A, value: "yes"}]
                  - {name: b, ports: []}
                volumes: {}
            metadata: {name: "x", labels: {a10: q, a2: 'w'}}

            """
        let value = try YAMLReader.value(text)
        #expect(
            YAMLWriter.text(value) == """
                apiVersion: v1
                kind: Pod
                metadata:
                  labels:
                    a2: w
                    a10: q
                  name: x
                spec:
                  containers:
                  - args:
                    - --x
                    - "y"
                    - "1"
                    env:
                    - name: A
                      value: "yes"
                    name: a
                  - name: b
                    ports: []
                  volumes: {}

                """)
    }
}
