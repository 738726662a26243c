import Values

/// Whether a key is probably a misspelt `sidecar.istio.io/inject`.
///
/// At most three slips (a letter too many, too few, wrong, or two swapped) away, or one of the names that the
/// key is mistaken for. Neighbours such as `sidecar.istio.io/status` are six away.
func isNearMiss(_ key: String) -> Bool {
    let length = key.utf8.count
    let wanted = injectKey.utf8.count
    if length < wanted - slipLimit { return key == "istio.io/inject" || key == "sidecar/inject" }
    if key == "sidecar.istio.io/injection" || key == "sidecar.istio.io/enabled" { return true }
    guard length <= wanted + slipLimit, key != injectKey else { return false }
    return Spelling.distance(key, injectKey, limit: slipLimit) <= slipLimit
}

private let slipLimit = 3
