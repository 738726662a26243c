/// The function sets that a renderer offers where it is given no others.
public enum StandardFunctions {
    public static let all: [FunctionSet] = [
        SprigFunctions.set, InjectionFunctions.set, InjectionFunctions.classicSet, HelmFunctions.set,
    ]
}
