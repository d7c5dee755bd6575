// SPDX-License-Identifier: MIT
import Glibc
import PowerCutVFS
import Testing

@testable import DataStore

/// What was found in the states that power cuts left.
struct Findings {
  var cutPoints = 0
  var states = 0
  /// States in which acknowledged calls are missing that had to be there.
  var lost = 0
  /// States that hold what the database never held after any call: half a call, or calls out of order.
  var half = 0
  /// States that cannot be opened, or that a check finds fault with.
  var corrupt = 0
  /// The most acknowledged calls that one cut took, in states where it might.
  var mostTaken = 0
  /// The first few bad states, in words.
  var texts: [String] = []

  var bad: Int { lost + half + corrupt }

  mutating func add(_ kind: WritableKeyPath<Findings, Int>, _ text: String) {
    self[keyPath: kind] += 1
    if texts.count < 10 { texts.append(text) }
  }

  static func += (sum: inout Findings, other: Findings) {
    for count in [\Findings.cutPoints, \.states, \.lost, \.half, \.corrupt]
      as [WritableKeyPath<Findings, Int>]
    {
      sum[keyPath: count] += other[keyPath: count]
    }
    sum.mostTaken = max(sum.mostTaken, other.mostTaken)
    sum.texts += other.texts
  }
}

/// Cuts the power again and again while a recorded program is at work, and looks at what is left.
struct Replay {
  let recording: Recording
  /// Of the recorded program; the file is opened in the same way afterwards.
  let options: StoreOptions
  /// The files whose syncs are for show, for the controls.
  var deafTo: Set<Int> = []
  /// What is expected of the states: by default what `options` promise.
  var promise: Durability?
  /// How many cut points to try; nil: all of them.
  var cutPoints: Int?
  /// Draws the cut points and what each cut leaves.
  let seed: UInt64

  /// What lay there when the recorded program began, for good; by default nothing.
  var begins: [[UInt8]?] = []

  func run() throws -> Findings {
    let scratch = try Scratch(in: "/dev/shm")
    let file = CutFile(path: scratch.path(), options: options)
    var findings = Findings()
    try forEachCut { index, disk, history in
      findings.cutPoints += 1
      var seen: Set<Int> = []
      for cut in PowerCut.allCases {
        var random = random(at: index)
        let files = cut.files(of: disk, &random)
        // Where little is unsynced, several cuts leave the same.
        guard seen.insert(fingerprint(files)).inserted else { continue }
        findings.states += 1
        try file.write(files, staleSharedMemory: random.oneIn(2))
        file.look(history, &findings) { place(index, cut, history) }
      }
    }
    return findings
  }

  /// Calls `body` at each cut point that is tried, with what the disk then holds and what may be found on it.
  func forEachCut(_ body: (Int, Disk, History) throws -> Void) throws {
    let chosen = chosenCuts()
    var disk = Disk(holding: begins, deafTo: deafTo)
    var begun = 0
    var acknowledged = 0
    var durable = 0
    for (index, operation) in recording.operations.enumerated() {
      if operation.kind == POWER_CUT_BEGIN.rawValue { begun = Int(operation.offset) }
      if operation.kind == POWER_CUT_ACKNOWLEDGE.rawValue { acknowledged = Int(operation.offset) }
      disk.apply(operation)
      if disk.hasDurableWAL { durable = acknowledged }
      guard chosen.contains(index) else { continue }
      let history = History(
        digests: recording.digests,
        required: (promise ?? options.durability) == .full ? acknowledged : durable,
        acknowledged: acknowledged, begun: begun)
      try body(index, disk, history)
    }
  }

  func random(at index: Int) -> Seeded { Seeded(seed: seed &+ UInt64(index)) }

  func place(_ index: Int, _ cut: PowerCut, _ history: History) -> String {
    "operation \(index), \(cut), call \(history.begun) (\(recording.calls[history.begun]))"
  }

  private func fingerprint(_ files: [[UInt8]?]) -> Int {
    var hasher = Hasher()
    for file in files {
      hasher.combine(file?.count)
      file?.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
    return hasher.finalize()
  }

  /// A cut is possible after each operation, and after each acknowledgement.
  private func chosenCuts() -> Set<Int> {
    let all = recording.operations.indices.filter {
      recording.operations[$0].kind != POWER_CUT_BEGIN.rawValue
    }
    guard let cutPoints else { return Set(all) }
    var random = Seeded(seed: seed)
    return Set(all.shuffled(using: &random).prefix(cutPoints))
  }
}

extension Disk {
  /// All that was written to the WAL, and its name, is there for good: and so is every call that had returned.
  fileprivate var hasDurableWAL: Bool {
    let wal = Int(POWER_CUT_WAL.rawValue)
    guard let place = names[wal], durableNames[wal] == place else { return false }
    return contents[place].pending.isEmpty
  }
}

/// What the database may hold after a cut.
struct History {
  /// After so many calls.
  let digests: [Int]
  /// So many must be there.
  let required: Int
  let acknowledged: Int
  /// And no more than these.
  let begun: Int

  /// How many calls the database holds; nil if it holds no whole number of them.
  func calls(_ digest: Int) -> Int? {
    digests[0...min(begun, digests.count - 1)].lastIndex(of: digest)
  }
}

/// A database file as a power cut left it.
struct CutFile {
  let path: String
  let options: StoreOptions

  private static let noise: [UInt8] = {
    var random = Seeded(seed: 1)
    return (0..<32_768).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }()

  /// With `staleSharedMemory` the -shm, which is never synced, holds anything.
  func write(_ files: [[UInt8]?], staleSharedMemory: Bool) throws {
    unlink(path + "-shm")
    if staleSharedMemory { try DataStoreTests.write(Self.noise, to: path + "-shm") }
    for (suffix, bytes) in zip(["", "-wal", "-journal"], files) {
      unlink(path + suffix)
      if let bytes { try DataStoreTests.write(bytes, to: path + suffix) }
    }
  }

  /// Opens the file as the program would after the cut, and judges what is in it.
  func look(_ history: History, _ findings: inout Findings, _ place: () -> String) {
    do {
      let store = try Store(path, options)
      let faults = try store.check()
      let digest = try store.digest()
      // It goes on from there, and what it now folds together is sound, too.
      try store.state.set("after the cut", json: "1")
      store.close()
      let raw = try RawDatabase(path)
      let integrity = try raw.text("PRAGMA integrity_check")
      guard faults.isEmpty, integrity == "ok" else {
        return findings.add(\.corrupt, "\(place()): \(faults), integrity_check says \(integrity)")
      }
      guard let calls = history.calls(digest) else {
        return findings.add(\.half, "\(place()): it holds no whole number of calls")
      }
      findings.mostTaken = max(findings.mostTaken, history.acknowledged - calls)
      if calls < history.required {
        findings.add(\.lost, "\(place()): \(calls) calls of \(history.required) are there")
      }
    } catch {
      findings.add(\.corrupt, "\(place()): \(error)")
    }
  }
}
