import Glibc
import System
import Values

/// Checks a library's file before it is opened, because anyone who can write to it could run code in this process.
enum PluginFile {
    /// The maximum number of libraries in a folder, more than any installation has. A folder with more is not a plugin
    /// folder.
    static let mostLibraries = 256

    /// Returns the paths of the folder's `*.so` files, sorted.
    static func libraries(in folder: String) throws(PluginRefusal) -> [String] {
        guard let resolved = File.resolved(folder) else {
            throw PluginRefusal(path: folder, reason: "it is not there: \(systemMessage())")
        }
        try checkFolder(resolved, shown: folder)
        do throws(FileError) {
            return try Folder.names(in: resolved, atMost: mostLibraries) { $0.ends(with: ".so") }
                .map { "\(folder)/\($0)" }
        } catch {
            throw PluginRefusal(path: folder, reason: "it cannot be used: \(error.reason)")
        }
    }

    /// Checks that neither the file nor any folder above it is writable by everybody, and that the file belongs to root
    /// or to the user that runs the program.
    static func check(_ path: String) throws(PluginRefusal) {
        guard let resolved = File.resolved(path) else {
            throw PluginRefusal(path: path, reason: "it is not there: \(systemMessage())")
        }
        guard let status = status(of: resolved), status.st_mode & S_IFMT == S_IFREG else {
            throw PluginRefusal(path: path, reason: "it is not a file")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw PluginRefusal(
                path: path, reason: "the file may be written by others: take that away (chmod o-w)")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw PluginRefusal(
                path: path,
                reason:
                    "the file belongs to user \(status.st_uid), and should to root or the user that runs pillion"
            )
        }
        try checkFolder(parent(of: resolved), shown: path)
    }

    private static func checkFolder(_ folder: String, shown path: String) throws(PluginRefusal) {
        var folder = folder
        var isNearest = true
        while true {
            guard let status = status(of: folder), status.st_mode & S_IFMT == S_IFDIR else {
                throw PluginRefusal(path: path, reason: "\(folder) is not a folder")
            }
            // The sticky bit of a folder further up, such as /tmp, prevents others from replacing the folders in it.
            let isGuarded = !isNearest && status.st_mode & S_ISVTX != 0
            guard status.st_mode & S_IWOTH == 0 || isGuarded else {
                throw PluginRefusal(
                    path: path,
                    reason: "the folder \(folder) may be written by others: take that away (chmod o-w)")
            }
            if folder == "/" { return }
            folder = parent(of: folder)
            isNearest = false
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")), slash > path.startIndex else {
            return "/"
        }
        return String(path[..<slash])
    }
}
