// SPDX-License-Identifier: MIT

/// Tells how long what was found out about rows in other forms stays right, for all connections of a store.
///
/// The store itself writes times in the stored form alone. So what it knew before a commit of its own it knows after it. Only
/// another connection's commit may add rows in other forms, and each commit changes the header of the WAL's index:
/// the one that writes here notes the header whenever it takes the lock on writing, and again before it gives it back.
/// A header that is not the one noted then is another's, if nobody here has the lock. Of another's commit the pages that
/// it changed are looked at (`ChangedPages`). Where they cannot be, nothing counts as known.
///
/// Each commit of that kind begins an edition. What was found out is kept with the edition of that time.
final class CommitLedger: WriteLockObserver, @unchecked Sendable {  // its monitor guards it
  private let monitor = Monitor()
  @exclusivity(unchecked) private var edition: UInt32 = 1
  /// Since this edition nobody has added a row in another form.
  @exclusivity(unchecked) private var lastAddition: UInt32 = 1
  /// Since this edition nobody has removed one.
  @exclusivity(unchecked) private var lastRemoval: UInt32 = 1
  /// What the current edition was last seen with; nil if that cannot be told.
  @exclusivity(unchecked) private var header: WALIndex.Header?
  @exclusivity(unchecked) private var schemaCookie: UInt32?
  /// The writer of this store has the lock on writing: what it does not know of nobody has committed.
  @exclusivity(unchecked) private var isWriting = false
  /// Its transaction may have removed rows in other forms, and may be taken back.
  @exclusivity(unchecked) private var isRemoving = false
  /// How the writer sees the file; set once, before its first write.
  @exclusivity(unchecked) private var writersPages: ChangedPages?
  @exclusivity(unchecked) private var writersHeaders: WALIndex.Headers?
  /// The header when the writer took the lock on writing; nil if that cannot be told.
  @exclusivity(unchecked) private var headerBefore: WALIndex.Header?
  @exclusivity(unchecked) private var lastCommit: OwnCommit?
  /// How many notices had come in when the WAL was last seen without salts.
  @exclusivity(unchecked) private var notices = 0

  /// What counts within one snapshot.
  struct Knowable {
    /// What was free of other forms then still is.
    var plainSince: UInt32
    /// What was in other forms then still is there.
    var foundSince: UInt32
    /// What was found out later may be of later commits.
    var now: UInt32
    /// What to keep with what is found out now; nil if it is not to be kept.
    var edition: UInt32?

    @inline(__always)
    func holds(_ edition: UInt32, isPlain: Bool) -> Bool {
      edition <= now && edition >= (isPlain ? plainSince : foundSince)
    }
  }

  /// What the writer has committed while it last had the lock on writing, by the headers before and after.
  struct OwnCommit {
    let before: WALIndex.Header
    let after: WALIndex.Header
    /// See `Knowable`.
    let plainSince: UInt32
  }

  /// An edition that a snapshot is not older than.
  struct Mark {
    fileprivate let edition: UInt32
  }

  // MARK: The writer

  /// From now on `pages` is how the writer sees the file.
  func watch(_ pages: ChangedPages) {
    monitor.locked {
      writersPages = pages
      writersHeaders = pages.index.headers()
    }
  }

  override func tookWriteLock() {
    monitor.locked {
      let isStill = header.flatMap { writersHeaders?.areBoth($0) } ?? false
      // Where a writer has died halfway the copies differ, and SQLite is about to make the header again.
      if !isStill, writersPages.flatMap(look) == nil { forget() }
      isWriting = true
      isRemoving = false
      lastCommit = nil
      headerBefore = (writersHeaders?.first).flatMap { writersHeaders?.areBoth($0) == true ? $0 : nil }
    }
  }

  override func leavesWriteLock() {
    monitor.locked {
      guard isWriting else { return }
      isWriting = false
      if isRemoving {
        isRemoving = false
        edition &+= 1
        lastRemoval = edition
      }
      header = writersHeaders?.first
      if let before = headerBefore, let header, before != header {
        lastCommit = OwnCommit(before: before, after: header, plainSince: lastAddition)
      }
      headerBefore = nil
    }
  }

  /// What the writer has just committed; nil if nothing, or it was asked for before. For the writer alone.
  func takeCommit() -> OwnCommit? {
    defer { lastCommit = nil }
    return lastCommit
  }

  /// To be called before rows are removed that may be in other forms, by the writer within its transaction.
  func beginRemoval() { monitor.locked { isRemoving = true } }

  /// What counts for the writer; nil if it has not got the lock on writing.
  @inline(__always)
  var knowableToWriter: Knowable? {
    // Nothing of this changes while the lock is held, but by the writer itself.
    guard isWriting else { return nil }
    return knowable(edition, keeps: true)
  }

  // MARK: Readers

  /// To be asked before a snapshot begins; nil while the file cannot be told about.
  func mark(_ pages: ChangedPages) -> Mark? {
    monitor.locked { look(pages) == nil ? nil : Mark(edition: edition) }
  }

  /// What counts in a snapshot that has begun since then, and has been read from; nil if nothing is known.
  func knowable(since mark: Mark, _ pages: ChangedPages) -> Knowable? {
    monitor.locked {
      guard look(pages) != nil, lastAddition <= mark.edition else { return nil }
      return knowable(mark.edition, keeps: mark.edition == edition)
    }
  }

  /// What counts with this header, if it is the current one. `notices` as `KeptPages.begin(notices:)` has it.
  func knowable(with header: WALIndex.Header, notices: Int?, _ pages: ChangedPages) -> Knowable? {
    monitor.locked {
      if header.salts == 0, let notices, notices != self.notices {
        self.notices = notices
        if !isWriting { self.header = nil }
      }
      guard look(pages) == header else { return nil }
      return knowable(edition, keeps: true)
    }
  }

  /// The current header, where what is found out with it is found out of `edition`: nothing has come to rows in other forms
  /// since then, and nothing is about to go.
  func header(of edition: UInt32, _ pages: ChangedPages) -> WALIndex.Header? {
    monitor.locked {
      guard let now = look(pages), edition == self.edition, !isRemoving else { return nil }
      return now
    }
  }

  private func knowable(_ now: UInt32, keeps: Bool) -> Knowable {
    Knowable(
      plainSince: lastAddition, foundSince: lastRemoval, now: now,
      edition: keeps && !isRemoving ? edition : nil)
  }

  // MARK: The file

  /// The current header, others' commits up to which have been seen to; nil if there is none to be had.
  private func look(_ pages: ChangedPages) -> WALIndex.Header? {
    guard let now = pages.index.sample()?.header else { return nil }
    if isWriting || now == header { return now }
    edition &+= 1
    lastRemoval = edition
    if !pages.arePlain(after: header, upTo: now, &schemaCookie) { lastAddition = edition }
    header = now
    return now
  }

  private func forget() {
    edition &+= 1
    lastRemoval = edition
    lastAddition = edition
    header = nil
  }
}
