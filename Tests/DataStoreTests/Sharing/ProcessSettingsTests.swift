// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Testing

@testable import DataStore

/// What others have set for the thread changes no value, and is there again after each call.
@Suite struct ProcessSettingsTests {
  /// By their bits: subnormal ones, the least normal one, and some that rounding may change.
  static let numbers: [Double] = [
    1, 0x8000_0000_0000_0001, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x3fb9_9999_9999_999a,
    0xbfd3_3333_3333_3334, 0x44b5_2d02_c7e1_4af7, 0x7fef_ffff_ffff_ffff,
  ].map { Double(bitPattern: $0) }

  /// What <fenv.h> calls them; Swift finds each twice.
  enum Rounding {
    #if arch(x86_64)
      static let toNearest: Int32 = 0
      static let down: Int32 = 0x400
      static let up: Int32 = 0x800
      static let towardZero: Int32 = 0xc00
    #else
      static let toNearest: Int32 = 0
      static let up: Int32 = 1 << 22
      static let down: Int32 = 2 << 22
      static let towardZero: Int32 = 3 << 22
    #endif
  }

  static let roundings: [Int32] = [Rounding.up, Rounding.down, Rounding.towardZero]

  @Test(arguments: roundings)
  func valuesAreExactUnderAnyRounding(rounding: Int32) throws {
    let scratch = try Scratch()
    #expect(fesetround(rounding) == 0)
    defer { fesetround(Rounding.toNearest) }
    let store = try scratch.store()
    var batch = BarBatch.hourly(Self.numbers)
    batch.features = [.init("a@1", Self.numbers)]
    try store.market.write(batch)
    try store.state.set("k", json: "[0.1,5e-324,0.30000000000000004]")
    try store.state.set("alone", json: "0.30000000000000004")
    #expect(try store.state.compareAndSet("alone", expected: "0.30000000000000004", json: "5e-324"))
    let read = try store.market.read(["EURUSD"], "1h", features: .all)
    let alone = try store.state.get("alone")
    let value =
      Places.areOnServer
      ? "(features -> 'a@1' ->> 'value')::float8" : "json_extract(features, '$.\"a@1\".value')"
    let extracted = try store.query("SELECT \(value) FROM market_data ORDER BY timestamp")
    #expect(fegetround() == rounding)
    fesetround(Rounding.toNearest)
    #expect(read.close.map(\.bitPattern) == Self.numbers.map(\.bitPattern))
    #expect(alone == "5e-324")
    #expect(extracted.columns[0].reals.map(\.bitPattern) == Self.numbers.map(\.bitPattern))
    let bar = try #require(try store.market.latestBar("EURUSD", "1h"))
    #expect(bar.featuresJSON == #"{"a@1":{"value":1.7976931348623157e+308,"quality":"ready"}}"#)
  }

  @Test func theDefaultIsSetWithinAndTheOldOneAfterwards() {
    #expect(fesetround(Rounding.up) == 0)
    defer { fesetround(Rounding.toNearest) }
    let (isDefault, rounding) = FloatSettings.withDefault {
      (clinux_floats_are_default() != 0, fegetround())
    }
    #expect(isDefault)
    #expect(rounding == Rounding.toNearest)
    #expect(clinux_floats_are_default() == 0)
    #expect(fegetround() == Rounding.up)
  }

  @Test func theLocaleIsPlainWithinAndTheHostsInItsOwnCode() throws {
    let before = uselocale(nil)
    try PlainLocale.run { () throws(StoreError) in
      #expect(uselocale(nil) == clinux_c_locale())
      PlainLocale.lifted { #expect(uselocale(nil) == clinux_global_locale()) }
      #expect(uselocale(nil) == clinux_c_locale())
    }
    #expect(uselocale(nil) == before)
  }

  @Test func aThreadWithoutStackIsRefusedByName() throws {
    final class Outcome: @unchecked Sendable { var error: StoreError? }
    let outcome = Outcome()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    #expect(pthread_attr_setstacksize(&attributes, 40 << 10) == 0)
    var thread = pthread_t()
    let started = pthread_create(
      &thread, &attributes,
      { context in
        guard let context else { return nil }
        let outcome = Unmanaged<Outcome>.fromOpaque(context).takeUnretainedValue()
        do throws(StoreError) { try ThreadStack.check() } catch { outcome.error = error }
        return nil
      }, Unmanaged.passUnretained(outcome).toOpaque())
    #expect(started == 0)
    pthread_join(thread, nil)
    let error = try #require(outcome.error)
    #expect(error.code == .invalid)
    #expect(error.message.contains("stack"))
  }
}
