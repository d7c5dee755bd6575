// SPDX-License-Identifier: MIT
import CLinux
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
    let folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      // No descriptor is left to look with, or there is no /proc: try all that there may be.
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      for descriptor in 0..<Int32(clamping: limit.rlim_cur) { body(descriptor) }
      return
    }
    defer { close(folder) }
    withUnsafeTemporaryAllocation(byteCount: roomForEntries, alignment: 8) { room in
      guard let start = room.baseAddress else { return }
      while true {
        let count = clinux_entries(folder, start, room.count)
        guard count > 0 else { return }
        var offset = 0
        while offset + Self.nameOffset < count {
          let entry = UnsafeRawPointer(start + offset)
          let name = entry + Self.nameOffset
          if let number = number(name.assumingMemoryBound(to: UInt8.self)) { body(number) }
          offset += max(Int(entry.loadUnaligned(fromByteOffset: Self.lengthOffset, as: UInt16.self)), 1)
        }
      }
    }
  }

  /// As much as lies on the stack.
  private static let roomForEntries = 1024
  // struct linux_dirent64
  private static let lengthOffset = 16
  private static let nameOffset = 19

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
