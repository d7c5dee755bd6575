// SPDX-License-Identifier: MIT
import Glibc

/// Where the file is, and what is there before SQLite looks.
struct StorePath {
  /// Absolute, symbolic links resolved.
  let resolved: String
  let exists: Bool
  let isEmpty: Bool

  /// `what` is what the caller calls the path.
  init(_ path: String, as what: String = "path") throws(StoreError) {
    guard !path.isEmpty else { throw .invalid("the \(what) is empty; name a file", key: what) }
    var status = stat()
    if stat(path, &status) == 0 {
      switch status.st_mode & S_IFMT {
      case S_IFREG: break
      case S_IFDIR: throw StoreError(.storage, "\(path) is a directory; name a file in it")
      default: throw StoreError(.storage, "\(path) is no regular file; name one")
      }
      resolved = try Self.realPath(path)
      exists = true
      isEmpty = status.st_size == 0
      return
    }
    let reason = errno
    var link = Glibc.stat()
    if lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFLNK {
      throw StoreError(.storage, "\(path) is a symbolic link to nothing; mend or remove it")
    }
    guard reason == ENOENT else { throw Self.failure(path, reason) }
    // The file is new: its folder must be there.
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
    StoreError(.storage, "\(path): \(String(cString: strerror(reason))). Check the path and its permissions")
  }

  /// Makes the entries of a folder durable.
  static func syncFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  /// Size in bytes; 0 where there is no such file.
  static func size(_ path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }
}
