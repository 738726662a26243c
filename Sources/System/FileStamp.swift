import Glibc

/// The metadata of a file. If its content changes, at least one member changes.
public struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64
    public let isFolder: Bool

    /// Reads the metadata, following links; nil if nothing exists at the path.
    public init?(_ path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        device = UInt64(information.st_dev)
        number = UInt64(information.st_ino)
        isFolder = information.st_mode & S_IFMT == S_IFDIR
        size = isFolder ? 0 : Int64(information.st_size)
        // The change time is used, because a change cannot be hidden by restoring the old modification time.
        seconds = Int64(information.st_ctim.tv_sec)
        nanoseconds = Int64(information.st_ctim.tv_nsec)
    }
}
