// SPDX-License-Identifier: MIT

/// The five characters by which a server says what went wrong, in one word.
struct SQLState: Equatable {
  private let word: UInt64

  /// No error, or one without a code.
  static let none = SQLState(word: 0)
  static let lockNotAvailable = SQLState("55P03")
  static let deadlock = SQLState("40P01")
  static let serialization = SQLState("40001")
  static let canceled = SQLState("57014")
  static let crashShutdown = SQLState("57P02")
  static let cannotConnectNow = SQLState("57P03")
  static let tooManyConnections = SQLState("53300")
  static let noPrivilege = SQLState("42501")
  static let readOnlyTransaction = SQLState("25006")
  static let noSuchStatement = SQLState("26000")
  static let featureNotSupported = SQLState("0A000")
  static let invalidParameter = SQLState("22023")
  static let noSuchFunction = SQLState("42883")
  static let typeMismatch = SQLState("42804")
  static let noSuchCast = SQLState("42846")
  static let divisionByZero = SQLState("22012")
  static let uniqueViolation = SQLState("23505")
  static let noSuchTable = SQLState("42P01")

  private init(word: UInt64) { self.word = word }

  init(_ code: StaticString) { self.init(bytes: Bytes(start: code.utf8Start, count: code.utf8CodeUnitCount)) }

  init(bytes: Bytes) { word = bytes.prefix(5).reduce(0) { $0 << 8 | UInt64($1) } }

  /// The first two characters: what kind of error it is.
  var family: SQLState { SQLState(word: word >> 24) }

  var text: String {
    String(
      decoding: (0..<5).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * (4 - $0))) }.filter { $0 != 0 },
      as: UTF8.self)
  }

  /// Whether it is of a kind, such as "23".
  func isOf(_ kind: StaticString) -> Bool { family == SQLState(kind) }
}
