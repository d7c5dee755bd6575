// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

/// Memory of a result's own: pointer arrays and texts that a C view points to.
final class Arena {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func array<Element>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let block = UnsafeMutableRawPointer.allocate(
      byteCount: max(elements.count, 1) * MemoryLayout<Element>.stride, alignment: 16)
    blocks.append(block)
    let array = block.bindMemory(to: Element.self, capacity: max(elements.count, 1))
    array.initialize(from: elements, count: elements.count)
    return array
  }

  func text(_ text: String) -> UnsafePointer<CChar> {
    var text = text
    return text.withUTF8 { bytes in
      let copy = array(Array(bytes) + [0])
      return UnsafeRawPointer(copy).assumingMemoryBound(to: CChar.self)
    }
  }

  func texts(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
    UnsafePointer(array(texts.map { Optional(text($0)) }))
  }

  /// For texts that have their NUL and outlive the arena.
  func pointers(_ texts: [UnsafeBufferPointer<UInt8>]) -> UnsafePointer<UnsafePointer<CChar>?> {
    UnsafePointer(
      array(texts.map { $0.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) } }))
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

  private let bars: Bars
  private let arena = Arena()

  init(_ bars: Bars) {
    self.bars = bars
    view = arena.array([ds_bar_batch()])
    view.pointee.struct_size = MemoryLayout<ds_bar_batch>.size
    view.pointee.count = Int64(bars.count)
    view.pointee.timestamps = start(bars.timestampColumn)
    view.pointee.symbol = symbols()
    view.pointee.timeframe = ds_text_column(codes: nil, values: arena.texts([bars.timeframe]), value_count: 1)
    let columns = bars.shape.columns
    if columns.contains(.open) { view.pointee.open = start(bars.doubles(.open)) }
    if columns.contains(.high) { view.pointee.high = start(bars.doubles(.high)) }
    if columns.contains(.low) { view.pointee.low = start(bars.doubles(.low)) }
    if columns.contains(.close) { view.pointee.close = start(bars.doubles(.close)) }
    if columns.contains(.volume) { view.pointee.volume = start(bars.doubles(.volume)) }
    if columns.contains(.source) { view.pointee.source = texts(.source) }
    if columns.contains(.quality) { view.pointee.quality = texts(.quality) }
    if columns.contains(.isGap) { view.pointee.is_gap = start(bars.isGapColumn) }
    if columns.contains(.latencySec) { view.pointee.latency_sec = start(bars.doubles(.latencySec)) }
    switch bars.shape.features {
    case .none: break
    case .json: view.pointee.features_json = UnsafePointer(arena.array(jsonRows()))
    case .values, .columns:
      let features = features()
      view.pointee.features = UnsafePointer(arena.array(features))
      view.pointee.feature_count = Int32(features.count)
    }
  }

  /// A column of no rows has no memory; C still gets a pointer, since NULL means "not carried".
  private func start<Element>(_ column: UnsafeBufferPointer<Element>) -> UnsafePointer<Element> {
    column.baseAddress ?? UnsafePointer(arena.array([] as [Element]))
  }

  private func texts(_ column: BarColumns) -> ds_text_column {
    let texts = bars.texts(column)
    return ds_text_column(
      codes: start(texts.codes), values: arena.pointers(texts.dictionary),
      value_count: Int64(texts.dictionary.count))
  }

  private func symbols() -> ds_text_column {
    var codes: UnsafePointer<Int32>?
    if bars.symbols.count > 1 {
      var column = [Int32](repeating: 0, count: bars.count)
      for symbol in bars.symbols.indices {
        for row in bars.range(ofSymbol: symbol) { column[row] = Int32(symbol) }
      }
      codes = UnsafePointer(arena.array(column))
    }
    return ds_text_column(
      codes: codes, values: arena.texts(bars.symbols), value_count: Int64(bars.symbols.count))
  }

  private func jsonRows() -> [UnsafePointer<CChar>?] {
    (0..<bars.count).map { row in
      bars.featuresText(row).map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) }
    }
  }

  private func features() -> [ds_feature_column] {
    let words = arena.texts(FeatureQuality.allCases.map(\.word))
    return bars.featureColumns.map { column in
      let hasQualities = bars.shape.features == .columns
      return ds_feature_column(
        key: column.key.baseAddress.map { UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self) },
        values: start(column.values), integers: nil, is_null: nil,
        quality: ds_text_column(
          codes: hasQualities ? start(column.qualities) : nil, values: hasQualities ? words : nil,
          value_count: hasQualities ? Int64(FeatureQuality.allCases.count) : 0))
    }
  }
}
