import Glibc

/// Descriptors 0 to 2 of the process.
public enum StandardDescriptors {
    /// Opens /dev/null for those that the process was started without. Otherwise the first socket gets such a number, and
    /// what is meant for standard error goes to a client.
    public static func fill() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }
}
