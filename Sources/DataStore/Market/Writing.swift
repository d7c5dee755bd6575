// SPDX-License-Identifier: MIT

extension MarketRepo {
  /// Writes the bars of a batch: an upsert on (symbol, timeframe, timestamp), with the same result as writing each row in order.
  ///
  /// Columns that are not carried keep what is stored; features merge by key. With `replace` each row becomes
  /// what was passed and nothing else. Returns the rows given.
  @discardableResult
  package func write(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) -> Int {
    try batch.check()
    do throws(StoreError) { try engine.writeBars(batch, replace: replace) } catch {
      throw batch.firstFault(before: error)
    }
    return batch.count
  }

  /// A write of no rows.
  package func writeNothing() throws(StoreError) {
    try engine.checkOpen()
    let reporter = ProgressReporter.current
    try ProgressReporter.call(reporter, .rows, of: 0) { () throws(StoreError) in try reporter?.finish() }
  }

  /// Writes the features of bars that are stored already; `.missingBar` where one is not. Returns the rows given. An entry
  /// that breaks a rule is told before a bar that is missing.
  ///
  /// With `replace` a bar has what it was given and nothing else; a row without a text leaves it alone all the same.
  @discardableResult
  package func writeFeatures(_ batch: BorrowedBatch, replace: Bool) throws(StoreError) -> Int {
    try batch.check()
    let others = batch.carried.subtracting(.features)
    if let column = others.indices.first {
      throw .invalid(
        "column '\(BarColumns.names[column])' came with a write of features alone; write bars with write()",
        key: "\(BarColumns.names[column])")
    }
    // A row of columns has the features that it has, if any; a row without a text says nothing of them.
    let change: FeatureChange = !replace ? .merge : batch.features.json == nil ? .replace : .replaceWhereGiven
    do throws(StoreError) { try engine.writeFeatures(batch, change) } catch {
      throw batch.firstFault(before: error)
    }
    return batch.count
  }
}

extension BorrowedBatch {
  /// What is told of a batch with several faults: its first entry that breaks a rule, else `error`. Engines take rows in an
  /// order of their own, and look for bars before or after they pack.
  fileprivate func firstFault(before error: StoreError) -> StoreError {
    guard carriesFeatures, [.invalidFeature, .missingBar, .corrupt].contains(error.code),
      var packer = try? featurePacker()
    else { return error }
    defer { MemoryShortage.forget() }
    for row in 0..<count {
      do throws(FeaturePackFault) { _ = try packer.pack(row) } catch let fault {
        guard case .feature = fault else { break }
        return fault.error(place)
      }
    }
    return error
  }
}
