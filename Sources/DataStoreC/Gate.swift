// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// The one gate between errors and statuses: every exported function that can fail is one call of it.
@inline(__always)
func status(_ body: () throws(StoreError) -> Void) -> Int32 {
  do throws(StoreError) {
    // First of all: what a call does before it reaches the store takes some of the stack, too.
    try ThreadStack.check()
    try FloatSettings.withDefault(body)
    return DS_OK
  } catch {
    LastError.keep(error)
    return error.code.rawValue
  }
}

/// The last failure of each thread, as C texts that live until the thread's next one.
final class LastError {
  let status: Int32
  let sqliteCode: Int32
  let row: Int64
  let message: CText
  let key: CText?
  let reason: CText?

  private init(_ error: StoreError) {
    status = error.code.rawValue
    sqliteCode = error.sqliteCode
    row = error.row.map(Int64.init) ?? -1
    message = CText(error.message)
    key = error.key.map(CText.init)
    reason = error.reason.map(CText.init)
  }

  static var current: LastError? {
    pthread_getspecific(slot).map { Unmanaged<LastError>.fromOpaque($0).takeUnretainedValue() }
  }

  static func keep(_ error: StoreError) {
    let old = pthread_getspecific(slot)
    pthread_setspecific(slot, Unmanaged.passRetained(LastError(error)).toOpaque())
    if let old { Unmanaged<LastError>.fromOpaque(old).release() }
  }

  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { kept in
      kept.map { Unmanaged<LastError>.fromOpaque($0).release() }
    }
    return key
  }()
}

/// A NUL-terminated copy of a text. A NUL within is where C stops reading.
final class CText {
  let pointer: UnsafePointer<CChar>

  init(_ text: String) {
    var text = text
    pointer = text.withUTF8 { bytes in
      guard let copy = try? CText.copy(bytes) else { outOfMemory() }
      return copy
    }
  }

  deinit { free(UnsafeMutablePointer(mutating: pointer)) }

  /// From malloc.
  static func copy(_ bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) -> UnsafePointer<CChar> {
    let copy = try allocate(bytes.count + 1)
    if let source = bytes.baseAddress { memcpy(copy, source, bytes.count) }
    copy.storeBytes(of: 0, toByteOffset: bytes.count, as: UInt8.self)
    return UnsafePointer(copy.assumingMemoryBound(to: CChar.self))
  }

  static func allocate(_ bytes: Int) throws(StoreError) -> UnsafeMutableRawPointer {
    guard let memory = malloc(max(bytes, 1)) else { throw .noMemory(bytes) }
    return memory
  }
}
