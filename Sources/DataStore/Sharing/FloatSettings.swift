// SPDX-License-Identifier: MIT
import CLinux

/// How the processor computes is a setting of each thread, and others change it: a library that was built with
/// -ffast-math has subnormal numbers taken for zero (FTZ, DAZ), and a caller may have set another rounding
/// (fesetround(3)). To print a number, to read one and to compare two depend on it.
package enum FloatSettings {
  /// Runs `body` with the default, which numbers keep their bits by; what the thread had set comes back afterwards. A
  /// thread that is started within inherits the default.
  @inline(__always)
  package static func withDefault<Result: ~Copyable, Failure: Error>(
    _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var kept = clinux_floats()
    clinux_default_floats(&kept)
    defer { clinux_restore_floats(&kept) }
    return try body()
  }
}
