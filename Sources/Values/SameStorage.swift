extension Array {
    /// Whether both arrays share storage, and so are equal. Arrays with different storage may be equal too.
    ///
    /// Unchanged parts usually share storage, so that 2,000 unchanged variables of a pod need not be compared.
    @inlinable
    public func isSameStorage(as other: [Element]) -> Bool {
        count == other.count
            && withUnsafeBufferPointer { own in
                other.withUnsafeBufferPointer { own.baseAddress == $0.baseAddress }
            }
    }
}
