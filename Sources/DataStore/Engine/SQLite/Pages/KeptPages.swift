// SPDX-License-Identifier: MIT
import Glibc

/// Pages that stay from one read to the next, each for as long as the WAL's index tells that it is the newest.
///
/// Within one generation of the WAL, which its salts identify, a page has changed where a later frame holds it, and not otherwise:
/// what is folded into the database is what the frames hold.
struct KeptPages: ~Copyable {
  private struct Place {
    var frame: UInt32 = 0
    var lastUse: UInt64 = 0
    /// The page with the lowest goes first.
    var rank: UInt64 = 0
    var bytes: UnsafeMutablePointer<UInt8>?
  }

  /// Room for the inner pages of a few million bars, beside as much for `KeptRecords`. Memory is asked for page by page.
  private static let mostBytes = 4 << 20
  /// More than one read needs at a time.
  private static let fewest = 16
  /// The places where a page may be. Of them the one that was not used for longest is given to another page.
  private static let ways = 8
  /// Inner pages, which lead to many series, stay for this many uses longer.
  private static let favour: UInt64 = 1 << 16

  private let pageSize: Int
  private var files: PageFiles
  private var generation = Generation(salts: 0, notices: nil)
  /// The number of the page in each place; 0 if there is none. A set of `ways` places follows another.
  private let numbers: UnsafeMutablePointer<UInt32>
  private let places: UnsafeMutablePointer<Place>
  private let count: Int
  private let setBits: Int
  private var uses: UInt64 = 0

  /// Its places lie in `room`, which becomes its own.
  init(_ files: PageFiles, pageSize: Int, in room: UnsafeMutableRawPointer) {
    self.files = files
    self.pageSize = pageSize
    let count = Self.count(pageSize)
    self.count = count
    setBits = (count / Self.ways).trailingZeroBitCount
    places = room.bindMemory(to: Place.self, capacity: count)
    places.initialize(repeating: Place(), count: count)
    numbers = (room + count * MemoryLayout<Place>.stride).bindMemory(to: UInt32.self, capacity: count)
    numbers.initialize(repeating: 0, count: count)
  }

  private static func count(_ pageSize: Int) -> Int { max(mostBytes / pageSize / ways, 8) * ways }

  /// Room for the places, from malloc: Swift's own arrays end the process where there is none. nil if there is no memory.
  static func room(pageSize: Int) -> UnsafeMutableRawPointer? {
    malloc(count(pageSize) * (MemoryLayout<Place>.stride + MemoryLayout<UInt32>.stride))
  }

  deinit {
    for place in 0..<count { free(places[place].bytes) }
    free(places)
  }

  /// One generation of the WAL. Before its first frame it has no salts: two of those could be taken for one, if there was a
  /// whole one in between. That ends with a process that died, of whose closed files there is a notice.
  struct Generation: Equatable {
    let salts: UInt64
    let notices: Int?
  }

  struct Snapshot: Equatable {
    let header: WALIndex.Header
    let generation: Generation
  }

  /// The current snapshot, for reads that follow; nil while a commit is changing it. `notices` counts those that came in (see
  /// `FileWatch`); nil if none do: then a generation may not be told from another, and nothing of it is kept.
  mutating func begin(notices: Int?) -> Snapshot? {
    guard let header = files.index.sample()?.header else { return nil }
    let now = Generation(salts: header.salts, notices: header.salts == 0 ? notices : nil)
    if now != generation || header.salts == 0 && notices == nil {
      for place in 0..<count {
        numbers[place] = 0
        places[place].rank = 0
      }
      generation = now
    }
    return Snapshot(header: header, generation: now)
  }

  /// Whether the snapshot is still the newest: only then does what was read since `begin` belong together.
  mutating func isStill(_ snapshot: Snapshot) -> Bool { files.index.sample()?.header == snapshot.header }

  /// Whether the WAL is still that of the snapshot.
  mutating func isOfWAL(_ snapshot: Snapshot) -> Bool {
    files.index.sample()?.header.salts == snapshot.header.salts
  }

  /// The frame that holds a page in the snapshot; 0 if the database does.
  mutating func frame(of page: UInt32, _ snapshot: Snapshot) -> UInt32? {
    files.index.frame(of: page, upTo: snapshot.header.lastFrame)
  }

  /// A page's bytes, which stay until `fewest` others were asked for.
  mutating func bytes(of page: UInt32, _ snapshot: Snapshot) -> UnsafePointer<UInt8>? {
    guard page > 0, let frame = frame(of: page, snapshot) else { return nil }
    uses += 1
    // Fibonacci hashing: neighbours in the file are of neighbouring series.
    let hash = Int((page &* 2_654_435_769) >> (32 - UInt32(setBits)))
    let first = hash * Self.ways
    var chosen = first
    for place in first..<first + Self.ways {
      if numbers[place] == page {
        chosen = place
        guard places[place].frame != frame else {
          places[place].rank += uses - places[place].lastUse
          places[place].lastUse = uses
          return UnsafePointer(places[place].bytes)
        }
        break
      }
      if places[place].rank < places[chosen].rank { chosen = place }
    }
    return fetch(page, frame, to: chosen)
  }

  private mutating func fetch(_ page: UInt32, _ frame: UInt32, to place: Int) -> UnsafePointer<UInt8>? {
    // Another page there may be in use.
    guard numbers[place] == 0 || numbers[place] == page || places[place].lastUse + UInt64(Self.fewest) < uses
    else {
      return nil
    }
    if places[place].bytes == nil {
      places[place].bytes = malloc(pageSize)?.bindMemory(to: UInt8.self, capacity: pageSize)
    }
    guard let bytes = places[place].bytes else { return nil }
    numbers[place] = 0
    guard files.read(page, frame, into: bytes, pageSize, pageSize: pageSize) else { return nil }
    numbers[place] = page
    places[place].frame = frame
    places[place].lastUse = uses
    let kind = BTreePage.Kind(rawValue: bytes[0])
    places[place].rank = kind == .indexLeaf || kind == .tableLeaf ? uses : uses + Self.favour
    return UnsafePointer(bytes)
  }

  /// Copies a page that is not worth keeping to `bytes`, which has room for one.
  mutating func read(_ page: UInt32, _ snapshot: Snapshot, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    guard page > 0, let frame = frame(of: page, snapshot) else { return false }
    return files.read(page, frame, into: bytes, pageSize, pageSize: pageSize)
  }

  /// A page's bytes, where they are kept; see `bytes(of:)`.
  mutating func keptBytes(of page: UInt32, _ snapshot: Snapshot) -> UnsafePointer<UInt8>? {
    guard page > 0, let frame = frame(of: page, snapshot) else { return nil }
    let first = Int((page &* 2_654_435_769) >> (32 - UInt32(setBits))) * Self.ways
    for place in first..<first + Self.ways where numbers[place] == page && places[place].frame == frame {
      return UnsafePointer(places[place].bytes)
    }
    return nil
  }
}
