// SPDX-License-Identifier: MIT
import CDataStore
import DataStore
import Glibc

/// What the library checks of every caller's arguments before it looks through them.
enum Argument {
  static func isNull(_ name: StaticString) -> StoreError {
    StoreError(.invalid, "the argument '\(name)' is NULL; it must not be", key: "\(name)")
  }

  @inline(__always)
  static func notNull<Pointee>(
    _ pointer: UnsafePointer<Pointee>?, _ name: StaticString
  ) throws(StoreError) -> UnsafePointer<Pointee> {
    guard let pointer else { throw isNull(name) }
    return pointer
  }

  @inline(__always)
  static func notNull<Pointee>(
    _ pointer: UnsafeMutablePointer<Pointee>?, _ name: StaticString
  ) throws(StoreError) -> UnsafeMutablePointer<Pointee> {
    guard let pointer else { throw isNull(name) }
    return pointer
  }

  /// A count of rows or columns.
  static func count(_ value: Int64, _ name: StaticString) throws(StoreError) -> Int {
    guard value >= 0, value <= Int64(Limits.rows) else {
      throw StoreError(.invalid, "\(name) is \(value); it must be 0 to \(Limits.rows)", key: "\(name)")
    }
    return Int(value)
  }

  /// How many bytes a caller's memory has.
  static func size(_ value: Int32) throws(StoreError) -> Int {
    guard value >= 0 else {
      throw StoreError(.invalid, "size is \(value); it must be 0 or more", key: "size")
    }
    return Int(value)
  }

  static func text(_ pointer: UnsafePointer<CChar>?, _ name: StaticString) throws(StoreError) -> String {
    guard let pointer else { throw isNull(name) }
    // The text itself, and the copy of it that the core works on.
    try MemoryShortage.expect(2 * strlen(pointer))
    guard let text = String(validatingCString: pointer) else {
      throw StoreError(
        .invalid, "\(name) \(shown(pointer)) is not valid UTF-8; encode it as UTF-8", key: "\(name)")
    }
    return text
  }

  /// A text as it lies; the caller looks at its bytes.
  static func bytes(
    _ pointer: UnsafePointer<CChar>?, _ name: StaticString
  ) throws(StoreError) -> UnsafeBufferPointer<UInt8> {
    BatchIn.bytes(try notNull(pointer, name))
  }

  static func optionalText(
    _ pointer: UnsafePointer<CChar>?, _ name: StaticString
  ) throws(StoreError) -> String? {
    guard pointer != nil else { return nil }
    return try text(pointer, name)
  }

  static func texts(
    _ pointers: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int, _ name: StaticString
  ) throws(StoreError) -> [String] {
    guard count >= 0 else {
      throw StoreError(.invalid, "the count of \(name) is \(count); it must be 0 or more", key: "\(name)")
    }
    guard count > 0 else { return [] }
    let pointers = try notNull(pointers, name)
    var texts: [String] = []
    texts.reserveCapacity(min(count, 1 << 20))
    for index in 0..<count { texts.append(try text(pointers[index], name)) }
    return texts
  }

  /// A copy of a caller's struct, of which an older caller may know less and a newer one more. `defaults` stand
  /// for what it does not know.
  static func sized<Struct>(
    _ pointer: UnsafePointer<Struct>?, _ defaults: Struct, _ name: StaticString
  ) throws(StoreError) -> Struct {
    let source = UnsafeRawPointer(try notNull(pointer, name))
    let size = try structSize(source, name)
    var known = defaults
    withUnsafeMutableBytes(of: &known) { target in
      target.copyMemory(from: UnsafeRawBufferPointer(start: source, count: min(size, target.count)))
    }
    return known
  }

  /// Fills a caller's struct as far as the caller knows it.
  static func fill<Struct>(
    _ pointer: UnsafeMutablePointer<Struct>?, _ value: Struct, _ name: StaticString
  ) throws(StoreError) {
    let target = UnsafeMutableRawPointer(try notNull(pointer, name))
    let size = try structSize(UnsafeRawPointer(target), name)
    withUnsafeBytes(of: value) { source in
      let skipped = MemoryLayout<Int>.size
      let count = min(size, source.count) - skipped
      guard count > 0, let base = source.baseAddress else { return }
      (target + skipped).copyMemory(from: base + skipped, byteCount: count)
    }
  }

  private static func structSize(_ pointer: UnsafeRawPointer, _ name: StaticString) throws(StoreError) -> Int
  {
    let size = pointer.load(as: Int.self)
    guard size >= MemoryLayout<Int>.size, size <= 1 << 16 else {
      throw StoreError(
        .invalid, "the struct_size of '\(name)' is \(size); initialise the struct with its _INIT macro",
        key: "\(name)")
    }
    // In whole words: half a pointer would be none.
    return size & ~7
  }

  static func flag(_ value: Int32, _ name: StaticString) throws(StoreError) -> Bool {
    guard value == 0 || value == 1 else {
      throw StoreError(.invalid, "\(name) is \(value); it must be 0 or 1", key: "\(name)")
    }
    return value == 1
  }

  private static func shown(_ pointer: UnsafePointer<CChar>) -> String {
    let bytes = UnsafeBufferPointer(
      start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self), count: strnlen(pointer, 80))
    return "'\(String(decoding: bytes, as: UTF8.self))'"
  }
}

/// Objects behind the opaque handles of the C interface.
enum Handle {
  static func make<Object: AnyObject>(_ object: Object) -> OpaquePointer {
    OpaquePointer(Unmanaged.passRetained(object).toOpaque())
  }

  @inline(__always)
  static func object<Object: AnyObject>(
    _ handle: OpaquePointer?, _ type: Object.Type, _ name: StaticString
  ) throws(StoreError) -> Object {
    guard let handle else { throw Argument.isNull(name) }
    return Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
  }

  /// For functions that return a value and have no way to fail: nil if the handle is NULL.
  static func objectOrNil<Object: AnyObject>(_ handle: OpaquePointer?, _ type: Object.Type) -> Object? {
    handle.map { Unmanaged<Object>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
  }

  static func free<Object: AnyObject>(_ handle: OpaquePointer?, _ type: Object.Type) {
    if let handle { Unmanaged<Object>.fromOpaque(UnsafeRawPointer(handle)).release() }
  }
}
