// SPDX-License-Identifier: MIT

/// The features of a batch's rows as they are stored, in the order in which the rows are sent.
struct FeatureTexts: ~Copyable {
  private let batch: BorrowedBatch
  private var packer: FeaturePacker?
  /// For large batches that are sent as they stand.
  private let packAhead: FeaturePackAhead?
  /// Folds rows of one bar, and merges them with what is stored.
  private var merger: FeatureMerger
  private var folded: ByteBuffer

  init(_ batch: BorrowedBatch, isAsGiven: Bool) throws(StoreError) {
    var packer: FeaturePacker?
    var packAhead: FeaturePackAhead?
    if isAsGiven, FeaturePackAhead.isWorthwhile(batch.features, rows: batch.count) {
      packAhead = FeaturePackAhead(try batch.featurePacker(), rows: batch.count)
    }
    if packAhead == nil, batch.carriesFeatures { packer = try batch.featurePacker() }
    self.batch = batch
    self.packer = consume packer
    self.packAhead = packAhead
    merger = FeatureMerger()
    folded = ByteBuffer()
  }

  deinit { packAhead?.end() }

  /// A row's text, valid until the next call; nil if the row says nothing of features.
  mutating func text(_ row: Int) throws(StoreError) -> Bytes? {
    do throws(FeaturePackFault) {
      if let packAhead { return try packAhead.text(row) }
      return try packer?.pack(row) ?? nil
    } catch {
      throw error.error(batch.place)
    }
  }

  /// What the rows of one bar, from `place` until `end` in the batch's order, make of its features if they are written one
  /// after the other; valid until the next call.
  mutating func text(
    _ order: borrowing BatchOrder, from place: Int, to end: Int, _ change: FeatureChange
  ) throws(StoreError) -> Bytes? {
    guard end > place + 1 else { return try text(order.row(place)) }
    let batch = batch
    var isGiven = false
    for place in place..<end {
      guard let text = try text(order.row(place)) else {
        if change == .replace { isGiven = false }
        continue
      }
      if isGiven, change == .merge {
        let earlier = folded.bytes
        let merged = try merged(earlier, text) { batch.place(order.row(place)) }
        folded.removeAll()
        folded.append(merged)
      } else {
        folded.removeAll()
        folded.append(text)
      }
      isGiven = true
    }
    guard !folded.isIncomplete else { throw .noMemory(nil) }
    return isGiven ? folded.bytes : nil
  }

  /// The features of a bar that had `stored`, with `new` merged in; valid until the next call, and as long as `new`.
  mutating func merged(
    _ stored: Bytes, _ new: Bytes, _ place: () -> String
  ) throws(StoreError) -> Bytes {
    do throws(FeatureMerger.Fault) { return try merger.merge(stored: stored, new: new) } catch {
      throw error.error(place())
    }
  }
}

extension FeatureMerger.Fault {
  /// As it is told of the bar at `place`.
  func error(_ place: String) -> StoreError {
    switch self {
    case .stored(let fault):
      let key = fault.key.map { " (key \(StoreError.quoted($0)))" } ?? ""
      return .corrupt(
        "\(place): its stored features are damaged: \(fault.reason)\(key). They were left as they are, nothing of the"
          + " call was written. Write them with replace, or fix them with an SQL tool")
    case .noMemory: return .noMemory()
    case .new(let fault): return StoreError(.internalError, "packed features: \(fault.reason)")
    }
  }
}
