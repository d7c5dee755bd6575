// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// The columns of a bar as fields of the C interface's structs, by the columns' numbers.
enum BarFields {
  /// Of what kind a column is, and how many bytes into each struct its field lies.
  struct Field {
    let kind: BarColumn.Kind
    fileprivate let batch: Int
    fileprivate let bar: Int
  }

  static let all: PerColumn<Field> = [
    number(\.open, \.open),
    number(\.high, \.high),
    number(\.low, \.low),
    number(\.close, \.close),
    number(\.volume, \.volume),
    text(\.source, \.source),
    text(\.quality, \.quality),
    flag(\.is_gap, \.is_gap),
    number(\.latency_sec, \.latency_sec),
    features(\.features_json, \.features_json),
  ]

  private typealias Of<Struct, Value> = KeyPath<Struct, Value>

  private static func number(
    _ batch: Of<ds_bar_batch, UnsafePointer<Double>?>, _ bar: Of<ds_bar, Double>
  ) -> Field { field(.number, batch, bar) }

  private static func text(
    _ batch: Of<ds_bar_batch, ds_text_column>, _ bar: Of<ds_bar, UnsafePointer<CChar>?>
  ) -> Field { field(.text, batch, bar) }

  private static func flag(
    _ batch: Of<ds_bar_batch, UnsafePointer<UInt8>?>, _ bar: Of<ds_bar, Int32>
  ) -> Field { field(.flag, batch, bar) }

  private static func features(
    _ batch: Of<ds_bar_batch, UnsafePointer<UnsafePointer<CChar>?>?>, _ bar: Of<ds_bar, UnsafePointer<CChar>?>
  ) -> Field { field(.features, batch, bar) }

  private static func field(
    _ kind: BarColumn.Kind, _ batch: PartialKeyPath<ds_bar_batch>, _ bar: PartialKeyPath<ds_bar>
  ) -> Field {
    // A field of a C struct always has an offset.
    Field(
      kind: kind, batch: MemoryLayout<ds_bar_batch>.offset(of: batch).unsafelyUnwrapped,
      bar: MemoryLayout<ds_bar>.offset(of: bar).unsafelyUnwrapped)
  }

  // MARK: A bar

  /// Lends a bar, with the fields that it carries, to `body`.
  static func lend(
    _ given: ds_bar, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError) {
    let carried = BarColumns(rawValue: given.columns)
    guard carried.isSubset(of: .everything) else {
      throw StoreError(
        .invalid, "the bar's columns are \(given.columns); they hold unknown bits", key: "columns")
    }
    try BorrowedBar.lend(given.timestamp, carried) { bar throws(StoreError) in
      try withUnsafePointer(to: given) { given throws(StoreError) in
        let given = UnsafeRawPointer(given)
        for column in all.indices where carried.contains(column: column) {
          let place = given + all[column].bar
          let field = bar.fields + column
          switch all[column].kind {
          case .number: field.pointee.number = place.load(as: Double.self)
          case .text, .features:
            field.pointee.text = place.load(as: UnsafePointer<CChar>?.self).map { BatchIn.bytes($0) }
          case .flag:
            let flag = place.load(as: Int32.self)
            // Its name is looked for where it is wrong.
            if flag & ~1 != 0 { _ = try Argument.flag(flag, BarColumn.table[column].name) }
            field.pointee.flag = UInt8(truncatingIfNeeded: flag)
          }
        }
      }
      try body(bar)
    }
  }

  /// Fills the fields of a bar; `place` gives a text as C has it.
  static func fill(
    _ target: UnsafeMutablePointer<ds_bar>, from bar: BorrowedBar,
    _ place: (UnsafeBufferPointer<UInt8>) -> UnsafePointer<CChar>
  ) {
    target.initialize(to: ds_bar())
    target.pointee.struct_size = MemoryLayout<ds_bar>.size
    target.pointee.timestamp = bar.timestamp
    target.pointee.columns = bar.carried.rawValue
    for column in all.indices {
      let field = UnsafeMutableRawPointer(target) + all[column].bar
      switch all[column].kind {
      case .number: field.storeBytes(of: bar.fields[column].number, as: Double.self)
      case .text, .features:
        field.storeBytes(of: bar.fields[column].text.map(place), as: UnsafePointer<CChar>?.self)
      case .flag: field.storeBytes(of: Int32(bar.fields[column].flag), as: Int32.self)
      }
    }
  }

  // MARK: A batch

  /// The columns of a batch, without features; its dictionaries are copied to `texts`.
  static func columns(
    _ given: ds_bar_batch, _ texts: inout TextsIn
  ) throws(StoreError) -> BorrowedColumns {
    var columns = BorrowedColumns()
    for column in all.indices {
      switch all[column].kind {
      case .number: columns.numbers[column] = value(given, all[column])
      case .text:
        columns.texts[column] = try texts.column(value(given, all[column]), BarColumn.table[column].name)
      case .flag: columns.flags[column] = value(given, all[column])
      case .features: break
      }
    }
    return columns
  }

  /// The text columns of a batch, its key's among them.
  static func textColumns(_ given: ds_bar_batch) -> [ds_text_column] {
    var columns = [given.symbol, given.timeframe]
    for column in all.indices where all[column].kind == .text { columns.append(value(given, all[column])) }
    return columns
  }

  private static func value<Value>(_ batch: ds_bar_batch, _ field: Field) -> Value {
    withUnsafePointer(to: batch) { UnsafeRawPointer($0).load(fromByteOffset: field.batch, as: Value.self) }
  }

  /// Sets a column of a batch. `Value` is the field's type: see `all`.
  static func set<Value: BitwiseCopyable>(
    _ column: Int, of batch: UnsafeMutablePointer<ds_bar_batch>, to value: Value
  ) {
    UnsafeMutableRawPointer(batch).storeBytes(of: value, toByteOffset: all[column].batch, as: Value.self)
  }
}
