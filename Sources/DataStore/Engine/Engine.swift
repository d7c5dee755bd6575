// SPDX-License-Identifier: MIT

/// A place where bars, requests and state are kept: what the market, the state and the store ask of it.
///
/// The rules stand above this line. A caller has checked names, texts, times and ranges before it asks, so that an engine
/// is only asked for what may be stored. How rows lie, are found, locked and made durable is the engine's business: one
/// call of these is one call of a user's, and the engine decides how many statements or round trips that takes.
///
/// Every call is atomic: it does all of its work or none, within the caller's transaction where the calling thread and
/// task have one open, else in one of its own. A call that fails within a transaction is undone alone, and a failed read
/// leaves the transaction usable, too. All reads of a call see one snapshot. Calls come from any thread. One that waits or
/// lasts can be stopped by `interrupt()`, its deadline or the thread's `CancellationCallback`, but never amid a commit.
/// Failures are `StoreError`s, of the codes that the C header lists. docs/engines.md has what each of these takes.
protocol Engine: AnyObject, Sendable, TransactionOwner, BarRows, RequestRows, StateRows, Maintenance {
  /// Counts as a call that neither reads nor writes: throws `.closed` if no call is possible any more.
  func checkOpen() throws(StoreError)
  /// Waits for running calls, rolls an open transaction back, and lets go of everything. Any number of times.
  func close()
  /// Makes the calls that run in other threads stop with `.interrupted`; nothing of them is stored.
  func interrupt() throws(StoreError)

  // MARK: Transactions. A transaction belongs to the thread and the task that began it.

  /// Begins a transaction; within another one, a savepoint. Until it ends nobody else changes what is stored: other
  /// writers, those of other processes too, wait or are refused with `.busy`. Readers see the last commit.
  func beginTransaction() throws(StoreError) -> TransactionID
  /// Ends a transaction where it was begun, after all that were begun within it. Where this throws, it is over and
  /// taken back; only after `.closed` may it be unknown whether it was stored, and the message says so.
  func end(_ transaction: TransactionID, commit: Bool) throws(StoreError)
  /// Ends the innermost transaction of the calling thread. Where this throws, it is still open.
  func commitTransaction() throws(StoreError)
  /// Takes the innermost transaction of the calling thread back.
  func rollBackTransaction() throws(StoreError)
}

/// Where bars are kept.
protocol BarRows {
  /// Upserts the rows of a batch that was checked, with the same result as writing each row in order: several may name the
  /// same bar, and bars of several series may stand in any order. Columns that are not carried keep what is stored, features
  /// merge by key; with `replace` each row becomes what was passed and nothing else.
  func writeBars(_ batch: BorrowedBatch, replace: Bool) throws(StoreError)
  /// Writes the features of bars that are stored already; `.missingBar` where one is not.
  func writeFeatures(_ batch: BorrowedBatch, _ change: FeatureChange) throws(StoreError)
  /// Upserts one bar that was checked, the everyday call of a live feed.
  func writeBar(_ row: BorrowedRow, replace: Bool) throws(StoreError)

  /// Collects the rows of each series in turn, as of one snapshot, at most `limit` in all.
  func readBars(_ reads: [SeriesRead], _ shape: ReadShape, limit: Int?) throws(StoreError) -> BarAccumulator
  /// Lends the latest bar of a series to `body`, all its columns and its features as JSON, if there is one. It lives until
  /// `body` returns.
  func latestBar(
    _ symbol: Bytes, _ timeframe: Bytes, _ body: (BorrowedBar) throws(StoreError) -> Void
  ) throws(StoreError)

  /// Whether a series has a bar.
  func hasBars(_ key: SeriesKey) throws(StoreError) -> Bool
  /// How many rows a read of this range would have.
  func countBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int
  /// Hands the times that a read of this range would have to `taker`, in their order.
  func barTimes(_ key: SeriesKey, _ range: TimeRange, _ taker: any TimesTaker) throws(StoreError)
  /// The keys of the features that the rows of each series have, at most `limit` rows in all, sorted by bytes.
  func featureKeys(_ reads: [SeriesRead], limit: Int?) throws(StoreError) -> [String]

