import CSQLite
// SPDX-License-Identifier: MIT
import CShimVFS
import Glibc
import Testing

@testable import DataStore

/// The VFS of the connections that write stands before the default one, and is never that itself.
@Suite(.filesOnly(.internals)) struct ShimVFSTests {
  private static let settings = Connection.Settings(timeout: 10, synchronous: "FULL", walLimit: 1 << 20)

  /// The names of the VFS of a connection's file, from the outermost in.
  private static func layers(_ connection: Connection) throws -> [String] {
    var names: UnsafeMutablePointer<CChar>?
    #expect(sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_VFSNAME, &names) == SQLITE_OK)
    defer { sqlite3_free(names) }
    return String(cString: try #require(names)).split(separator: "/").map(String.init)
  }

  private static func isShim(_ name: String?) -> Bool { name?.hasPrefix("data_store-") ?? false }

  private static func nameOfDefault() throws -> String {
    String(cString: try #require(sqlite3_vfs_find(nil)?.pointee.zName))
  }

  @Test func itStandsBeforeTheDefaultUnderANameOfItsOwn() throws {
    let scratch = try Scratch()
    try scratch.store().close()
    let shimmed = try Connection(scratch.path(), .readWrite, Self.settings, usesShim: true)
    let layers = try Self.layers(shimmed)
    #expect(Self.isShim(layers.first) && layers.last == "unix" && layers.filter(Self.isShim).count == 1)
    #expect(try !Self.isShim(Self.nameOfDefault()))
    let plain = try Connection(scratch.path(), .readOnly, Self.settings)
    #expect(try !Self.layers(plain).contains(where: Self.isShim))
    #expect(shimmed.file(SQLITE_FCNTL_FILE_POINTER) != nil)
  }

  @Test func whoWritesUsesItOnlyWhereFramesAreGathered() throws {
    for wanted in [true, false] {
      let scratch = try Scratch()
      var options = StoreOptions()
      options.usesFastPaths = wanted
      let store = try Store(scratch.path(), options)
      let writer = try #require(store.file.writer)
      #expect(
        try Self.isShim(Self.layers(writer).first)
          == store.file.connectionSettings.fastPaths.contains(.frames))
    }
  }

  /// SQLite makes the next in its list the default then.
  @Test func itIsNotTheDefaultEvenAfterThatIsUnregistered() throws {
    let scratch = try Scratch()
    // Stores of other tests may be opened on it meanwhile, so it stays.
    let application = UnsafeMutablePointer<shim_vfs>.allocate(capacity: 1)
    var none = sqlite3_io_methods()
    shim_vfs_make(
      application, sqlite3_vfs_find(nil), strdup("application"), Int32(MemoryLayout<shim_file>.size), 0, &none
    )
    let vfs = UnsafeMutableRawPointer(application).assumingMemoryBound(to: sqlite3_vfs.self)
    #expect(sqlite3_vfs_register(vfs, 1) == SQLITE_OK)
    do {
      let store = try scratch.store()
      try store.state.set("k", json: "1")
      #expect(try Self.layers(#require(store.file.writer)).contains("application"))
      store.close()
    }
    #expect(sqlite3_vfs_unregister(vfs) == SQLITE_OK)
    #expect(try !Self.isShim(Self.nameOfDefault()))
    let store = try scratch.store()
    #expect(try store.state.get("k") == "1")
  }

  @Test func systemCallsAreThoseOfTheWrappedVFS() throws {
    let name = try #require(ShimVFS.name)
    let shim = try #require(sqlite3_vfs_find(name))
    let unix = try #require(sqlite3_vfs_find("unix"))
    let (own, wrapped) = (shim.pointee, unix.pointee)
    #expect(own.iVersion == wrapped.iVersion && own.mxPathname == wrapped.mxPathname)
    #expect(own.szOsFile > wrapped.szOsFile)
    func address(_ vfs: UnsafeMutablePointer<sqlite3_vfs>, _ call: String) -> UInt {
      unsafeBitCast(vfs.pointee.xGetSystemCall?(vfs, call), to: UInt.self)
    }
    for call in ["open", "close", "fstat", "fcntl", "pwrite64"] {
      #expect(address(shim, call) == address(unix, call) && address(unix, call) != 0, "\(call)")
    }
    #expect(
      own.xSetSystemCall?(shim, "no such call", nil) == wrapped.xSetSystemCall?(unix, "no such call", nil))
  }

  /// SQLite asks a file's version, and whether it has shared memory, before it uses either.
  @Test func aFileHasTheMethodsOfTheOneBehindIt() throws {
    var none = sqlite3_io_methods()
    var made = shim_methods()
    shim_methods_make(&made, &none)
    for version in [1, 2, 3, 4] as [Int32] {
      for isShared in [false, true] {
        var wrapped = sqlite3_io_methods()
        wrapped.iVersion = version
        if isShared { wrapped.xShmMap = { _, _, _, _, _ in SQLITE_OK } }
        let methods = try #require(shim_methods_before(&made, &wrapped)).pointee
        #expect(methods.iVersion == min(version, 3))
        #expect((methods.xShmMap != nil) == (isShared && version > 1))
      }
    }
  }

  @Test func nothingIsSwitchedOnForAFileOfAnotherVFS() throws {
    let scratch = try Scratch()
    try scratch.store().close()
    for usesShim in [false, true] {
      let connection = try Connection(scratch.path(), .readWrite, Self.settings, usesShim: usesShim)
      connection.openWAL()
      func gathering() -> FrameGathering? {
        FrameGathering(
          database: connection.file(SQLITE_FCNTL_FILE_POINTER),
          wal: connection.file(SQLITE_FCNTL_JOURNAL_POINTER),
          walPath: scratch.path() + "-wal")
      }
      let first = gathering()
      #expect((first != nil) == usesShim)
      #expect(gathering() == nil, "and once only")
      first?.letGo()
      #expect((gathering() != nil) == usesShim)
    }
  }
}
