// SPDX-License-Identifier: MIT
import CArrow
import Glibc

/// A column's name and type, on its way out.
package struct ArrowFieldOut {
  let name: String
  /// The format string of the C data interface.
  let format: StaticString
  /// Those of a struct.
  var children: [ArrowFieldOut] = []
  /// The format of a dictionary's values; nil if it has none.
  var dictionary: StaticString?

  static func words(_ name: String) -> ArrowFieldOut {
    ArrowFieldOut(name: name, format: "i", dictionary: "U")
  }
}

/// An array on its way out: where its buffers lie.
package final class ArrowArrayOut {
  let count: Int
  let nullCount: Int
  let buffers: [UnsafeRawPointer?]
  let children: [ArrowArrayOut]
  let dictionary: ArrowArrayOut?

  init(
    count: Int, nullCount: Int, buffers: [UnsafeRawPointer?], children: [ArrowArrayOut] = [],
    dictionary: ArrowArrayOut? = nil
  ) {
    self.count = count
    self.nullCount = nullCount
    self.buffers = buffers
    self.children = children
    self.dictionary = dictionary
  }

  /// Where a buffer of no bytes begins.
  static nonisolated(unsafe) let nothing: UnsafeRawPointer = {  // never changes
    let block = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    memset(block, 0, 64)
    return UnsafeRawPointer(block)
  }()
}

/// Rows on their way out, with what owns the memory of their buffers.
package struct ArrowBatchOut {
  let count: Int
  let columns: [ArrowArrayOut]
  let owner: AnyObject
}

// MARK: Schemas

/// What a schema of ours points to. Each child has its own, so that it may be moved out and outlive its parent.
private final class SchemaMemory {
  let name: UnsafeMutablePointer<CChar>?
  var children: ChildMemory<ArrowSchema>
  var dictionary: ChildMemory<ArrowSchema>

  init(_ name: String, children: ChildMemory<ArrowSchema>, dictionary: ChildMemory<ArrowSchema>) {
    self.name = name.withCString { strdup($0) }
    self.children = children
    self.dictionary = dictionary
  }

  deinit { free(name) }
}

/// The structs of an array's children, and the pointers to them; the structs are released by their own callbacks.
private final class ChildMemory<Struct> {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Struct>?>?
  let structs: UnsafeMutablePointer<Struct>?
  let count: Int

  init(_ count: Int, _ empty: Struct) {
    self.count = count
    guard count > 0 else {
      (pointers, structs) = (nil, nil)
      return
    }
    let structs = UnsafeMutablePointer<Struct>.allocate(capacity: count)
    structs.initialize(repeating: empty, count: count)
    let pointers = UnsafeMutablePointer<UnsafeMutablePointer<Struct>?>.allocate(capacity: count)
    for index in 0..<count { (pointers + index).initialize(to: structs + index) }
    (self.pointers, self.structs) = (pointers, structs)
  }

  deinit {
    pointers?.deallocate()
    structs?.deallocate()
  }
}

extension ArrowFieldOut {
  /// The schema of record batches of these columns.
  static func fill(_ out: UnsafeMutablePointer<ArrowSchema>, _ fields: [ArrowFieldOut]) {
    ArrowFieldOut(name: "", format: "+s", children: fields).fill(out, isNullable: false)
  }

  private func fill(_ out: UnsafeMutablePointer<ArrowSchema>, isNullable: Bool = true) {
    let nested = ChildMemory(children.count, ArrowSchema())
    for (index, child) in children.enumerated() { nested.structs.map { child.fill($0 + index) } }
    let values = ChildMemory(dictionary == nil ? 0 : 1, ArrowSchema())
    if let dictionary, let place = values.structs {
      ArrowFieldOut(name: "", format: dictionary).fill(place)
    }
    let memory = SchemaMemory(name, children: nested, dictionary: values)
    out.initialize(
      to: ArrowSchema(
        format: UnsafeRawPointer(format.utf8Start).assumingMemoryBound(to: CChar.self),
        name: UnsafePointer(memory.name), metadata: nil, flags: isNullable ? Int64(ARROW_FLAG_NULLABLE) : 0,
        n_children: Int64(children.count), children: nested.pointers, dictionary: values.structs,
        release: { schema in
          guard let schema, let memory = schema.pointee.private_data else { return }
          for index in 0..<Int(schema.pointee.n_children) {
            if let child = schema.pointee.children?[index] { child.pointee.release?(child) }
          }
          if let dictionary = schema.pointee.dictionary { dictionary.pointee.release?(dictionary) }
          schema.pointee.release = nil
          schema.pointee.private_data = nil
          Unmanaged<SchemaMemory>.fromOpaque(memory).release()
        }, private_data: Unmanaged.passRetained(memory).toOpaque()))
  }
}

// MARK: Arrays

/// What an array of ours points to, and what owns its buffers: each child holds on to that by itself.
private final class ArrayMemory {
  let buffers: UnsafeMutablePointer<UnsafeRawPointer?>
  let children: ChildMemory<ArrowArray>
  let dictionary: ChildMemory<ArrowArray>
  private let owner: AnyObject

  init(
    _ given: [UnsafeRawPointer?], children: ChildMemory<ArrowArray>, dictionary: ChildMemory<ArrowArray>,
    owner: AnyObject
  ) {
    buffers = .allocate(capacity: max(given.count, 1))
    buffers.initialize(from: given, count: given.count)
    self.children = children
    self.dictionary = dictionary
    self.owner = owner
  }

  deinit { buffers.deallocate() }
}

extension ArrowBatchOut {
  /// The batch as a struct array.
  func fill(_ out: UnsafeMutablePointer<ArrowArray>) {
    ArrowArrayOut(count: count, nullCount: 0, buffers: [nil], children: columns).fill(out, owner)
  }
}

extension ArrowArrayOut {
  fileprivate func fill(_ out: UnsafeMutablePointer<ArrowArray>, _ owner: AnyObject) {
    let nested = ChildMemory(children.count, ArrowArray())
    for (index, child) in children.enumerated() { nested.structs.map { child.fill($0 + index, owner) } }
    let values = ChildMemory(dictionary == nil ? 0 : 1, ArrowArray())
    if let place = values.structs { dictionary?.fill(place, owner) }
    let memory = ArrayMemory(buffers, children: nested, dictionary: values, owner: owner)
    out.initialize(
      to: ArrowArray(
        length: Int64(count), null_count: Int64(nullCount), offset: 0, n_buffers: Int64(buffers.count),
        n_children: Int64(children.count), buffers: memory.buffers, children: nested.pointers,
        dictionary: values.structs,
        release: { array in
          guard let array, let memory = array.pointee.private_data else { return }
          for index in 0..<Int(array.pointee.n_children) {
            if let child = array.pointee.children?[index] { child.pointee.release?(child) }
          }
          if let dictionary = array.pointee.dictionary { dictionary.pointee.release?(dictionary) }
          array.pointee.release = nil
          array.pointee.private_data = nil
          Unmanaged<ArrayMemory>.fromOpaque(memory).release()
        }, private_data: Unmanaged.passRetained(memory).toOpaque()))
  }
}
