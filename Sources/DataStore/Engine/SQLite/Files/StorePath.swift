// SPDX-License-Identifier: MIT
import CSQLite
import Glibc

/// Where the file is, and what is there before SQLite looks.
struct StorePath {
  /// Bytes of the longest path that SQLite opens: it wants room for "-journal" (pager.c: sqlite3PagerOpen).
  static let longestPath =
    sqlite3_vfs_find(nil).map { Int($0.pointee.mxPathname) - SideFiles.longestSuffix } ?? 504

  /// As the caller has it.
  let given: String
  /// Absolute, symbolic links resolved.
  let resolved: String
  let exists: Bool
  let isEmpty: Bool

  /// `what` is what the caller calls the path.
  init(_ path: String, as what: String = "path") throws(StoreError) {
    try Self.checkIsPlain(path, what)
    given = path
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw StoreError(.storage, "\(path) is a directory; name a file in it")
      default: throw StoreError(.storage, "\(path) is not a regular file; name one")
      }
      resolved = try Self.realPath(path)
      exists = true
      isEmpty = status.st_size == 0
      try checkName(what)
      return
    }
    let reason = errno
    var link = Glibc.stat()
    if lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFLNK {
      throw StoreError(.storage, "\(path) is a symbolic link to nothing; fix or remove it")
    }
    guard reason == ENOENT else { throw Self.failure(path, reason) }
    // The file is new: its folder must be there.
    try Self.checkIsNoConnectionString(path, what)
    let (folder, name) = Self.parts(path)
    guard !name.isEmpty, name != ".", name != ".." else { throw .invalid("\(path) names no file") }
    let parent: String
    do throws(StoreError) {
      parent = try Self.realPath(folder ?? ".")
    } catch {
      throw StoreError(error.code, "\(path): its folder \(error.message)")
    }
    resolved = (parent == "/" ? "" : parent) + "/" + name
    exists = false
    isEmpty = true
    try checkName(what)
  }

  // MARK: Names

  /// Names that other programs know for something else than a file would otherwise become a new, empty store.
  private static func checkIsPlain(_ path: String, _ what: String) throws(StoreError) {
    guard !path.isEmpty else { throw .invalid("the \(what) is empty; name a file", key: what) }
    if path.utf8.contains(0) {
      let shown = StoreError.quoted(ShownURL.withoutSecrets(path))
      throw .invalid("the \(what) \(shown) holds a NUL character; remove it", key: what)
    }
    if path.hasPrefix(":memory:") {
      throw .invalid(
        "the \(what) ':memory:' names no file, and a store is one: pass the path of a file. For a store that is to be"
          + " forgotten name one in a temporary folder (tempfile.mkdtemp() in Python, /dev/shm for memory)",
        key: what)
    }
    guard let scheme = scheme(of: path) else { return }
    let shown = StoreError.quoted(ShownURL.withoutSecrets(path))
    throw .invalid(
      "the \(what) \(shown) is a URI or a connection string ('\(scheme):'), and a store is opened by the plain path of its"
        + " file: pass 'market.db' or '/data/market.db'; read_only and timeout are arguments of their own. On a PostgreSQL"
        + " server it is 'postgresql://user@host/database', as text. A file that has such a name is './\(scheme):...'",
      key: what)
  }

  /// The scheme of a URI, as of `file:x?mode=ro` or `sqlite:///x`; nil for a path. Where one slash is left of the two,
  /// a pathlib.Path has been made of it.
  private static func scheme(of path: String) -> String? {
    guard let colon = path.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    let scheme = String(decoding: path.utf8[..<colon].drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
      .lowercased()
    let isScheme = scheme.utf8.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
    }
    guard isScheme, !scheme.isEmpty else { return nil }
    let known = ["file", "sqlite", "sqlite3", "jdbc", "postgresql", "postgres"]
    let isKnown = known.contains(scheme) || scheme.hasPrefix("sqlite+")
    return isKnown || path[colon...].hasPrefix("://") ? scheme : nil
  }

  /// A new file of such a name would have the password in its name, and nobody would find the store on the server.
  private static func checkIsNoConnectionString(_ path: String, _ what: String) throws(StoreError) {
    let keywords = [
      "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "service", "sslmode",
    ]
    let parts = path.utf8.drop { $0 == 0x20 }.split(separator: UInt8(ascii: "="), maxSplits: 1)
    guard parts.count == 2, let first = parts.first,
      let keyword = keywords.first(where: { $0.utf8.elementsEqual(first.prefix { $0 != 0x20 }) })
    else { return }
    throw .invalid(
      "the \(what) is a connection string ('\(keyword)=...'), and a store on a PostgreSQL server is named by a URL:"
        + " 'postgresql://user@host/database', 'postgresql:///?service=market'. A file that has such a name is"
        + " './\(keyword)=...'", key: what)
  }

  /// Checks the resolved name against what a file beside it needs, and against those files themselves.
  private func checkName(_ what: String) throws(StoreError) {
    let room = SideFiles.longestSuffix
    let name = resolved.utf8.split(separator: UInt8(ascii: "/")).last?.count ?? 0
    let longestName = pathconf(folder, Int32(_PC_NAME_MAX))
    if longestName > 0, name + room > longestName {
      throw Self.tooLong(what, resolved, "its last part is \(name)", longestName - room)
    }
    if resolved.utf8.count > Self.longestPath {
      throw Self.tooLong(
        what, resolved, "with links resolved it is \(resolved.utf8.count)", Self.longestPath)
    }
    if let owner = SideFiles.owner(of: resolved) {
      throw .invalid(
        "\(resolved) is where SQLite keeps what belongs to the database \(owner), and would be taken for that or"
          + " deleted; name another file", key: what)
    }
  }

  /// The path of another file in the same folder.
  func besides(_ name: String) throws(StoreError) -> String {
    let path = (folder == "/" ? "" : folder) + "/" + name
    guard path.utf8.count <= Self.longestPath else {
      throw Self.tooLong(
        "target", resolved, "a file beside it would be of \(path.utf8.count)", Self.longestPath)
    }
    return path
  }

  private static func tooLong(_ what: String, _ path: String, _ fact: String, _ limit: Int) -> StoreError {
    StoreError(
      .storage,
      "the \(what) \(StoreError.quoted(path)) is too long: \(fact) bytes, and \(limit) are allowed (SQLite needs room for"
        + " '-journal' behind the name). Choose a shorter name or folder", key: what)
  }

  var folder: String { Self.parts(resolved).folder ?? "/" }

  /// A path's folder, where it names one, and its last name. A slash and an accent after it are one `Character`, but the
  /// slash ends a name all the same.
  private static func parts(_ path: String) -> (folder: String?, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (nil, path) }
    let folder = slash == path.startIndex ? "/" : String(path[..<slash])
    return (folder, String(path[path.utf8.index(after: slash)...]))
  }

  static func realPath(_ path: String) throws(StoreError) -> String {
    guard let found = realpath(path, nil) else { throw failure(path, errno) }
    defer { free(found) }
    guard let text = String(validatingCString: found) else {
      throw .invalid("\(path): its absolute path is not valid UTF-8; move it to one that is")
    }
    return text
  }

  private static func failure(_ path: String, _ reason: Int32) -> StoreError {
    if reason == ENAMETOOLONG {
      return StoreError(
        .storage,
        "\(StoreError.quoted(path)) is too long, as a whole (\(path.utf8.count) bytes) or in one of its parts: a path has up"
          + " to \(Self.longestPath) bytes, and a name in it mostly up to 255. Choose a shorter name or folder"
      )
    }
    return StoreError(
      .storage, "\(path): \(String(cString: strerror(reason))). Check the path and its permissions")
  }

  /// Makes an empty file where there is none, with the permissions that open(2) gives: SQLite would ask for 0644. Without a
  /// descriptor, which a store in this process that has the file open would lose its locks by. False if it was not made.
  @discardableResult
  static func create(_ path: String) -> Bool {
    mknod(path, S_IFREG | 0o666, 0) == 0
  }

  /// Makes the entries of a folder durable.
  static func syncFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Size in bytes; 0 if there is no such file.
  static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
