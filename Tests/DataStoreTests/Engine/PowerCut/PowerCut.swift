// SPDX-License-Identifier: MIT
import PowerCutVFS

/// One way for a power cut to treat what had not been synced.
enum PowerCut: CaseIterable {
  case takesAllUnsynced
  case keepsAll
  case keepsTheWALOnly
  case keepsTheDatabaseOnly
  case halvesTheLastWrite
  case keepsHalfOfTheWrites
  case keepsMostWrites
  case keepsFewWrites
  /// The disk wrote the later ones first.
  case keepsTheLatestWrites
  case tearsSectors
  /// A sector that was being written when the power went holds anything.
  case tearsSectorsToGarbage
  /// The files have their new sizes, and zeros where the new contents should be.
  case keepsSizesOnly

  /// What the three files hold afterwards; nil if there is no such file.
  func files(of disk: Disk, _ random: inout Seeded) -> [[UInt8]?] {
    names(of: disk, &random).enumerated().map { file, place in
      place.map { contents(disk.contents[$0], file, &random) }
    }
  }

  private func names(of disk: Disk, _ random: inout Seeded) -> [Int?] {
    switch self {
    case .takesAllUnsynced: return disk.durableNames
    case .keepsAll, .halvesTheLastWrite, .tearsSectors: return disk.names
    default:
      // Each name on its own may have got as far as any of its changes.
      var names = disk.durableNames
      for file in names.indices {
        let changes = disk.pendingEntries.filter { $0.file == file }
        let kept = Int.random(in: 0...changes.count, using: &random)
        if kept > 0 { names[file] = changes[kept - 1].contents }
      }
      return names
    }
  }

  private func contents(_ contents: Disk.Contents, _ file: Int, _ random: inout Seeded) -> [UInt8] {
    var bytes = contents.durable
    let pending = contents.pending
    let half = Int.random(in: 0...pending.count, using: &random)
    for (index, operation) in pending.enumerated() {
      switch self {
      case .takesAllUnsynced: break
      case .keepsAll: bytes.apply(operation)
      case .keepsTheWALOnly: if file == POWER_CUT_WAL.rawValue { bytes.apply(operation) }
      case .keepsTheDatabaseOnly: if file == POWER_CUT_DATABASE.rawValue { bytes.apply(operation) }
      case .halvesTheLastWrite: bytes.apply(index == pending.count - 1 ? operation.half : operation)
      case .keepsHalfOfTheWrites: if random.oneIn(2) { bytes.apply(operation) }
      case .keepsMostWrites: if !random.oneIn(8) { bytes.apply(operation) }
      case .keepsFewWrites: if random.oneIn(8) { bytes.apply(operation) }
      case .keepsTheLatestWrites: if index >= half { bytes.apply(operation) }
      case .tearsSectors: bytes.tear(operation, garbage: false, &random)
      case .tearsSectorsToGarbage: bytes.tear(operation, garbage: true, &random)
      case .keepsSizesOnly: bytes.resize(max(bytes.count, Int(operation.offset + operation.count)))
      }
    }
    return bytes
  }
}

extension power_cut_operation {
  /// The first half of a write; a truncation has no halves.
  fileprivate var half: power_cut_operation {
    var half = self
    half.count /= 2
    return half
  }
}

extension [UInt8] {
  private static let sector = 512
  private static let noise: [UInt8] = {
    var random = Seeded(seed: 0)
    return (0..<16 * sector).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }()

  /// Does half of the sectors of a write; the others keep what they held or, where they were hit, hold `garbage`.
  fileprivate mutating func tear(_ operation: power_cut_operation, garbage: Bool, _ random: inout Seeded) {
    guard operation.kind == POWER_CUT_WRITE.rawValue else {
      if random.oneIn(2) { apply(operation) }
      return
    }
    let bytes = UnsafeRawBufferPointer(start: operation.bytes, count: Int(operation.count))
    var start = 0
    while start < bytes.count {
      let place = Int(operation.offset) + start
      let end = Swift.min(bytes.count, start + Self.sector - place % Self.sector)
      if random.oneIn(2) {
        write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: place)
      } else if garbage, random.oneIn(2) {
        let begin = Int.random(in: 0...Self.noise.count - Self.sector, using: &random)
        Self.noise.withUnsafeBytes { noise in
          write(UnsafeRawBufferPointer(rebasing: noise[begin..<begin + end - start]), at: place)
        }
      }
      start = end
    }
  }
}
