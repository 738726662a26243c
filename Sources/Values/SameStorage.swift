extension Array {
    /// Whether both arrays are the same memory, and so equal. Arrays in different memory may be equal too.
    ///
    /// What nobody changed is mostly the same storage: a pod's 2,000 variables need not be compared.
    @inlinable
    public func isSameStorage(as other: [Element]) -> Bool {
        count == other.count
            && withUnsafeBufferPointer { own in
                other.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress }
            }
    }
}
