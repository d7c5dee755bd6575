// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

/// One connection to a file, with its statements prepared once. It knows nothing of what is stored there: `StoreConnection`
/// does. Not thread-safe: its holder is
/// alone with it (the writer lane and the reader pool see to that), so SQLite's own mutexes are off.
class Connection {
  enum Access {
    case readWrite
    case readOnly
    /// Read-only media: the file cannot change, so no lock and no -shm file is needed.
    case immutable
  }

  struct Settings {
    var timeout: Double
    /// `PRAGMA synchronous`: "FULL" or "NORMAL".
    var synchronous: String
    /// Bytes that the WAL file is cut back to when it starts over.
    var walLimit: Int64
    /// Which of SQLite's internals it may rest on.
    var fastPaths = FastPaths.all
  }

  let handle: OpaquePointer
  let fastPaths: FastPaths
  private let path: String
  private let walLimit: Int64
  private var statements: [String: Statement] = [:]
  /// Statements of the market's hot paths, by what varies in them.
  private var variants: [UInt64: Statement] = [:]
  /// A live feed writes one kind of bar again and again.
  private var lastVariant: (UInt64, Statement)?
  private var brackets = [Statement?](repeating: nil, count: Bracket.allCases.count)
  /// Those of `sql()`; see `ReadOnlyGuard`.
  var queries = KeptQueries()
  @exclusivity(unchecked) var guarding = ReadOnlyGuard.Phase.off
  var isGuarded = false
  @exclusivity(unchecked) private var pageCache = PageCache()
  /// By the number of the table, for reads that fetch pages by themselves.
  private var specifiedTables = PagedTable.allCases.map { _ in SpecifiedTable() }
  /// Frames in the WAL after this connection's last commit.
  private(set) var walFrames: Int32 = 0
  /// This connection's own commits, but for one that was about to happen when its hook was last called.
  @exclusivity(unchecked) private(set) var ownCommits: UInt32 = 0
  @exclusivity(unchecked) private var isCommitting = false
  /// How the connection that writes appends to the WAL, and the one that folds it in writes to the database.
  private var gathering: FrameGathering?
  private var checkpointing: CheckpointGathering?
  /// Asks the call that is running here to stop.
  let interruption: Interruption
  private let busyWait: BusyWait
  /// About a hundred microseconds' worth of SQLite's virtual machine.
  static let instructionsBetweenLooks: Int32 = 10_000

  /// Opens `path`, with `usesShim` through `ShimVFS`. Nothing is read from the file yet.
  init(
    _ path: String, _ access: Access, _ settings: Settings, usesShim: Bool = false,
    _ interruption: Interruption = Interruption()
  ) throws(StoreError) {
    guard Self.libraryVersionNumber >= Self.oldestVersionNumber else {
      throw StoreError(
        .storage,
        "SQLite \(Self.libraryVersion) is too old: install 3.34 or newer (Debian: apt install libsqlite3-0)")
    }
    var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    var name = path
    switch access {
    case .readWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    case .readOnly: flags |= SQLITE_OPEN_READONLY
    case .immutable:
      flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
      name = "file:" + Self.percentEncoded(path) + "?immutable=1"
    }
    var opened: OpaquePointer?
    let result = sqlite3_open_v2(name, &opened, flags, usesShim ? ShimVFS.name : nil)
    guard result == SQLITE_OK, let opened else {
      // SQLite hands a connection back even where opening failed.
      let error = StoreError.sqlite(result, opened, doing: "opening \(path)")
      sqlite3_close_v2(opened)
      throw error
    }
    handle = opened
    self.path = path
    walLimit = settings.walLimit
    fastPaths = settings.fastPaths
    self.interruption = interruption
    busyWait = BusyWait(timeout: settings.timeout, interruption: interruption)
    do throws(StoreError) {
      try setUp(access, settings)
    } catch {
      // `deinit` closes. Another's WAL must not be folded into a file that is refused.
      if StorePath.size("\(path)-wal") > 0 { leaveWALOnClose() }
      throw error
    }
  }

  deinit {
    gathering?.lockObserver = nil
    statements = [:]
    variants = [:]
    lastVariant = nil
    brackets = []
    queries = KeptQueries()
    gathering = nil
    checkpointing = nil
    sqlite3_close_v2(handle)
  }