  /// Deletes the bars of one series within a range; returns how many.
  func deleteBars(_ key: SeriesKey, _ range: TimeRange) throws(StoreError) -> Int
  /// What is stored of each series, in any order. With `counts`, how many bars and gap rows it has.
  func series(counts: Bool) throws(StoreError) -> [SeriesEntry]
}

/// What times of bars are handed to, some at a time.
protocol TimesTaker: AnyObject {
  /// They are lent, and ascend: equal ones are of several rows.
  func take(_ times: UnsafeBufferPointer<Int64>)
  /// What was taken does not count: all come once more, from the first on.
  func restart()
  /// There are no more. Memory that is short now fails the call.
  func end()
}

/// What a write makes of the features that a bar has.
enum FeatureChange {
  /// They are merged by key.
  case merge
  /// They become what the row has; none, where it has none.
  case replace
  /// The same, but a row that says nothing of features leaves them alone.
  case replaceWhereGiven
}

/// Where the requests that brought the bars are kept.
protocol RequestRows {
  /// Upserts a request that was checked; returns the time that it is kept under, which is the first free microsecond
  /// from now on where it names none.
  func record(_ request: BorrowedRequest) throws(StoreError) -> Int64
  /// The requests of one series, of one symbol, or all, within a range, in any order.
  func requests(symbol: String?, timeframe: String?, _ range: TimeRange) throws(StoreError) -> [MarketRequest]
}

/// Where state values are kept.
protocol StateRows {
  /// Stores all values or none, with the time of the write. Texts are borrowed for the call.
  func setState(_ entries: [(key: String, value: StateValue)]) throws(StoreError)
  /// Stores one value; both are borrowed for the call.
  func setState(_ key: Bytes, _ value: StateValue) throws(StoreError)
  /// Stores all values or none, each with the time at which it was written elsewhere: a copy of them.
  func restoreState(_ entries: [(key: String, value: StateValue, updatedAt: Int64)]) throws(StoreError)
  /// Lends the JSON text of a value to `body`; nil if the key is absent.
  func state(_ key: Bytes, _ body: (Bytes?) throws(StoreError) -> Void) throws(StoreError)
  /// Returns whether there was something to delete.
  func deleteState(_ key: String) throws(StoreError) -> Bool
  /// Stores a value where the stored one equals `expected`, in one atomic step across processes; an absent key equals
  /// null. Returns whether it was stored.
  func compareAndSetState(
    _ key: String, _ expected: JSONValue, _ value: StateValue
  ) throws(StoreError) -> Bool
  /// When the key was last written, in nanoseconds since 1970-01-01T00:00:00Z; nil if it is absent.
  func stateUpdatedAt(_ key: String) throws(StoreError) -> Int64?
  /// The entries whose key begins with `prefix`, in any order.
  func stateEntries(prefix: String, values: Bool) throws(StoreError) -> [StateEntry]
}

/// What is asked of a place as a whole.
protocol Maintenance {
  /// Where the rows are: an absolute path, or a name that tells as much.
  var path: String { get }
  /// The fast paths that are taken, by name, and why there are no others.
  var fastPaths: [String] { get }
  var fastPathsReason: String? { get }
  /// The schema of a server's store.
  var schema: String? { get }

  func info() throws(StoreError) -> StoreInfo
  /// What is wrong with what is kept, one text per finding.
  func check() throws(StoreError) -> [String]
  func checkpoint() throws(StoreError) -> CheckpointResult
  /// Copies everything as of one snapshot into a new store's file.
  func backup(to target: String, overwrite: Bool) throws(StoreError)
  /// Runs one statement that only reads, for at most `timeout` seconds.
  func query(_ sql: String, _ parameters: [QueryParameter], timeout: Double?) throws(StoreError) -> QueryRows
  /// The statements that set a connection of another client up.
  func connectionScript() throws(StoreError) -> String
}
