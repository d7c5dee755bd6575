// SPDX-License-Identifier: MIT
import Glibc

/// Which file a name stands for: device and inode.
struct FileIdentity: Hashable {
  let device: UInt
  let inode: UInt

  /// nil if there is no such file.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.init(status)
  }

  init?(descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    self.init(status)
  }

  private init(_ status: stat) {
    device = UInt(status.st_dev)
    inode = UInt(status.st_ino)
  }

  /// How many of this process's descriptors of the file `isCounted` takes.
  func descriptorCount(where isCounted: (Int32) -> Bool) -> Int {
    var count = 0
    Self.forEachDescriptor { descriptor in
      if FileIdentity(descriptor: descriptor) == self, isCounted(descriptor) { count += 1 }
    }
    return count
  }

  static func forEachDescriptor(_ body: (Int32) -> Void) {
    guard let folder = opendir("/proc/self/fd") else {
      // No descriptor or no memory is left to look with, or there is no /proc: try all that there may be.
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      for descriptor in 0..<Int32(clamping: limit.rlim_cur) { body(descriptor) }
      return
    }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      // An entry is as long as its name; the struct's full length may reach beyond the buffer.
      guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { break }
      let name = UnsafeRawPointer(entry) + offset
      if let number = number(name.assumingMemoryBound(to: UInt8.self)) { body(number) }
    }
  }

  /// nil for "." and "..".
  private static func number(_ name: UnsafePointer<UInt8>) -> Int32? {
    var number: Int32 = 0
    var next = name
    while next.pointee != 0 {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next.pointee) else { return nil }
      number = number &* 10 &+ Int32(next.pointee &- UInt8(ascii: "0"))
      next += 1
    }
    return number
  }
}
