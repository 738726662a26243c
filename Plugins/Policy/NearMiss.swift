import Values

/// Whether a key is probably a misspelt `sidecar.istio.io/inject`.
///
/// The key differs by at most three edits (a character inserted, missing or wrong, or two swapped), or is one of the
/// names that are often confused with it. Similar valid keys such as `sidecar.istio.io/status` differ by six.
func isNearMiss(_ key: String) -> Bool {
    let length = key.utf8.count
    let wanted = injectKey.utf8.count
    if length < wanted - slipLimit { return key == "istio.io/inject" || key == "sidecar/inject" }
    if key == "sidecar.istio.io/injection" || key == "sidecar.istio.io/enabled" { return true }
    guard length <= wanted + slipLimit, key != injectKey else { return false }
    return Spelling.distance(key, injectKey, limit: slipLimit) <= slipLimit
}

private let slipLimit = 3
