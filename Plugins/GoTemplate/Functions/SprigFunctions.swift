/// The set `sprig`: the functions of sprig 3.3.0.
///
/// What comes in: values of the engine. What goes out: values and errors as sprig gives them. What it doesn't do: the
/// functions that make certificates and private keys (genCA, genPrivateKey, genSelfSignedCert, genSignedCert,
/// buildCustomCert and their like) are not there. The functions of clock, chance and network are marked impure, and
/// a template finds them only where its options allow that.
public enum SprigFunctions {
    public static let set = FunctionSet(name: "sprig", origin: "sprig 3.3.0", functions: functions)

    private static let functions =
        SprigStrings.functions + SprigMath.functions + SprigLists.functions + SprigDicts.functions
        + SprigDefaults.functions + SprigDates.functions + SprigRegex.functions + SprigEncodings.functions
        + SprigImpure.functions
}
