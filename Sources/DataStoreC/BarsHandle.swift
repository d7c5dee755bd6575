// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// Memory of a result's own: pointer arrays and texts that a C view points to.
final class Arena {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { free(block) } }

  /// Room for `count` elements, for the caller to initialize; aligned to 16 bytes, as malloc does it.
  private func room<Element>(for count: Int, _ type: Element.Type) throws(StoreError) -> UnsafeMutablePointer<
    Element
  > {
    let block = try CText.allocate(count * MemoryLayout<Element>.stride)
    blocks.append(block)
    return block.bindMemory(to: Element.self, capacity: count)
  }

  func array<Elements: Collection>(
    _ elements: Elements
  ) throws(StoreError) -> UnsafeMutablePointer<Elements.Element> {
    let array = try room(for: elements.count, Elements.Element.self)
    _ = UnsafeMutableBufferPointer(start: array, count: elements.count).initialize(fromContentsOf: elements)
    return array
  }

  func text(_ text: String) throws(StoreError) -> UnsafePointer<CChar> {
    var text = text
    let count = text.utf8.count
    let copy = try room(for: count + 1, CChar.self)
    text.withUTF8 { bytes in
      if let source = bytes.baseAddress { memcpy(copy, source, count) }
    }
    copy[count] = 0
    return UnsafePointer(copy)
  }

  func texts(_ texts: [String]) throws(StoreError) -> UnsafePointer<UnsafePointer<CChar>?> {
    let pointers = try room(for: texts.count, UnsafePointer<CChar>?.self)
    // One block for all: they may be many thousands.
    var copy = try room(for: texts.reduce(0) { $0 + $1.utf8.count + 1 }, CChar.self)
    for index in texts.indices {
      (pointers + index).initialize(to: UnsafePointer(copy))
      var text = texts[index]
      copy = text.withUTF8 { bytes in
        if let source = bytes.baseAddress { memcpy(copy, source, bytes.count) }
        copy[bytes.count] = 0
        return copy + bytes.count + 1
      }
    }
    return UnsafePointer(pointers)
  }

  /// For texts that have their NUL and outlive the arena.
  func pointers(
    _ texts: [UnsafeBufferPointer<UInt8>]
  ) throws(StoreError) -> UnsafePointer<UnsafePointer<CChar>?> {
    UnsafePointer(
      try array(
        texts.lazy.map { $0.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) } }))
  }
}

/// What a ds_bars handle stands for: the rows, and the view of them that C looks at.
final class BarsHandle {
  let view: UnsafeMutablePointer<ds_bar_batch>
  /// What C sees of a NULL handle.
  nonisolated(unsafe) static let nothing: UnsafePointer<ds_bar_batch> = {  // never changed
    let view = UnsafeMutablePointer<ds_bar_batch>.allocate(capacity: 1)
    view.initialize(to: ds_bar_batch())
    view.pointee.struct_size = MemoryLayout<ds_bar_batch>.size
    return UnsafePointer(view)
  }()

  let bars: Bars
  private let arena = Arena()

  init(_ bars: Bars) throws(StoreError) {
    self.bars = bars
    view = try arena.array([ds_bar_batch()])
    view.pointee.struct_size = MemoryLayout<ds_bar_batch>.size
    view.pointee.count = Int64(bars.count)
    view.pointee.timestamps = try start(bars.timestampColumn)
    view.pointee.symbol = try symbols()
    view.pointee.timeframe = ds_text_column(
      codes: nil, values: try arena.texts([bars.timeframe]), value_count: 1)
    for column in bars.shape.columns.indices {
      switch BarFields.all[column].kind {
      case .number: BarFields.set(column, of: view, to: Optional(try start(bars.numbers(column))))
      case .text: BarFields.set(column, of: view, to: try texts(column))
      case .flag: BarFields.set(column, of: view, to: Optional(try start(bars.flags(column))))
      case .features: break
      }
    }
    switch bars.shape.features {
    case .none: break
    case .json: view.pointee.features_json = UnsafePointer(try arena.array(jsonRows()))
    case .values, .columns:
      let features = try features()
      view.pointee.features = UnsafePointer(try arena.array(features))
      view.pointee.feature_count = Int32(features.count)
    }
  }

  /// A column of no rows has no memory; C still gets a pointer, since NULL means "not carried".
  private func start<Element>(
    _ column: UnsafeBufferPointer<Element>
  ) throws(StoreError) -> UnsafePointer<Element> {
    if let start = column.baseAddress { return start }
    return UnsafePointer(try arena.array(column))
  }

  private func texts(_ column: Int) throws(StoreError) -> ds_text_column {
    let texts = bars.texts(column)
    return ds_text_column(
      codes: try start(texts.codes), values: try arena.pointers(texts.dictionary),
      value_count: Int64(texts.dictionary.count))
  }

  private func symbols() throws(StoreError) -> ds_text_column {
    var codes: UnsafePointer<Int32>?
    if bars.symbols.count > 1 {
      let column = try arena.array(repeatElement(Int32(0), count: bars.count))
      for symbol in bars.symbols.indices {
        let rows = bars.range(ofSymbol: symbol)
        (column + rows.lowerBound).update(repeating: Int32(truncatingIfNeeded: symbol), count: rows.count)
      }
      codes = UnsafePointer(column)
    }
    return ds_text_column(
      codes: codes, values: try arena.texts(bars.symbols), value_count: Int64(bars.symbols.count))
  }

  private func jsonRows() -> some Collection<UnsafePointer<CChar>?> {
    (0..<bars.count).lazy.map { [bars] row in
      bars.featuresText(row).map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
    }
  }

  private func features() throws(StoreError) -> [ds_feature_column] {
    let words = try arena.texts(FeatureQuality.allCases.map(\.word))
    let hasQualities = bars.shape.features == .columns
    return try bars.featureColumns.map { column throws(StoreError) in
      ds_feature_column(
        key: column.key.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) },
        values: try start(column.values), integers: nil, is_null: nil,
        quality: ds_text_column(
          codes: hasQualities ? try start(column.qualities) : nil, values: hasQualities ? words : nil,
          value_count: hasQualities ? Int64(FeatureQuality.allCases.count) : 0))
    }
  }
}
