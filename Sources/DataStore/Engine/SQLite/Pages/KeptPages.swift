// SPDX-License-Identifier: MIT
import Glibc

/// Pages that stay from one read to the next, each for as long as the WAL's index tells that it is the newest.
///
/// Within one generation of the WAL, which its salts identify, a page has changed where a later frame holds it, and not otherwise:
/// what is folded into the database is what the frames hold.
struct KeptPages: ~Copyable {
  private struct Place {
    var page: UInt32 = 0
    var frame: UInt32 = 0
    var lastUse: UInt64 = 0
    var bytes: UnsafeMutablePointer<UInt8>?
  }

  private static let mostBytes = 256 << 10
  /// More than one read needs.
  private static let fewest = 16

  private let pageSize: Int
  private var files: PageFiles
  private var generation = Generation(salts: 0, notices: nil)
  private var places: [Place]
  private var uses: UInt64 = 0

  init(_ files: PageFiles, pageSize: Int) {
    self.files = files
    self.pageSize = pageSize
    places = Array(repeating: Place(), count: max(Self.mostBytes / pageSize, Self.fewest))
  }

  deinit {
    for place in places { free(place.bytes) }
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

  /// The current snapshot, for reads that follow; nil while a commit is changing it, and if its generation could not be
  /// told from another: nothing could be kept. `notices` counts those that came in (see `FileWatch`); nil if none do.
  mutating func begin(notices: Int?) -> Snapshot? {
    guard let header = files.index.sample()?.header, header.salts != 0 || notices != nil else { return nil }
    let now = Generation(salts: header.salts, notices: header.salts == 0 ? notices : nil)
    if now != generation {
      for place in places.indices { places[place].page = 0 }
      generation = now
    }
    return Snapshot(header: header, generation: now)
  }

  /// Whether the snapshot is still the newest: only then does what was read since `begin` belong together.
  mutating func isStill(_ snapshot: Snapshot) -> Bool { files.index.sample()?.header == snapshot.header }

  /// The frame that holds a page in the snapshot; 0 if the database does.
  mutating func frame(of page: UInt32, _ snapshot: Snapshot) -> UInt32? {
    files.index.frame(of: page, upTo: snapshot.header.lastFrame)
  }

  /// A page's bytes, which stay until `fewest` others were asked for.
  mutating func bytes(of page: UInt32, _ snapshot: Snapshot) -> UnsafePointer<UInt8>? {
    guard page > 0, let frame = frame(of: page, snapshot) else { return nil }
    uses += 1
    var oldest = 0
    for place in places.indices {
      if places[place].page == page {
        oldest = place
        guard places[place].frame != frame else {
          places[place].lastUse = uses
          return UnsafePointer(places[place].bytes)
        }
        break
      }
      if places[place].lastUse < places[oldest].lastUse { oldest = place }
    }
    if places[oldest].bytes == nil {
      places[oldest].bytes = malloc(pageSize)?.bindMemory(to: UInt8.self, capacity: pageSize)
    }
    guard let bytes = places[oldest].bytes else { return nil }
    places[oldest].page = 0
    guard files.read(page, frame, into: bytes, pageSize, pageSize: pageSize) else { return nil }
    places[oldest].page = page
    places[oldest].frame = frame
    places[oldest].lastUse = uses
    return UnsafePointer(bytes)
  }

  /// Copies a page that is not worth keeping to `bytes`, which has room for one.
  mutating func read(_ page: UInt32, _ frame: UInt32, into bytes: UnsafeMutablePointer<UInt8>) -> Bool {
    files.read(page, frame, into: bytes, pageSize, pageSize: pageSize)
  }
}
