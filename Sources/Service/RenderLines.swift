public import Values

/// Implements `render --requests`: each line of input is a request, each line of output its response.
public enum RenderLines {
    /// Answers one line. An invalid request is answered with its error too; nothing is thrown.
    ///
    /// - Parameters:
    ///   - line: JSON without the line feed.
    ///   - output: receives the response and a line feed.
    public static func answer(
        _ line: UnsafeBufferPointer<UInt8>, _ context: RenderRequest.Context, into output: inout ByteBuffer
    ) {
        JSON.write(answer(line, context), into: &output)
        output.append(0x0a)
    }

    private static func answer(_ line: UnsafeBufferPointer<UInt8>, _ context: RenderRequest.Context) -> Value
    {
        let value: Value
        do throws(JSONError) {
            value = try JSON.read(line)
        } catch {
            let problem = RequestProblem.malformed(
                "the line is not JSON: byte \(error.offset): \(error.message)")
            return RenderAnswer(problem: problem).line(id: nil)
        }
        do throws(RequestProblem) {
            let request = try RenderRequest.parse(value)
            return request.run(context).line(id: request.id)
        } catch {
            return RenderAnswer(problem: error).line(id: value["id"])
        }
    }
}
