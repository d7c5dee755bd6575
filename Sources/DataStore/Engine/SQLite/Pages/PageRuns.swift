// SPDX-License-Identifier: MIT

/// Neighbouring pages of the database, fetched at once, for all that goes through pages in one read transaction.
///
/// Rows written in order are stored in order, with a page of the index now and then between those of the table: what asks
/// first fetches for both.
final class PageRuns {
  /// As much as SQLite's own files take at a time (os_unix.c: seekAndRead).
  static let mostBytes = 0x1ffff

  private struct Run {
    var block: ByteBlock
    var first: UInt32
    var count: UInt32
  }

  /// The latest is the last. Others may still be read by callers that hold them.
  private var runs: [Run] = []
  /// What was fetched before stays, for what is a little behind.
  private static let fewest = 2

  /// Lets go of what only the current read transaction needs.
  func end() { runs = [] }

  /// The bytes of a page, as long as the block is held; nil if it was not fetched.
  func find(_ number: UInt32, pageSize: Int) -> (bytes: UnsafePointer<UInt8>, block: ByteBlock)? {
    for run in runs.reversed() where number >= run.first && number - run.first < run.count {
      return (UnsafePointer(run.block.base + Int(number - run.first) * pageSize), run.block)
    }
    return nil
  }

  /// Fetches pages from this one on, which count as of the current transaction only where the database has them. False if
  /// there is only one, or they are not to be had.
  func fetch(_ number: UInt32, pages wanted: Int, _ source: inout PageSource) -> Bool {
    let most = Self.mostBytes / source.pageSize
    let pages = min(wanted, most, source.databasePages - Int(number) + 1)
    guard pages > 1, let block = freeBlock(most * source.pageSize),
      source.read(number, pages: pages, into: block.base)
    else { return false }
    runs.append(Run(block: block, first: number, count: UInt32(pages)))
    return true
  }

  /// A block that nobody else holds, no longer among the runs; nil if there is no memory.
  private func freeBlock(_ bytes: Int) -> ByteBlock? {
    if runs.count >= Self.fewest {
      for index in runs.indices where isKnownUniquelyReferenced(&runs[index].block) {
        return runs.remove(at: index).block
      }
    }
    return ByteBlock(capacity: bytes)
  }
}
