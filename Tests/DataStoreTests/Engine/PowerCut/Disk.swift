// SPDX-License-Identifier: MIT
import Glibc
import PowerCutVFS

/// What a disk holds for good of one database's files, and what is only on its way there.
///
/// A file's contents become durable when it is synced, its name when its folder is. Until then a power cut may keep
/// any part of them.
struct Disk {
  /// A file's contents, whatever its name is.
  struct Contents {
    var durable: [UInt8] = []
    /// Writes and truncations since the last sync.
    var pending: [power_cut_operation] = []
  }

  /// A name that came to stand for other contents, or (nil) for none.
  struct Entry {
    let file: Int
    let contents: Int?
  }

  private(set) var contents: [Contents] = []
  /// Which contents each of the three names stands for, for running programs.
  private(set) var names = [Int?](repeating: nil, count: Int(POWER_CUT_FILES.rawValue))
  /// The same, as of the folder's last sync.
  private(set) var durableNames = [Int?](repeating: nil, count: Int(POWER_CUT_FILES.rawValue))
  /// What happened to names since.
  private(set) var pendingEntries: [Entry] = []

  /// The files whose syncs the disk only pretends to do, for the controls; their folder's included.
  let deaf: Set<Int>

  /// With these files on it, by their place among the names, for good.
  init(holding files: [[UInt8]?] = [], deafTo deaf: Set<Int> = []) {
    self.deaf = deaf
    for (file, bytes) in files.enumerated() {
      guard let bytes else { continue }
      names[file] = contents.count
      contents.append(Contents(durable: bytes))
    }
    durableNames = names
  }

  mutating func apply(_ operation: power_cut_operation) {
    let file = Int(operation.file)
    switch power_cut_kind(UInt32(operation.kind)) {
    case POWER_CUT_WRITE, POWER_CUT_TRUNCATE:
      if let place = names[file] { contents[place].pending.append(operation) }
    case POWER_CUT_SYNC:
      if let place = names[file], !deaf.contains(file) { sync(place) }
    case POWER_CUT_CREATE:
      guard names[file] == nil else { return }
      rename(file, to: contents.count)
      contents.append(Contents())
    case POWER_CUT_DELETE:
      rename(file, to: nil)
    case POWER_CUT_SYNC_FOLDER:
      if deaf.contains(file) { return }
      durableNames = names
      pendingEntries = []
    default: break
    }
  }

  private mutating func rename(_ file: Int, to place: Int?) {
    names[file] = place
    pendingEntries.append(Entry(file: file, contents: place))
  }

  private mutating func sync(_ place: Int) {
    for operation in contents[place].pending { contents[place].durable.apply(operation) }
    contents[place].pending = []
  }
}

extension [UInt8] {
  /// Does what a write or a truncation does to a file.
  mutating func apply(_ operation: power_cut_operation) {
    if operation.kind == POWER_CUT_TRUNCATE.rawValue {
      resize(Int(operation.offset))
    } else {
      write(
        UnsafeRawBufferPointer(start: operation.bytes, count: Int(operation.count)), at: Int(operation.offset)
      )
    }
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    if count < offset + bytes.count { resize(offset + bytes.count) }
    withUnsafeMutableBytes { $0[offset...].copyBytes(from: bytes) }
  }

  /// Cuts off, or adds zeros. (Elements one by one would take most of a replay's time where nothing is optimised.)
  mutating func resize(_ size: Int) {
    guard size != count else { return }
    let old = self
    self = [UInt8](unsafeUninitializedCapacity: Swift.max(size, 2 * count)) { bytes, filled in
      let kept = Swift.min(size, old.count)
      old.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(bytes).copyMemory(from: .init(rebasing: $0[..<kept]))
      }
      if let base = bytes.baseAddress { memset(base + kept, 0, size - kept) }
      filled = size
    }
  }
}
