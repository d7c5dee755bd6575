import CSQLite
// SPDX-License-Identifier: MIT
import CShimVFS

typealias SQLiteFile = UnsafeMutablePointer<sqlite3_file>

/// The VFS of the connections that write and checkpoint. It stands before SQLite's default VFS and passes everything on to
/// it, but for what is switched on for a file (https://sqlite.org/vfs.html).
///
/// A connection for which nothing is ever switched on does not need it, and is opened without it: those that read, and
/// the one that writes where the fast path `frames` is off. So to switch that off takes this VFS out, too.
enum ShimVFS {
  /// What to open a connection with; nil, which is SQLite's default VFS, if memory ran out.
  static var name: UnsafePointer<CChar>? { store_vfs_name() }
}

/// What one kind of file does otherwise than to pass on. Made once, and kept for good.
struct ShimMethods: @unchecked Sendable {  // never changes
  fileprivate let tables: UnsafePointer<shim_methods>

  init(_ replace: (inout sqlite3_io_methods) -> Void) {
    var own = sqlite3_io_methods()
    replace(&own)
    let made = UnsafeMutablePointer<shim_methods>.allocate(capacity: 1)
    shim_methods_make(made, &own)
    tables = UnsafePointer(made)
  }
}

/// An open file of the shim VFS with methods that are switched on, for as long as this is there.
struct ShimFile<Owner: AnyObject>: ~Copyable {
  let file: SQLiteFile

  /// nil where the file is not open, or is another VFS's. `owner` must outlive this.
  init?(_ file: SQLiteFile?, _ owner: Owner, _ methods: ShimMethods) {
    guard let file,
      store_vfs_switch_on(file, methods.tables, Unmanaged.passUnretained(owner).toOpaque()) != 0
    else { return nil }
    self.file = file
  }

  deinit { store_vfs_switch_off(file) }

  /// Calls `body` with the owner of the methods of `file`.
  @inline(__always)
  static func withOwner<Result>(_ file: SQLiteFile, _ body: (Owner) -> Result) -> Result {
    // It is there for as long as the methods are.
    Unmanaged<Owner>.fromOpaque(shim_owner(file).unsafelyUnwrapped)._withUnsafeGuaranteedRef(body)
  }
}
