import GoTemplate
import Values

/// The functions that the recorded cases with the tag `test-funcs` call, under the name `test`.
enum OracleFunctions {
    static let set = FunctionSet(
        name: "test", origin: "tests",
        functions: [
            TemplateFunction("add", "func(...int) int") { (arguments, _) throws(FunctionError) in
                .int(arguments.reduce(0) { if case .int(let number) = $1 { $0 &+ number } else { $0 } })
            },
            TemplateFunction("die", "func() bool") { (_, _) throws(FunctionError) in
                throw FunctionError.message("die")
            },
            TemplateFunction("fail2", "func(string) (string, error)") {
                (arguments, _) throws(FunctionError) in
                throw FunctionError.message(arguments[0].stringText ?? "")
            },
            TemplateFunction("echo", "func(any) any") { (arguments, _) throws(FunctionError) in arguments[0]
            },
            TemplateFunction("typeOf", "func(any) string") { (arguments, _) throws(FunctionError) in
                .string(arguments[0].typeName)
            },
            TemplateFunction("oneArg", "func(string) string") { (arguments, _) throws(FunctionError) in
                .string("oneArg=" + (arguments[0].stringText ?? ""))
            },
            TemplateFunction("twoArgs", "func(a, b string) string") { (arguments, _) throws(FunctionError) in
                .string("twoArgs=" + (arguments[0].stringText ?? "") + (arguments[1].stringText ?? ""))
            },
            TemplateFunction("dddArg", "func(a int, b ...string) string") {
                (arguments, _) throws(FunctionError) in
                .string(
                    "\(GoFormat.text(arguments[0])) \(GoFormat.text(.list(Array(arguments.dropFirst()))))\n")
            },
            TemplateFunction("zeroArgs", "func() string") { (_, _) throws(FunctionError) in
                .string("zeroArgs")
            },
            TemplateFunction("makemap", "func(...string) map[string]string") {
                (arguments, _) throws(FunctionError) in
                guard arguments.count % 2 == 0 else { throw FunctionError.message("bad makemap") }
                let map = GoMap(type: .stringMap)
                for index in stride(from: 0, to: arguments.count, by: 2) {
                    map[arguments[index].stringText ?? ""] = arguments[index + 1]
                }
                return .map(map)
            },
            TemplateFunction("mapOfThree", "func() any") { (_, _) throws(FunctionError) in
                .map(GoMap([("three", .int(3))], type: .map(of: .int)))
            },
            TemplateFunction("returnInt", "func() int") { (_, _) throws(FunctionError) in .int(7) },
            TemplateFunction("valueString", "func(string) string") { (_, _) throws(FunctionError) in
                .string("value is ignored")
            },
            TemplateFunction("toFloat", "func(float64) float64") { (arguments, _) throws(FunctionError) in
                arguments[0]
            },
            TemplateFunction("toInt", "func(int) int") { (arguments, _) throws(FunctionError) in arguments[0]
            },
            TemplateFunction("toBool", "func(bool) bool") { (arguments, _) throws(FunctionError) in
                arguments[0]
            },
            TemplateFunction("listOf", "func(...any) []any") { (arguments, _) throws(FunctionError) in
                .list(arguments)
            },
            TemplateFunction("mapGet", "func(m map[string]any, k string) any") {
                (arguments, _) throws(FunctionError) in
                guard case .object(let object) = arguments[0] else { return .none }
                return object[arguments[1].stringText ?? ""].map { GoValue($0) } ?? .none
            },
            TemplateFunction("listLen", "func([]any) int") { (arguments, _) throws(FunctionError) in
                .int(arguments[0].items?.count ?? 0)
            },
        ])
}
