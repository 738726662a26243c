import Glibc

/// What the system says of a file without reading it: changed content changes at least one member.
public struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64
    public let isFolder: Bool

    /// nil if there is nothing at the path; links are followed.
    public init?(_ path: String) {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        device = UInt64(information.st_dev)
        number = UInt64(information.st_ino)
        isFolder = information.st_mode & S_IFMT == S_IFDIR
        size = isFolder ? 0 : Int64(information.st_size)
        // The change time: writing back an old modification time does not hide a change.
        seconds = Int64(information.st_ctim.tv_sec)
        nanoseconds = Int64(information.st_ctim.tv_nsec)
    }
}
