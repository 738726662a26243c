import Glibc

/// Descriptors 0 to 2 of the process.
public enum StandardDescriptors {
    /// Opens /dev/null for those that are not open. Otherwise the first socket would get one of these numbers, and
    /// output for standard error would be sent to a client.
    public static func fill() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }
}
