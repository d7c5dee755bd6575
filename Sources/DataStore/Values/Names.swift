// SPDX-License-Identifier: MIT

/// Checks a symbol, a timeframe or a key against the rules for names.
func checkedName(_ name: String, _ what: String) throws(StoreError) -> String {
  if name.isEmpty { throw .invalid("the \(what) is empty; name it", key: what) }
  if name.utf8.count > Limits.nameBytes {
    throw .invalid(
      "the \(what) \(StoreError.quoted(name)) is longer than \(Limits.nameBytes) bytes", key: what)
  }
  if name.withBytes({ $0.contains(0) }) {
    throw .invalid("the \(what) \(StoreError.quoted(name)) holds a NUL character", key: what)
  }
  return name
}
