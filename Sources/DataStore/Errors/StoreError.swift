// SPDX-License-Identifier: MIT

/// Why a call failed. Nothing of a failed call is stored.
///
/// There is one exception. If the file was moved, or its locks were lost, between a commit and its acknowledgement, the
/// code is ``Code/closed``, it is unknown whether the call was stored, and the message says so.
///
/// Any call may throw `.invalid`, `.noMemory` and `.internalError`. Beside these:
/// - "A read" may throw `.storage`, `.corrupt`, `.schema` (another program changed the tables), `.closed`,
///   `.interrupted` and, while another program has the file to itself, `.busy`.
/// - "A write" may throw the same: `.busy` if another writer held the file for longer than the timeout, `.storage` on a
///   read-only store, too.
///
/// Each call says which of the two it is, and what else it throws.
public struct StoreError: Error, Sendable, CustomStringConvertible {
  /// What the caller can do about it; the numbers are those of the C interface.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The status in the C interface, as in `DS_BUSY`.
    public let rawValue: Int32
    /// A code by its number in the C interface; any number is taken.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// An argument or a value is wrong: fix the call.
    public static let invalid = Code(rawValue: 1)
    /// A feature breaks the rules: see ``StoreError/row``, ``StoreError/key`` and ``StoreError/reason``.
    public static let invalidFeature = Code(rawValue: 2)
    /// Features for a bar that is not stored: write the bar first.
    public static let missingBar = Code(rawValue: 3)
    /// Another writer held the file for longer than the timeout: try again.
    public static let busy = Code(rawValue: 4)
    /// Disk full, I/O error, read-only, no permission, no such file.
    public static let storage = Code(rawValue: 5)
    /// The file, or a value in it, is damaged.
    public static let corrupt = Code(rawValue: 6)
    /// The file is not a store, or one from a newer version.
    public static let schema = Code(rawValue: 7)
    /// The store was closed, used after a fork, or its file was moved, deleted, or opened by another copy of SQLite in
    /// this process.
    public static let closed = Code(rawValue: 8)
    /// ``Store/interrupt()``, or the thread's cancellation callback, stopped the call.
    public static let interrupted = Code(rawValue: 9)
    /// Out of memory.
    public static let noMemory = Code(rawValue: 10)
    /// A bug in this library: please report the message.
    public static let internalError = Code(rawValue: 11)
    /// A query took longer than its timeout: ask for less, or allow more.
    public static let timeout = Code(rawValue: 12)
  }

  /// What the caller can do about it.
  public let code: Code
  /// What was wrong, where, and what to do.
  public let message: String
  /// SQLite's extended result code; 0 if SQLite did not report the error.
  public let sqliteCode: Int32
  /// 0-based row in the batch; nil if no row is at fault.
  public let row: Int?
  /// Feature key, column or argument; nil if none is at fault.
  public let key: String?
  /// The reason alone, without place and remedy; nil if the message has no such parts.
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
    // A NUL would end the message in C.
    let plain = shown.contains("\0") ? shown.map { $0 == "\0" ? "\\0" : String($0) }.joined() : String(shown)
    return "'" + plain + (shown.endIndex < text.endIndex ? "…'" : "'")
  }
}
