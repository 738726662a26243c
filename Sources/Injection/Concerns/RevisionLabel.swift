/// Sets the label with the injector's revision.
struct RevisionLabel: PodConcern {
    func apply(to work: inout PodWork) {
        let revision = work.snapshot.options.revision
        if work.isReview {
            work.pod.setLabelIfUnset(MetadataKey.revision, revision)
        } else {
            work.pod.setLabel(MetadataKey.revision, revision)
        }
    }

    func undo(in undoing: inout PodUndoing) {
        // A label with another revision is the user's own.
        if let configuration = undoing.configuration,
            undoing.pod.label(MetadataKey.revision) != configuration.options.revision
        {
            return
        }
        undoing.pod.removeLabel(MetadataKey.revision)
    }
}
