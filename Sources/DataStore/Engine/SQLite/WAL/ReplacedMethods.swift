// SPDX-License-Identifier: MIT
import CSQLite

typealias SQLiteFile = UnsafeMutablePointer<sqlite3_file>

/// An open file of SQLite's, with some of its methods replaced by those of `Owner`.
///
/// A file names the table of its methods, and SQLite calls what stands there (https://sqlite.org/c3ref/file.html). So a
/// copy of the table with a few replacements in it is all that is needed, and the replacements call the original methods.
struct ReplacedMethods<Owner: AnyObject>: ~Copyable {
  private struct Table {
    /// The first, for this is what the file names.
    var methods: sqlite3_io_methods
    let own: UnsafePointer<sqlite3_io_methods>
    let owner: Unmanaged<Owner>
  }

  let file: SQLiteFile
  private let table: UnsafeMutablePointer<Table>

  /// nil if the file is not open. `owner` must outlive this.
  init?(_ file: SQLiteFile?, _ owner: Owner, replace: (inout sqlite3_io_methods) -> Void) {
    guard let file, let own = file.pointee.pMethods else { return nil }
    self.file = file
    table = .allocate(capacity: 1)
    table.initialize(to: Table(methods: own.pointee, own: own, owner: Unmanaged.passUnretained(owner)))
    replace(&table.pointee.methods)
    file.pointee.pMethods = UnsafeRawPointer(table).assumingMemoryBound(to: sqlite3_io_methods.self)
  }

  /// Puts the file's own methods back.
  deinit {
    file.pointee.pMethods = table.pointee.own
    table.deallocate()
  }

  /// The methods that were there before, of a file whose methods are replaced.
  @inline(__always)
  static func own(_ file: SQLiteFile) -> UnsafePointer<sqlite3_io_methods> { table(file).pointee.own }

  /// Calls `body` with the owner of the methods of `file`.
  @inline(__always)
  static func withOwner<Result>(_ file: SQLiteFile, _ body: (Owner) -> Result) -> Result {
    table(file).pointee.owner._withUnsafeGuaranteedRef(body)
  }

  @inline(__always)
  private static func table(_ file: SQLiteFile) -> UnsafePointer<Table> {
    // SQLite came here by way of the table.
    UnsafeRawPointer(file.pointee.pMethods.unsafelyUnwrapped).assumingMemoryBound(to: Table.self)
  }
}
