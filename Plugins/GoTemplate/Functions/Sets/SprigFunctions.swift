/// The set `sprig`: the functions of sprig 3.3.0.
///
/// What comes in: values of the engine. What goes out: values and errors as sprig gives them. The functions of clock,
/// chance, certificates and network are marked impure, and a template finds them only where its options allow that.
public enum SprigFunctions {
    public static let set = FunctionSet(name: "sprig", origin: "sprig 3.3.0", functions: functions)

    private static let functions = [
        SprigStrings.functions, SprigMath.functions, SprigLists.functions, SprigDicts.functions,
        SprigDefaults.functions, SprigDates.functions, SprigRegex.functions, SprigEncodings.functions,
        SprigImpure.functions, SprigCertificates.functions,
    ].flatMap { $0 }
}
