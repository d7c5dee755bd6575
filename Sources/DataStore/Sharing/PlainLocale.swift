// SPDX-License-Identifier: MIT
import CLinux

/// The locale "C", for what goes by the locale of the process: SQLite reads the numbers within JSON by strtod(3), where it
/// is not built as one file (json.c: jsonReturn), and that takes 71.75 for 71 where the decimal sign is a comma. Whatever
/// else SQLite and this library convert or compare asks for no locale.
enum PlainLocale {
  private nonisolated(unsafe) static let locale = clinux_c_locale()

  /// Runs `body` with it; for the calling thread alone.
  static func run<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    guard let locale, let before = uselocale(locale) else { return try body() }
    defer { uselocale(before) }
    return try body()
  }

  /// Runs `body`, which is the host's code, with the locale of the process.
  static func lifted<Result>(_ body: () -> Result) -> Result {
    guard let before = uselocale(clinux_global_locale()) else { return body() }
    defer { uselocale(before) }
    return body()
  }
}
