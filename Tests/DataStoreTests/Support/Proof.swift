// SPDX-License-Identifier: MIT
import Glibc

/// How much of a proof is run, and where its figures go.
enum Proof {
  /// `DATA_STORE_FULL_RUN=1`: the full count; else a sample.
  static let isFull = variable("DATA_STORE_FULL_RUN") == "1"

  /// Appends a line to the file that `DATA_STORE_FIGURES` names, if it names one.
  static func figure(_ label: String, _ value: Int) {
    guard let path = variable("DATA_STORE_FIGURES"), let file = fopen(path, "a") else { return }
    defer { fclose(file) }
    fputs("\(label)\t\(grouped(value))\n", file)
  }

  private static func grouped(_ value: Int) -> String {
    var digits = Array(String(value))
    for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: place) }
    return String(digits)
  }

  private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
