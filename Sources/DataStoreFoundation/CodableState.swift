// SPDX-License-Identifier: MIT
public import DataStore

#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// State values of types that are `Codable`.
///
/// Numbers keep their value: integers digit by digit, doubles to the bit. Of a number that stands alone, and is not within an
/// array or an object, the file keeps an int64 or a double, so that there an integer beyond int64 is refused, and -0.0 comes
/// back as 0.0.
extension StateRepo {
  /// Stores a value, whatever was there; nil is stored as `null`.
  ///
  /// - Parameters:
  ///   - key: Not empty.
  ///   - value: The value.
  ///   - encoder: Makes JSON of it. A `Date` within is seconds since 2001 unless its strategy says otherwise.
  /// - Throws: `.invalid` if the value is not JSON: it holds NaN or an infinity, an integer beyond int64 stands alone, or its
  ///   own `encode` fails. Otherwise as a write, see `StoreError`.
  public func set(
    _ key: String, _ value: some Encodable, encoder: JSONEncoder = StateRepo.encoder()
  ) throws(StoreError) {
    try set(key, json: Self.json(value, key, encoder))
  }

  /// Stores all values or none: `state.setMany(["phase": "long", "size": 3])`.
  ///
  /// - Parameters:
  ///   - values: By their keys, of any types.
  ///   - encoder: Makes JSON of each.
  /// - Throws: As ``set(_:_:encoder:)``.
  public func setMany(
    _ values: KeyValuePairs<String, any Encodable>, encoder: JSONEncoder = StateRepo.encoder()
  ) throws(StoreError) {
    try setMany(
      values.map { key, value throws(StoreError) in (key: key, json: try Self.json(value, key, encoder)) })
  }

  /// The value of a key; nil if the key is absent, or `null` is stored.
  ///
  /// - Parameters:
  ///   - key: Not empty.
  ///   - type: What to make of the JSON. It may be left out where it is known otherwise.
  ///   - decoder: Reads the JSON.
  /// - Throws: `.invalid` if the stored JSON is not a value of this type. Otherwise as a read, see `StoreError`.
  public func get<Value: Decodable>(
    _ key: String, as type: Value.Type, decoder: JSONDecoder = JSONDecoder()
  ) throws(StoreError) -> Value? {
    guard let json = try get(key), !json.utf8.elementsEqual("null".utf8) else { return nil }
    return try Self.value(json, key, type, decoder)
  }

  /// The values of all keys that begin with `prefix`, by their keys, from one snapshot. Stored `null`s are left out.
  ///
  /// - Parameters:
  ///   - prefix: "": all keys.
  ///   - type: What to make of each JSON.
  ///   - decoder: Reads the JSON.
  /// - Returns: Pairs, sorted by the bytes of the key.
  /// - Throws: As ``get(_:as:decoder:)``.
  public func values<Value: Decodable>(
    prefix: String = "", as type: Value.Type, decoder: JSONDecoder = JSONDecoder()
  ) throws(StoreError) -> [(key: String, value: Value)] {
    var values: [(key: String, value: Value)] = []
    for entry in try entries(prefix: prefix) {
      guard let json = entry.json, !json.utf8.elementsEqual("null".utf8) else { continue }
      values.append((entry.key, try Self.value(json, entry.key, type, decoder)))
    }
    return values
  }

  /// Stores `value` only if the stored value equals `expected`, in one atomic step across processes. They are compared as
  /// JSON: members in any order, 1 equals 1.0. nil equals an absent key and a stored `null`.
  ///
  /// - Parameters:
  ///   - key: Not empty.
  ///   - expected: What must be stored now.
  ///   - value: What is stored then.
  ///   - encoder: Makes JSON of both.
  /// - Returns: Whether it was stored.
  /// - Throws: As ``set(_:_:encoder:)``.
  public func compareAndSet<Value: Encodable>(
    _ key: String, expected: Value?, _ value: Value, encoder: JSONEncoder = StateRepo.encoder()
  ) throws(StoreError) -> Bool {
    let expected = try expected.map { expected throws(StoreError) in try Self.json(expected, key, encoder) }
    return try compareAndSet(key, expected: expected, json: Self.json(value, key, encoder))
  }

  /// What makes JSON of values unless a call is given another one: members sorted by name, slashes as they are.
  public static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  private static func json(
    _ value: some Encodable, _ key: String, _ encoder: JSONEncoder
  ) throws(StoreError) -> String {
    do {
      // A thread's rounding mode must not change a digit.
      let json = try FloatSettings.withDefault { () throws(any Error) in try encoder.encode(value) }
      return String(decoding: json, as: UTF8.self)
    } catch {
      throw refusal(error, key, "the value cannot be encoded", "Nothing was stored")
    }
  }

  private static func value<Value: Decodable>(
    _ json: String, _ key: String, _ type: Value.Type, _ decoder: JSONDecoder
  ) throws(StoreError) -> Value {
    do {
      return try FloatSettings.withDefault { () throws(any Error) in
        try decoder.decode(type, from: Data(json.utf8))
      }
    } catch {
      throw refusal(
        error, key, "the stored value is not a value of \(type)", "Ask for the type that was stored")
    }
  }

  private static func refusal(
    _ error: any Error, _ key: String, _ what: String, _ remedy: String
  ) -> StoreError {
    if let error = error as? StoreError { return error }
    let (path, reason) =
      switch error {
      case EncodingError.invalidValue(_, let context): (context.codingPath, context.debugDescription)
      case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
        DecodingError.dataCorrupted(let context):
        (context.codingPath, context.debugDescription)
      case DecodingError.keyNotFound(let missing, let context):
        (context.codingPath + [missing], context.debugDescription)
      default: ([] as [any CodingKey], "\(error)")
      }
    let place = path.isEmpty ? "" : " at \(path.map(\.stringValue).joined(separator: "."))"
    let end = reason.utf8.last == UInt8(ascii: ".") ? "" : "."
    return StoreError(
      .invalid, "state key '\(key)': \(what)\(place): \(reason)\(end) \(remedy)", key: key, reason: reason)
  }
}
