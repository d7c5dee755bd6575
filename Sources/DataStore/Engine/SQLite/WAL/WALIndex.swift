// SPDX-License-Identifier: MIT
import CSQLite

/// What the shared memory of a WAL says: how far it reaches, and which frame holds which page.
///
/// Source: https://sqlite.org/walformat.html, "The WAL-Index File Format". Numbers there are in the machine's own order.
struct WALIndex {
  /// The header, which changes with each commit and whenever the WAL starts over.
  struct Header: Equatable {
    /// A mark of the format, 0, a count of changes, and flags with the page size.
    fileprivate var words: (UInt64, UInt64)
    /// The last valid frame, and the pages of the database.
    fileprivate var reach: UInt64
    fileprivate var checksum: UInt64
    /// They change whenever the WAL starts over; 0 before it was begun.
    fileprivate(set) var salts: UInt64
    fileprivate var ownChecksum: UInt64

    static func == (one: Header, other: Header) -> Bool {
      one.words == other.words && one.reach == other.reach && one.checksum == other.checksum
        && one.salts == other.salts && one.ownChecksum == other.ownChecksum
    }

    /// Counts the commits, from when this index was made.
    var commits: UInt32 { UInt32(truncatingIfNeeded: words.1) }
    /// The first salt, to which each start adds one.
    var starts: UInt32 { UInt32(bigEndian: UInt32(truncatingIfNeeded: salts)) }
    var lastFrame: UInt32 { UInt32(truncatingIfNeeded: reach) }
    /// 0 before the WAL was begun.
    var pageSize: Int {
      let stored = Int(words.1 >> 48)
      return stored == 1 ? 65_536 : stored
    }
    /// The only version that there is; another one may be laid out otherwise.
    fileprivate var isKnown: Bool {
      UInt32(truncatingIfNeeded: words.0) == 3_007_000 && (words.1 >> 32) & 0xff == 1
    }
  }

  /// The header, and how many frames were folded into the database by then.
  struct Sample {
    let header: Header
    let folded: UInt32
  }

  /// Both copies of the header, for the holder of the lock on writing. They stay where they are for as long as the file is
  /// open.
  struct Headers {
    fileprivate let memory: UnsafeRawPointer

    @inline(__always)
    var first: Header { memory.loadUnaligned(as: Header.self) }

    @inline(__always)
    func areBoth(_ header: Header) -> Bool {
      first == header
        && memory.loadUnaligned(fromByteOffset: WALIndex.headerBytes, as: Header.self) == header
    }
  }

  mutating func headers() -> Headers? { region(0).map(Headers.init) }

  private static let regionBytes = 32_768
  fileprivate static let headerBytes = 48
  /// Both headers, the checkpoint's words and the readers' marks come before the first page numbers.
  private static let firstPages = 136
  private static let slots = 8192
  private static let framesPerRegion: UInt32 = 4096
  private static let framesOfFirstRegion = framesPerRegion - UInt32(firstPages / 4)

  private let file: UnsafeMutablePointer<sqlite3_file>
  private var regions: [UnsafeRawPointer] = []

  init(_ file: UnsafeMutablePointer<sqlite3_file>) { self.file = file }

  /// The current state; nil while somebody is changing it.
  mutating func sample() -> Sample? {
    guard let memory = region(0) else { return nil }
    // The writer changes the second copy first.
    let header = memory.loadUnaligned(as: Header.self)
    let copy = memory.loadUnaligned(fromByteOffset: Self.headerBytes, as: Header.self)
    guard header == copy, header.isKnown else { return nil }
    return Sample(header: header, folded: memory.load(fromByteOffset: 2 * Self.headerBytes, as: UInt32.self))
  }

  /// The last frame up to `last` that holds `page`; 0 if none does; nil if the index makes no sense.
  mutating func frame(of page: UInt32, upTo last: UInt32) -> UInt32? {
    guard last > 0 else { return 0 }
    var number = Int((last + Self.framesPerRegion - Self.framesOfFirstRegion - 1) / Self.framesPerRegion)
    while number >= 0 {
      guard let memory = region(number) else { return nil }
      let before =
        number == 0 ? 0 : Self.framesOfFirstRegion + UInt32(number - 1) * Self.framesPerRegion
      let capacity = number == 0 ? Self.framesOfFirstRegion : Self.framesPerRegion
      let pages = memory + (number == 0 ? Self.firstPages : 0)
      let table = memory + Self.regionBytes / 2
      var slot = Int((UInt64(page) &* 383) & UInt64(Self.slots - 1))
      var found: UInt32 = 0
      var steps = 0
      while true {
        let entry = UInt32(table.load(fromByteOffset: slot * 2, as: UInt16.self))
        if entry == 0 { break }
        guard entry <= capacity, steps < Self.slots else { return nil }
        let frame = before + entry
        if frame <= last, frame > found,
          pages.load(fromByteOffset: Int(entry - 1) * 4, as: UInt32.self) == page
        {
          found = frame
        }
        slot = (slot + 1) & (Self.slots - 1)
        steps += 1
      }
      if found > 0 { return found }
      number -= 1
    }
    return 0
  }

  /// The page that a frame holds; nil if the index does not reach there.
  mutating func page(in frame: UInt32) -> UInt32? {
    guard frame > 0 else { return nil }
    if frame <= Self.framesOfFirstRegion {
      return region(0)?.load(fromByteOffset: Self.firstPages + Int(frame - 1) * 4, as: UInt32.self)
    }
    let (number, place) = (frame - Self.framesOfFirstRegion - 1).quotientAndRemainder(
      dividingBy: Self.framesPerRegion)
    return region(Int(number) + 1)?.load(fromByteOffset: Int(place) * 4, as: UInt32.self)
  }

  private mutating func region(_ number: Int) -> UnsafeRawPointer? {
    while regions.count <= number {
      guard let memory = csqlite_shared_memory(file, Int32(regions.count), Int32(Self.regionBytes))
      else { return nil }
      regions.append(memory)
    }
    return regions[number]
  }
}
