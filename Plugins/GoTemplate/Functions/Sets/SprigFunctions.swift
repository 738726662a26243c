/// The set `sprig`: the functions of sprig 3.3.0.
///
/// Functions take values of the engine, and return values and errors as sprig does. Functions that use the clock,
/// randomness, certificates or the network are marked impure, and are only available to a template if its options allow
/// that.
public enum SprigFunctions {
    public static let set = FunctionSet(name: "sprig", origin: "sprig 3.3.0", functions: functions)

    private static let functions = [
        SprigStrings.functions, SprigMath.functions, SprigLists.functions, SprigDicts.functions,
        SprigDefaults.functions, SprigDates.functions, SprigRegex.functions, SprigEncodings.functions,
        SprigImpure.functions, SprigCertificates.functions,
    ].flatMap { $0 }
}
