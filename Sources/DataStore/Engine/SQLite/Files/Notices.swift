// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// What the kernel tells of a database and the files beside it (inotify(7)): that a process has opened, closed, moved or
/// deleted one of them, or moved a folder above them.
///
/// The kernel lets go of watches in its own time, and a close() waits for that: for milliseconds, and on a busy machine for
/// tens of them. So that is left to a thread of its own. A process that ends with one open waits all the same.
final class Notices {
  /// Where they come in.
  private let descriptor: Int32
  /// An epoll descriptor that says whether there are any, for half the cost of trying to read them; -1 if there is none.
  let arrival: Int32
  /// Whether the folders on the path are watched, too.
  let coverFolders: Bool
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 8)

  /// nil where the kernel has none to give.
  init?(of path: String) {
    let notices = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard notices >= 0 else { return nil }
    descriptor = notices
    let gone = UInt32(IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF)
    let used = UInt32(IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE)
    var isWatched = true
    for (suffix, events) in [("", gone | used), ("-wal", gone), ("-shm", gone | used)]
    where inotify_add_watch(notices, path + suffix, events) < 0 {
      isWatched = false
    }
    arrival = isWatched ? Self.arrival(at: notices) : -1
    coverFolders = isWatched && Self.watchFolders(of: path, notices)
    guard isWatched else { return nil }
  }

  deinit {
    if arrival >= 0 { close(arrival) }
    Self.closeAside(descriptor)
    buffer.deallocate()
  }

  /// Whether any may have come, by the descriptor that says so. If it cannot be asked, the answer is yes.
  @inline(__always)
  static func mayHaveCome(_ arrival: Int32) -> Bool {
    var event = epoll_event()
    return epoll_wait(arrival, &event, 1, 0) != 0
  }

  /// Takes in those that have come; true if there were any.
  func take() -> Bool { read(descriptor, buffer.baseAddress, buffer.count) > 0 }

  private static func arrival(at notices: Int32) -> Int32 {
    let arrival = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard arrival >= 0 else { return -1 }
    var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data(fd: notices))
    if epoll_ctl(arrival, EPOLL_CTL_ADD, notices, &event) == 0 { return arrival }
    close(arrival)
    return -1
  }

  /// Asks for notices of the folders, too: one that is moved takes the file along, which has no notice of it. False if
  /// one of them may not be read.
  private static func watchFolders(of path: String, _ notices: Int32) -> Bool {
    var folder = path[...]
    while let slash = folder.utf8.lastIndex(of: UInt8(ascii: "/")) {
      folder = folder[..<slash]
      let name = folder.isEmpty ? "/" : String(folder)
      if inotify_add_watch(notices, name, UInt32(IN_MOVE_SELF | IN_DELETE_SELF)) < 0 { return false }
    }
    return true
  }

  private static func closeAside(_ descriptor: Int32) {
    var thread = pthread_t()
    let number = UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1)
    guard let number,
      startThread(
        &thread, number,
        { number in
          close(Int32(Int(bitPattern: number) - 1))
          return nil
        })
    else {
      close(descriptor)
      return
    }
    pthread_detach(thread)
  }
}