  private func setUp(_ access: Access, _ settings: Settings) throws(StoreError) {
    // A file may carry SQL of its own (triggers, views, expressions): none of it runs here.
    for (option, on) in [
      (SQLITE_DBCONFIG_ENABLE_TRIGGER, 0), (SQLITE_DBCONFIG_ENABLE_VIEW, 0), (SQLITE_DBCONFIG_DEFENSIVE, 1),
      (SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0), (SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    ] as [(Int32, Int32)] {
      let result = csqlite_db_config(handle, option, on)
      guard result == SQLITE_OK else { throw .sqlite(result, handle, doing: "setting the connection up") }
    }
    sqlite3_busy_timeout(handle, Int32(min(settings.timeout * 1000, Double(Int32.max))))
    // These touch the connection only; journal_mode, which touches the file, is the schema's business.
    // SQLite's own checkpoints have the WAL-reset bug before 3.51.3 (https://sqlite.org/wal.html#walresetbug);
    // Checkpointer has the guarded step. They go by the hook that is set below, so this is for the record.
    sqlite3_wal_autocheckpoint(handle, 0)
    // Each takes longer than to read a row: what SQLite has already, and what only writes go by, is left out.
    var pragmas =
      "PRAGMA synchronous=\(settings.synchronous);PRAGMA temp_store=MEMORY;PRAGMA cell_size_check=ON;"
    if access != .readWrite {
      pragmas += "PRAGMA ignore_check_constraints=ON;"
    } else if !writesLater {
      pragmas += pragmasOfWriting
    }
    if mapsFile { pragmas += "PRAGMA mmap_size=0;" }
    try execute(pragmas)
    try registerFunctions()
    sqlite3_progress_handler(
      handle, Self.instructionsBetweenLooks,
      { interruption in
        guard let interruption else { return 0 }
        return Unmanaged<Interruption>.fromOpaque(interruption).takeUnretainedValue().shouldStopStatement()
          ? 1 : 0
      }, Unmanaged.passUnretained(interruption).toOpaque())
    sqlite3_wal_hook(
      handle,
      { connection, _, _, frames in
        connection.map {
          Unmanaged<Connection>.fromOpaque($0)._withUnsafeGuaranteedRef { $0.noteCommit(frames) }
        }
        return SQLITE_OK
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Whether what only writes take is set up before the first of them, with `pragmasOfWriting`.
  var writesLater: Bool { false }

  var pragmasOfWriting: String {
    "PRAGMA ignore_check_constraints=ON;PRAGMA secure_delete=OFF;PRAGMA journal_size_limit=\(walLimit);"
  }

  /// Whether SQLite would map the file into memory, as it may have been built to.
  private var mapsFile: Bool {
    var limit: Int64 = -1  // which asks for it
    let result = sqlite3_file_control(handle, "main", SQLITE_FCNTL_MMAP_SIZE, &limit)
    return result != SQLITE_OK || limit != 0
  }

  /// From now on this connection waits for locks in short steps, up to the deadline of the current call: SQLite's own
  /// handler sleeps up to 100 ms at a time and starves behind busy writers.
  func waitFairly() {
    sqlite3_busy_handler(
      handle,
      { wait, _ in wait.map { Unmanaged<BusyWait>.fromOpaque($0).takeUnretainedValue().again() } ?? 0 },
      Unmanaged.passUnretained(busyWait).toOpaque())
    // A statement that is its own transaction has the lock by then, and has not synced yet.
    sqlite3_commit_hook(
      handle,
      { connection in
        guard let connection else { return 0 }
        return Unmanaged<Connection>.fromOpaque(connection)._withUnsafeGuaranteedRef { $0.mayCommit() }
          ? 0 : 1
      }, Unmanaged.passUnretained(self).toOpaque())
    // Also called where a commit fails.
    sqlite3_rollback_hook(
      handle,
      { connection in
        connection.map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue().isCommitting = false }
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Called behind each commit that wrote frames. It is counted here, and not only where the count is asked for: any
  /// rollback in between, as that behind a checkpoint, would take it for one that failed.
  private func noteCommit(_ frames: Int32) {
    walFrames = frames
    countCommit()
  }

  func countCommit() {
    if isCommitting { ownCommits &+= 1 }
    isCommitting = false
  }

  /// To be called before a write of so many rows.
  @inline(__always)
  func expectRows(_ count: Int) { pageCache.note(count, handle, gathering?.fetches) }

  // MARK: A statement that is its own transaction

  /// Asked before a commit by the current statement; what it throws takes the statement back.
  private var commitCheck: (() throws(StoreError) -> Void)?
  private var commitRefusal: StoreError?

  /// SQLite is about to commit: false has it roll back.
  private func mayCommit() -> Bool {
    busyWait.leaveLine()
    // This connection writes to no temporary table, whose commit alone would call here, too.
    countCommit()
    isCommitting = true
    // What was made of a text that was missing must not stay. See `failingWhenShort(_:)`.
    if failsWhenShort, isShort { return false }
    guard mayCommitStatement() else { return false }
    guard let commitCheck else { return true }
    do throws(StoreError) {
      try commitCheck()
      return true
    } catch {
      commitRefusal = error
      return false
    }
  }

  /// Runs `body`, whose statements are their own transactions: each is committed only where `check` does not throw.
  func checkingCommits<Result>(
    _ check: @escaping () throws(StoreError) -> Void, _ body: () throws(StoreError) -> Result
  ) throws(StoreError) -> Result {
    commitCheck = check
    commitRefusal = nil
    defer { commitCheck = nil }
    do throws(StoreError) {
      return try body()
    } catch {
      throw commitRefusal ?? error
    }
  }

  /// From now on this connection, which has read already, writes the frames of the WAL in long pieces.
  func gatherFrames() {
    guard fastPaths.contains(.frames) else { return }
    gathering = FrameGathering(
      database: file(SQLITE_FCNTL_FILE_POINTER), wal: file(SQLITE_FCNTL_JOURNAL_POINTER),
      walPath: "\(path)-wal", earlyFrom: walLimit / 2)
  }

  /// Makes the disk begin to write what is in the WAL, so that a checkpoint waits for less.
  func beginWriteback() { gathering?.beginWriteback() }

  /// From now on `observer` is told of the lock on writing; false if that cannot be.
  func observeWriteLock(_ observer: WriteLockObserver) -> Bool {
    gathering?.lockObserver = Unmanaged.passUnretained(observer)
    return gathering != nil
  }

  /// Runs `body`, one statement that writes and is its own transaction, with fewer locks. See `ReadLockSparing`.
  func writingAtOnce(_ body: () throws(StoreError) -> Void) throws(StoreError) {
    guard fastPaths.contains(.readLock), let gathering else { return try body() }
    gathering.readLock.beginStatement()
    do throws(StoreError) {
      try body()
      gathering.readLock.endStatement()
    } catch {
      let wasExposed = gathering.readLock.isExposed
      gathering.readLock.endStatement()
      guard wasExposed, !error.isBusy, error.code != .interrupted else { throw error }
      try body()
    }
  }

  /// From now on this connection, which has read already, checkpoints in long pieces, and the disk begins early with what
  /// it writes to the database. See `CheckpointGathering`.
  func gatherCheckpoints(_ descriptor: Int32) {
    guard checkpointing == nil else { return }
    checkpointing = CheckpointGathering(
      database: file(SQLITE_FCNTL_FILE_POINTER), wal: file(SQLITE_FCNTL_JOURNAL_POINTER),
      descriptor: descriptor, gathers: fastPaths.contains(.frames))
  }

  /// From now on this connection waits behind writers that came first, in whatever process.
  func waitsIn(_ line: TicketLock?) { busyWait.line = line }

  func beginWaiting(until deadline: Deadline) { busyWait.deadline = deadline }
  func endWaiting() { busyWait.leaveLine() }
  func giveWay() throws(StoreError) { try busyWait.giveWay() }

  /// Begins a transaction that has the write lock.
  func beginWriting() throws(StoreError) {
    // A commit without frames has no hook behind it.
    countCommit()
    try run(.beginImmediate)
    busyWait.leaveLine()
  }

  /// What a transaction begins and ends with.
  enum Bracket: Int, CaseIterable {
    case begin, beginImmediate, commit, rollback

    fileprivate var sql: String {
      switch self {
      case .begin: "BEGIN"
      case .beginImmediate: "BEGIN IMMEDIATE"
      case .commit: "COMMIT"
      case .rollback: "ROLLBACK"
      }
    }
  }

  func run(_ bracket: Bracket) throws(StoreError) { try prepared(bracket).run() }

  /// What takes a failed call back must not need memory that is not there.
  func prepareRollback() throws(StoreError) { _ = try prepared(.rollback) }

  private func prepared(_ bracket: Bracket) throws(StoreError) -> Statement {
    if let kept = brackets[bracket.rawValue] { return kept }
    let statement = try Statement(bracket.sql, on: self, isKept: true)
    brackets[bracket.rawValue] = statement
    return statement
  }

  // MARK: Statements

  /// The statement for `sql`, prepared at its first use and kept.
  func statement(_ sql: String) throws(StoreError) -> Statement {
    if let kept = statements[sql] { return kept }
    let statement = try Statement(sql, on: self, isKept: true)
    statements[sql] = statement
    return statement
  }

  /// The statement of a hot path, known by a number; `sql` is asked for at its first use.
  @inline(__always)
  func statement(_ variant: UInt64, _ sql: () -> String) throws(StoreError) -> Statement {
    if let (last, statement) = lastVariant, last == variant { return statement }
    let statement: Statement
    if let kept = variants[variant] {
      statement = kept
    } else {
      statement = try Statement(sql(), on: self, isKept: true)
      variants[variant] = statement
    }
    lastVariant = (variant, statement)
    return statement
  }

  /// Runs one or more statements whose rows do not matter.
  func execute(_ sql: String) throws(StoreError) {
    let result = sqlite3_exec(handle, sql, nil, nil, nil)
    guard result == SQLITE_OK else { throw stepFailed(result, nil) }
  }

  /// The failure of a run. What our own callbacks found out says more than SQLite's code, unless they were given
  /// nothing to look at because memory ran out.
  func stepFailed(_ result: Int32, _ statement: Statement?) -> StoreError {
    if let found = takeFailure(), result & 0xff != SQLITE_NOMEM {
      statement.map { _ = sqlite3_reset($0.handle) }
      return found
    }
    let error = StoreError.sqlite(result, handle, doing: doing("working on the database"))
    statement.map { _ = sqlite3_reset($0.handle) }
    return error
  }

  /// Whether the SQL of a table is the specification's.
  func isSpecified(_ table: PagedTable, _ sql: Bytes, as ddl: String) -> Bool {
    specifiedTables[table.rawValue].isWritten(in: sql, as: ddl)
  }

  // MARK: For those who know what is stored

  /// Makes the functions known that statements call.
  func registerFunctions() throws(StoreError) {}

  /// What a function, or the table that rows come from, found out during the last statement, once.
  func takeFailure() -> StoreError? { nil }

  /// Asked before a statement that is its own transaction commits.
  func mayCommitStatement() -> Bool { true }

  /// What was going on, with the file's name, for a message.
  func doing(_ action: String) -> String {
    let file = sqlite3_db_filename(handle, "main").map { String(cString: $0) } ?? ""
    return file.isEmpty ? action : "\(action) \(file)"
  }

  // MARK: Out of memory

  /// True once a column's text could not be handed over because memory ran out, and was taken for an empty one.
  private var missesText = false
  private var failsWhenShort = false

  func noteMissingText() { missesText = true }

  private var isShort: Bool { missesText || MemoryShortage.isNoted }

  /// A per-call out-of-memory scope: runs `body`, which fails if a text or a block was refused to it, whatever it returned.
  func failingWhenShort<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
    missesText = false
    MemoryShortage.forget()
    failsWhenShort = true
    defer { failsWhenShort = false }
    do throws(StoreError) {
      let result = try body()
      if !isShort { return result }
    } catch {
      if !isShort { throw error }
    }
    MemoryShortage.forget()
    throw .noMemory()
  }

  /// Stops the running statements. From any thread.
  func interruptStatements() { sqlite3_interrupt(handle) }

  /// Closing the last connection folds the WAL in and deletes it; where the files are no longer ours, or
  /// must stay as they are, that must not happen.
  func leaveWALOnClose() { _ = csqlite_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1) }

  private static func percentEncoded(_ path: String) -> String {
    var encoded = ""
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let hex = String(byte, radix: 16)
        encoded += hex.utf8.count == 1 ? "%0" + hex : "%" + hex
      }
    }
    return encoded
  }
}
