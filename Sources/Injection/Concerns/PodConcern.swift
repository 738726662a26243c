/// One change that an injection makes to a pod besides adding the rendered parts, and how it is undone.
///
/// `ConcernOrder` lists the concerns of each form in the order in which they are applied. A new concern is a file in
/// this folder and a row in each list that it belongs to.
protocol PodConcern: Sendable {
    /// Changes the data of the templates before they are rendered. Most concerns do nothing here.
    func prepare(_ work: inout PodWork)

    /// Changes the pod after the rendered parts were added.
    func apply(to work: inout PodWork) throws(InjectionError)

    /// Undoes an earlier `apply`, for a pod that is injected again and for one whose injection is removed.
    ///
    /// Every concern must implement it. If nothing needs to be undone, the body is empty, with a comment that gives the
    /// reason.
    func undo(in undoing: inout PodUndoing) throws(InjectionError)
}

extension PodConcern {
    func prepare(_ work: inout PodWork) {}
}
