// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes one bar, as `write(_:replace:)` would a batch of one row.
  ///
  /// A bar without features goes in by a statement of its own, whose parameters are its fields: to open a table over one
  /// row, and to be asked for each of its values, is a tenth of the call's instructions.
  package func write(
    _ bar: BorrowedBar, symbol: UnsafePointer<CChar>, timeframe: UnsafePointer<CChar>, replace: Bool
  ) throws(StoreError) {
    guard let plain = PlainBar(bar, symbol, timeframe) else {
      return try writeAsBatch(bar, symbol, timeframe, replace)
    }
    try engine.writeBar(plain, replace: replace)
  }

  /// The path of all that `PlainBar` does not take, and of what must be refused: the batch says why.
  private func writeAsBatch(
    _ bar: BorrowedBar, _ symbol: UnsafePointer<CChar>, _ timeframe: UnsafePointer<CChar>, _ replace: Bool
  ) throws(StoreError) {
    var bar = bar
    // Columns one row long, over the fields themselves.
    try withUnsafePointer(to: &bar) { fields throws(StoreError) in
      guard let timestamp = fields.pointer(to: \.timestamp) else { return }
      let carried = fields.pointee.carried
      var batch = BorrowedBatch(
        count: 1, timestamps: timestamp, symbol: TextColumn(codes: nil, values: [Bytes(cString: symbol)]),
        timeframe: TextColumn(codes: nil, values: [Bytes(cString: timeframe)]))
      if carried.contains(.open) { batch.open = fields.pointer(to: \.open) }
      if carried.contains(.high) { batch.high = fields.pointer(to: \.high) }
      if carried.contains(.low) { batch.low = fields.pointer(to: \.low) }
      if carried.contains(.close) { batch.close = fields.pointer(to: \.close) }
      if carried.contains(.volume) { batch.volume = fields.pointer(to: \.volume) }
      if carried.contains(.latencySec) { batch.latencySec = fields.pointer(to: \.latencySec) }
      if carried.contains(.isGap) { batch.isGap = fields.pointer(to: \.isGap) }
      if carried.contains(.features) { batch.featuresJSON = fields.pointer(to: \.featuresJSON) }
      if carried.contains(.source) { batch.source = Self.one(fields.pointee.source) }
      if carried.contains(.quality) { batch.quality = Self.one(fields.pointee.quality) }
      try write(batch, replace: replace)
    }
  }

  /// A text column of one row, which may be NULL.
  private static func one(_ text: UnsafePointer<CChar>?) -> TextColumn {
    guard let text else { return TextColumn(codes: codeOfNull, values: []) }
    return TextColumn(codes: nil, values: [Bytes(cString: text)])
  }
}

/// The code of NULL, somewhere in memory that stays.
private nonisolated(unsafe) let codeOfNull: UnsafePointer<Int32> = {  // never changed
  let code = UnsafeMutablePointer<Int32>.allocate(capacity: 1)
  code.initialize(to: -1)
  return UnsafePointer(code)
}()
