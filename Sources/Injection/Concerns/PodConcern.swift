/// One thing that an injection does to a pod besides adding what the templates rendered, and its way back.
///
/// `ConcernOrder` lists the concerns of each form in the order in which they are applied. A new concern is a file in
/// this folder and a row in each list that it belongs to.
protocol PodConcern: Sendable {
    /// Changes what the templates see, before they are rendered. Most concerns do nothing here.
    func prepare(_ work: inout PodWork)

    /// Changes the pod, which holds by now what the templates rendered.
    func apply(to work: inout PodWork) throws(InjectionError)

    /// Takes an earlier `apply` back, for a pod that is injected again and for one whose injection is taken out.
    ///
    /// Every concern has to say what that means for it. One that leaves nothing behind has an empty body, and a
    /// comment why.
    func undo(in undoing: inout PodUndoing) throws(InjectionError)
}

extension PodConcern {
    func prepare(_ work: inout PodWork) {}
}
