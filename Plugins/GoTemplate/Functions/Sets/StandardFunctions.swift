/// The default function sets of a renderer.
public enum StandardFunctions {
    public static let all: [FunctionSet] = [
        SprigFunctions.set, InjectionFunctions.set, InjectionFunctions.classicSet, HelmFunctions.set,
    ]
}
