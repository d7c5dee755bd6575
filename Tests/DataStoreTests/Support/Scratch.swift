// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import DataStore

/// A folder of one test's own, and on a server the schemas of its stores; they go when the test ends.
final class Scratch {
  let folder: String
  private var schemas: [(name: String, server: Server)] = []

  /// In `parent` where that can be written, else in /tmp. What is in /dev/shm stays in memory.
  init(in parent: String = "/tmp") throws {
    let place = access(parent, W_OK) == 0 ? parent : "/tmp"
    let template = Array("\(place)/data_store_swift_XXXXXX".utf8CString)
    folder = try #require(
      template.withUnsafeBufferPointer { text -> String? in
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.count)
        defer { copy.deallocate() }
        for (place, byte) in text.enumerated() { copy[place] = byte }
        return mkdtemp(copy).map { String(cString: $0) }
      })
  }

  deinit {
    chmod(folder, 0o755)
    Self.removeAll(folder)
  }

  /// The path of a file in the folder.
  func path(_ name: String = "bars.db") -> String { "\(folder)/\(name)" }

  /// Where a store lies: a file of the folder, or the URL of a schema.
  func place(_ name: String = "bars.db") throws -> String {
    Places.areOnServer ? try server(name).url : path(name)
  }

  /// A store at `place(name)` that gives up at once where another writer is in the way.
  func store(
    _ name: String = "bars.db", durability: Durability = .normal, timeout: Double = 0
  ) throws -> Store {
    try Store(place(name), StoreOptions(durability: durability, timeout: timeout))
  }

  /// A store in a file, wherever the others lie.
  func file(_ name: String = "bars.db") throws -> Store {
    try Store(path(name), StoreOptions(durability: .normal, timeout: 0))
  }

  private func server(_ name: String) throws -> Server {
    if let known = schemas.first(where: { ExactText($0.name) == ExactText(name) }) { return known.server }
    let server = try Server()
    schemas.append((name, server))
    return server
  }

  // MARK: Other tools

  /// Runs SQL that both engines take, as another tool does.
  func otherTool(_ sql: String, _ name: String = "bars.db") throws {
    if Places.areOnServer { try server(name).run(sql) } else { try raw(name).execute(sql) }
  }

  /// Another tool that keeps its connection.
  func heldTool(_ name: String = "bars.db") throws -> HeldTool {
    Places.areOnServer ? .server(try server(name)) : .file(try raw(name))
  }

  enum HeldTool {
    case file(RawDatabase)
    case server(Server)

    /// No store can write until it is done.
    func beginWriting() throws {
      switch self {
      case .file(let raw): try raw.execute("BEGIN IMMEDIATE")
      case .server(let server):
        try server.run(
          "BEGIN; LOCK TABLE market_data, market_requests, system_state IN SHARE ROW EXCLUSIVE MODE")
      }
    }

    func rollBack() throws {
      switch self {
      case .file(let raw): try raw.execute("ROLLBACK")
      case .server(let server): try server.run("ROLLBACK")
      }
    }
  }

  /// Another tool at the store's file.
  func raw(_ name: String = "bars.db") throws -> RawDatabase { try RawDatabase(path(name)) }

  /// A file with the specification's tables, made by another tool.
  func specifiedFile(pageSize: Int) throws -> RawDatabase {
    let raw = try raw()
    try raw.execute("PRAGMA page_size=\(pageSize); PRAGMA journal_mode=WAL")
    for table in Schema.tables { try raw.execute(table.ddl) }
    try raw.execute("PRAGMA user_version=1")
    return raw
  }

  /// The names of the files, sorted.
  var names: [String] { Self.entries(of: folder).sorted() }

  static func entries(of folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
      }
      if name != ".", name != ".." { found.append(name) }
    }
    return found
  }

  /// Removes a store that is closed.
  func remove(_ name: String) {
    schemas.removeAll { ExactText($0.name) == ExactText(name) }
    Self.remove(path(name))
  }

  /// Removes a database that is closed, with what lies beside it.
  static func remove(_ path: String) {
    for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
  }

  private static func removeAll(_ folder: String) {
    for name in entries(of: folder) {
      let path = "\(folder)/\(name)"
      if unlink(path) != 0 { removeAll(path) }
    }
    rmdir(folder)
  }
}

/// The bytes of a file. Only for files that no connection of this process has open: closing the
/// descriptor would drop SQLite's locks.
func contents(_ path: String) throws -> [UInt8] {
  let file = try #require(fopen(path, "rb"))
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 65_536)
  while true {
    let count = fread(&block, 1, block.count, file)
    if count == 0 { return bytes }
    bytes.append(contentsOf: block[..<count])
  }
}

func write(_ bytes: [UInt8], to path: String) throws {
  let file = try #require(fopen(path, "wb"))
  defer { fclose(file) }
  #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}
