// SPDX-License-Identifier: MIT
import PowerCutVFS
import Testing

@testable import DataStore

/// The power goes, at any moment. What the disk may then hold is worked out from the recorded writes and syncs, and
/// opened as the program would.
@Suite(.filesOnly(.file)) struct PowerCutTests {
  // MARK: What is promised

  @Test(arguments: [Durability.full, .normal])
  func leavesWholeCallsAndAllThatWasPromised(durability: Durability) throws {
    let options = Self.options(durability)
    var seeds = Seeded()
    var sum = Findings()
    var days = 0
    // The few cuts of a sample may all fall where they take nothing; those of many days do not.
    while days < Self.days || durability == .normal && sum.mostTaken == 0 && days < 20 * Self.days {
      days += 1
      let seed = seeds.next()
      let day = try Self.day(options, seed)
      #expect(day.checkpoints > 5, "\(seeds)")
      sum += try Replay(recording: day, options: options, cutPoints: Self.cutsADay, seed: seed).run()
    }
    #expect(sum.bad == 0, "\(seeds): \(sum.texts)")
    if Proof.isFull { #expect(sum.cutPoints >= 5_000 && sum.states >= 50_000) }
    Self.tell("\(durability)", sum)
    if durability == .normal {
      #expect(sum.mostTaken > 0, "or the disk was synced as often as with full durability")
      Proof.figure("power cuts, normal: most calls that one cut took", sum.mostTaken)
    }
  }

  /// A file that is being made: it can always be opened, and made if need be.
  @Test(arguments: [Durability.full, .normal])
  func aStoreCanBeMadeAgainWhereverItsMakingWasCut(durability: Durability) throws {
    let options = Self.options(durability)
    let seed = Seeded().seed
    let making = try Self.record { path, recorder in
      try Desk(path, options, Seeded(seed: seed), recorder).work(calls: 1)
    }
    let sum = try Replay(recording: making, options: options, seed: seed).run()
    #expect(sum.bad == 0, "seed \(seed): \(sum.texts)")
    Self.tell("\(durability), new file", sum)
  }

  /// Transactions larger than SQLite's cache, and the store's usual limit of the WAL.
  @Test(arguments: [Durability.full, .normal])
  func leavesWholeCallsOfMegabytes(durability: Durability) throws {
    let options = StoreOptions(durability: durability)
    let seed = Seeded().seed
    let day = try Self.record { path, recorder in
      try Desk(path, options, Seeded(seed: seed), recorder).workHeavily(calls: 4)
    }
    #expect(day.checkpoints > 0)
    let sum = try Replay(
      recording: day, options: options, cutPoints: Proof.isFull ? 40 : 4, seed: seed
    ).run()
    #expect(sum.bad == 0, "seed \(seed): \(sum.texts)")
    Self.tell("\(durability), calls of megabytes", sum)
  }

  /// Recovery, and the first calls after it, may be cut off as well as anything else.
  @Test(arguments: [Durability.full, .normal])
  func keepsItsPromisesThroughASecondCut(durability: Durability) throws {
    let options = Self.options(durability)
    var seeds = Seeded()
    var sum = Findings()
    for _ in 0..<Self.days {
      let seed = seeds.next()
      sum += try SecondCut(first: Self.firstLife(options, seed, cuts: Self.secondLivesADay)).run()
    }
    #expect(sum.bad == 0, "\(seeds): \(sum.texts)")
    Self.tell("\(durability), a second cut", sum)
  }

  // MARK: Controls, which must fail, or the tests above see nothing

  @Test func aDiskThatLiesAboutItsSyncsLosesCalls() throws {
    let options = Self.options(.full)
    let seed = Seeded().seed
    let day = try Self.day(options, seed)
    let wal = Int(POWER_CUT_WAL.rawValue)
    for (name, deafTo) in [("of the -wal", [wal]), ("of any file", Array(0..<Int(POWER_CUT_FILES.rawValue)))]
    {
      let sum = try Replay(
        recording: day, options: options, deafTo: Set(deafTo), cutPoints: Self.controlCuts, seed: seed
      ).run()
      #expect(sum.lost > 0, "no sync \(name), seed \(seed): nothing was lost in \(sum.states) states")
      Self.tell("control: no sync \(name)", sum)
    }
  }

  @Test func aDiskThatLiesInTheSecondLifeOnlyLosesCalls() throws {
    let seed = Seeded().seed
    let first = try Self.firstLife(Self.options(.full), seed, cuts: Self.secondLivesADay)
    let sum = try SecondCut(first: first, deafTo: Set(0..<Int(POWER_CUT_FILES.rawValue))).run()
    #expect(sum.lost > 0, "seed \(seed): nothing was lost in \(sum.states) states")
    Self.tell("control: no sync after the first cut", sum)
  }

  @Test func normalDurabilityDoesNotKeepWhatFullPromises() throws {
    let options = Self.options(.normal)
    var seeds: [UInt64] = []
    // A short sample of a day may hit upon moments at which all was synced; of several days none does throughout.
    for _ in 0..<5 {
      let seed = Seeded().seed
      seeds.append(seed)
      let day = try Self.day(options, seed)
      let sum = try Replay(
        recording: day, options: options, promise: .full, cutPoints: Self.controlCuts, seed: seed
      ).run()
      guard sum.lost == 0 else { return Self.tell("control: normal, as if it were full", sum) }
    }
    Issue.record("seeds \(seeds): nothing was lost")
  }

  @Test func aConnectionWithoutSyncsLosesCallsOrCorruptsTheFile() throws {
    let options = Self.options(.full)
    let seed = Seeded().seed
    let day = try Self.record { path, recorder in
      try Desk(path, options, Seeded(seed: seed), recorder).work(calls: 0)
      let raw = try RawDatabase(path)
      for number in 0..<20 {
        try recorder.call("insert") {
          try raw.execute("INSERT INTO system_state VALUES ('k\(number)', 1, '2026-03-01T15:00:00+00:00')")
          if number % 5 == 4 { try raw.execute("PRAGMA wal_checkpoint") }
        } digest: {
          try digest(raw.text)
        }
      }
    }
    let sum = try Replay(recording: day, options: options, cutPoints: Self.controlCuts, seed: seed).run()
    #expect(sum.bad > 0, "seed \(seed): \(sum.states) states are sound")
    Self.tell("control: synchronous=OFF", sum)
  }

  // MARK: How much

  private static let days = Proof.isFull ? 40 : 3
  private static let callsADay = Proof.isFull ? 60 : 36
  private static let cutsADay: Int? = Proof.isFull ? nil : 24
  private static let secondLivesADay = Proof.isFull ? 20 : 6
  private static let controlCuts: Int? = Proof.isFull ? nil : 30

  private static func options(_ durability: Durability) -> StoreOptions {
    var options = StoreOptions(durability: durability)
    // Two pages, so that the store checkpoints by itself every few calls.
    options.checkpointBytes = 16 << 10
    return options
  }

  private static func day(_ options: StoreOptions, _ seed: UInt64) throws -> Recording {
    try record { path, recorder in
      try Desk(path, options, Seeded(seed: seed), recorder).work(calls: callsADay)
    }
  }

  private static func firstLife(_ options: StoreOptions, _ seed: UInt64, cuts: Int) throws -> Replay {
    Replay(recording: try day(options, seed), options: options, cutPoints: cuts, seed: seed)
  }

  private static func record(_ program: (String, Recorder) throws -> Void) throws -> Recording {
    let scratch = try Scratch(in: "/dev/shm")
    let path = try StorePath(scratch.path()).resolved
    return try Recording(path) { recorder in try program(path, recorder) }
  }

  private static func tell(_ run: String, _ sum: Findings) {
    Proof.figure("power cuts, \(run): cut points", sum.cutPoints)
    Proof.figure("power cuts, \(run): states", sum.states)
    Proof.figure("power cuts, \(run): states without acknowledged calls", sum.lost)
    Proof.figure("power cuts, \(run): states with half a call, or corrupt", sum.half + sum.corrupt)
  }
}
