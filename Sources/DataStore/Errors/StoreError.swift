// SPDX-License-Identifier: MIT

/// Why a call failed. Nothing of a failed call is stored.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// What the caller can do about it; the numbers are those of the C interface.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number in the C interface.
    public let rawValue: Int32
    /// A code by its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// An argument or a value is wrong: fix the call.
    public static let invalid = Code(rawValue: 1)
    /// A feature breaks the rules.
    public static let invalidFeature = Code(rawValue: 2)
    /// Features for a bar that is not stored.
    public static let missingBar = Code(rawValue: 3)
    /// Another writer held the file for longer than the timeout.
    public static let busy = Code(rawValue: 4)
    /// Disk full, I/O error, read-only, no permission, no such file.
    public static let storage = Code(rawValue: 5)
    /// The file, or a value in it, is damaged.
    public static let corrupt = Code(rawValue: 6)
    /// The file is not a store, or one from a newer version.
    public static let schema = Code(rawValue: 7)
    /// Closed, used after a fork, or its file was moved or deleted.
    public static let closed = Code(rawValue: 8)
    /// `Store.interrupt()` stopped the call.
    public static let interrupted = Code(rawValue: 9)
    /// Out of memory.
    public static let noMemory = Code(rawValue: 10)
    /// A bug in this library.
    public static let internalError = Code(rawValue: 11)
    /// A query took longer than it was given.
    public static let timeout = Code(rawValue: 12)
  }

  /// What the caller can do about it.
  public let code: Code
  /// What was wrong, where, and what to do.
  public let message: String
  /// SQLite's extended result code; 0 where SQLite had no part.
  public let sqliteCode: Int32
  /// 0-based row in the batch, where a row is to blame.
  public let row: Int?
  /// Feature key or column, where one is to blame.
  public let key: String?
  /// The bare reason, without place and remedy.
  public let reason: String?

  /// An error with its parts.
  public init(
    _ code: Code, _ message: String, sqliteCode: Int32 = 0, row: Int? = nil, key: String? = nil,
    reason: String? = nil
  ) {
    self.code = code
    self.message = message
    self.sqliteCode = sqliteCode
    self.row = row
    self.key = key
    self.reason = reason
  }

  /// The message.
  public var description: String { message }
}

extension StoreError {
  static func invalid(_ message: String, row: Int? = nil, key: String? = nil) -> StoreError {
    StoreError(.invalid, message, row: row, key: key)
  }

  static func corrupt(_ message: String) -> StoreError { StoreError(.corrupt, message) }

  /// A feature that breaks a rule. `place` names the bar.
  static func feature(_ reason: String, place: String, row: Int, key: String?) -> StoreError {
    let subject = key.map { "feature \(quoted($0))" } ?? "features"
    return StoreError(
      .invalidFeature,
      "\(place): \(subject): \(reason). Nothing of the call was written; fix or leave out this entry.",
      row: row, key: key, reason: reason)
  }

  /// A caller's text as it is shown in a message: in quotes, shortened where it is long.
  static func quoted(_ text: String) -> String {
    // Not characters, of which each may have any number of accents.
    let shown = text.unicodeScalars.prefix(80)
    return "'" + String(shown) + (shown.endIndex < text.endIndex ? "…'" : "'")
  }
}
