import System
import Values

/// The files of `-f`. Folders are replaced by the manifests in them, in byte order of their names.
struct ManifestPaths {
    private(set) var paths: [String] = []
    /// The files in folders that are skipped.
    private var others: [String] = []
    private var hidden: [String] = []
    private var folders: [String] = []

    private let isRecursive: Bool
    private let includesHidden: Bool

    /// The largest depth of folders within folders: a deeper one is a cycle of links.
    private static let maximumDepth = 32
    /// The largest number of files in one run, including skipped ones.
    private static let maximumFiles = 1_000_000

    /// Collects the files of `-f`, `-R` and `--hidden`.
    init(_ arguments: Arguments) throws {
        let given = arguments.list("filename")
        isRecursive = try arguments.flag("recursive")
        includesHidden = try arguments.flag("hidden")
        guard !given.isEmpty else {
            throw UsageError("expected a manifest: -f FILE, or -f - for standard input")
        }
        guard given.filter({ $0 == "-" }).count <= 1 else { throw UsageError("-f - is given more than once") }
        for path in given {
            guard path != "-", Folder.exists(path) else {
                paths.append(path)
                continue
            }
            let before = paths.count
            try collect(path, depth: 0)
            guard paths.count > before else {
                let left = skipped.map { "; \($0)" } ?? ""
                throw Failure("\(path): holds no *.yaml, *.yml or *.json\(left)")
            }
        }
    }

    /// The skipped files, in a sentence; nil for none.
    var skipped: String? {
        var parts: [String] = []
        if !others.isEmpty {
            let what = "that is not *.yaml, *.yml or *.json"
            parts.append(Self.counted(others, "file \(what)", "files \(what)"))
        }
        if !hidden.isEmpty {
            parts.append(Self.counted(hidden, "hidden one", "hidden ones") + " (--hidden includes them)")
        }
        if !folders.isEmpty {
            parts.append(Self.counted(folders, "folder", "folders") + " (-R includes them)")
        }
        return parts.isEmpty ? nil : "left out " + parts.joined(separator: ", ")
    }

    /// The largest number of names in a message.
    private static let shownNames = 3

    private static func counted(_ names: [String], _ one: String, _ many: String) -> String {
        let shown = names.prefix(shownNames).joined(separator: ", ")
        return
            "\(names.count) \(names.count == 1 ? one : many): \(shown)\(names.count > shownNames ? ", …" : "")"
    }

    private mutating func collect(_ folder: String, depth: Int) throws {
        let entries: [Folder.Entry]
        do throws(FileError) {
            entries = try Folder.entries(in: folder, atMost: Self.maximumFiles)
        } catch {
            throw Failure(error.description)
        }
        let start = folder.ends(with: "/") ? folder : folder + "/"
        for entry in entries {
            let (name, isFolder) = (entry.name, entry.isFolder)
            let path = start + name
            let isManifest = name.ends(with: ".yaml") || name.ends(with: ".yml") || name.ends(with: ".json")
            if name.begins(with: "."), !includesHidden {
                // A hidden file of another kind would not be read either way.
                if isFolder || isManifest { hidden.append(path) }
            } else if isFolder {
                if isRecursive, depth < Self.maximumDepth {
                    try collect(path, depth: depth + 1)
                } else {
                    folders.append(path)
                }
            } else if isManifest {
                paths.append(path)
            } else {
                others.append(path)
            }
            guard paths.count + others.count + hidden.count + folders.count <= Self.maximumFiles else {
                throw Failure("\(folder): found more than \(Self.maximumFiles) files, expected at most that")
            }
        }
    }
}
