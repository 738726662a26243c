import PluginAPI
import Values

/// The response to a review, for later reviews that differ only in their uid.
final class KnownAnswer: Sendable {
    /// The response without the text of the uid.
    private let bytes: [UInt8]
    private let uidOffset: Int
    private let report: ReviewReport

    /// - Parameters:
    ///   - response: from `AdmissionReview.write`, with a uid that JSON does not escape.
    ///   - report: the report of that response.
    init(_ response: UnsafeBufferPointer<UInt8>, _ report: ReviewReport) {
        uidOffset = AdmissionReview.head(version: report.version).utf8.count
        let tail = uidOffset + report.uid.utf8.count
        let pieces = [response[..<uidOffset], response[tail...]]
        bytes = Array(unsafeUninitializedCapacity: response.count) { buffer, used in
            for piece in pieces {
                _ = UnsafeMutableBufferPointer(rebasing: buffer[used...]).update(from: piece)
                used += piece.count
            }
        }
        self.report = report
    }

    /// The size in bytes: the response, and the report with its strings.
    var size: Int {
        bytes.count + 1024 + report.namespace.utf8.count + report.name.utf8.count
            + (report.decision?.message.utf8.count ?? 0)
    }

    /// Writes the response with another uid.
    func write(uid: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) -> ReviewReport {
        output.reserve(bytes.count + uid.count)
        output.append(bytes[..<uidOffset])
        output.append(uid)
        output.append(bytes[uidOffset...])
        var report = report
        report.uid = String(decoding: uid, as: UTF8.self)
        report.isFromCache = true
        return report
    }
}
