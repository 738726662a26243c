// Measures each part of Pillion alone, and prints a table in Markdown.
//
//     pillion-bench FOLDER [NAME ...]
//
// FOLDER is what scripts/bench-inputs prints: configurations, a review for them, templates with their data. With names,
// runs only measurements whose name contains one of them. Times are CPU time of one thread; allocations are counted in
// this process.

import Glibc

let arguments = CommandLine.arguments.dropFirst()
guard let folder = arguments.first else {
    complain("usage: pillion-bench FOLDER [NAME ...]\n")
    exit(2)
}
let wanted = Array(arguments.dropFirst())

print("| what | least µs | median µs | bytes allocated | allocations |")
print("| --- | ---: | ---: | ---: | ---: |")
do {
    try measureAll(Inputs(folder: folder)) { name, body in
        guard wanted.isEmpty || wanted.contains(where: { name.contains($0) }) else { return }
        print(row(try measure(name, body)))
        fflush(nil)
    }
} catch {
    complain("pillion-bench: \(error)\n")
    exit(1)
}

func row(_ measurement: Measurement) -> String {
    let least = microseconds(measurement.leastNanoseconds)
    let median = microseconds(measurement.medianNanoseconds)
    return
        "| \(measurement.name) | \(least) | \(median) | \(measurement.allocatedBytes) | \(measurement.allocations) |"
}

/// Formats a number with one decimal.
func microseconds(_ nanoseconds: Double) -> String {
    let tenths = Int((nanoseconds / 100).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

func complain(_ message: String) {
    var message = message
    message.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
