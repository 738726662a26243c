/// Names that Istio gives to containers.
enum ContainerName {
    static let proxy = "istio-proxy"
    static let initialisation = "istio-init"
    static let validation = "istio-validation"
    static let coreDump = "enable-core-dump"
}
