// SPDX-License-Identifier: MIT
import CArrow
import Glibc

/// Reads a producer's schema.
enum ArrowSchemaReader {
  private static let mostTextBytes = 1 << 20

  /// The columns of a schema of record batches.
  static func columns(_ schema: UnsafePointer<ArrowSchema>) throws(StoreError) -> [ArrowField] {
    guard schema.pointee.release != nil else { throw broken("it was released already") }
    let format = try text(schema.pointee.format, "format")
    guard case .structure = ArrowType(format: format), schema.pointee.dictionary == nil else {
      throw .invalid(
        "the Arrow stream does not consist of record batches: its type is \(ArrowType.name(ofFormat: format))",
        key: "stream")
    }
    return try children(schema, depth: 0)
  }

  private static func children(
    _ schema: UnsafePointer<ArrowSchema>, depth: Int
  ) throws(StoreError) -> [ArrowField] {
    let count = schema.pointee.n_children
    guard count >= 0, count <= Int64(Limits.features) + 16 else {
      throw broken("it has \(count) children")
    }
    guard count > 0 else { return [] }
    guard let pointers = schema.pointee.children else { throw broken("its children are NULL") }
    try MemoryShortage.expect(Int(count) * MemoryLayout<ArrowField>.stride)
    var fields: [ArrowField] = []
    fields.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
      guard let child = pointers[index], child.pointee.release != nil else {
        throw broken("its child \(index) is NULL or was released")
      }
      fields.append(try field(child, depth: depth + 1))
    }
    return fields
  }

  private static func field(
    _ schema: UnsafePointer<ArrowSchema>, depth: Int
  ) throws(StoreError) -> ArrowField {
    let format = try text(schema.pointee.format, "format")
    let name = try schema.pointee.name.map { name throws(StoreError) in try text(name, "name") } ?? ""
    let type = ArrowType(format: format)
    guard let dictionary = schema.pointee.dictionary else {
      var nested: [ArrowField] = []
      if case .structure = type, depth == 1 { nested = try children(schema, depth: depth) }
      return ArrowField(
        name: name, type: type, index: nil, typeName: ArrowType.name(ofFormat: format), children: nested)
    }
    guard type.isInteger else {
      throw broken(
        "the dictionary of column \(StoreError.quoted(name)) is indexed by \(StoreError.quoted(format))")
    }
    let valueFormat = try text(dictionary.pointee.format, "format")
    // A dictionary of a dictionary is none that the store takes.
    let values = dictionary.pointee.dictionary == nil ? ArrowType(format: valueFormat) : .other
    return ArrowField(
      name: name, type: values, index: type,
      typeName: "a dictionary of \(ArrowType.name(ofFormat: valueFormat))", children: [])
  }

  private static func text(_ pointer: UnsafePointer<CChar>?, _ what: String) throws(StoreError) -> String {
    guard let pointer else { throw broken("a \(what) is NULL") }
    let bytes = Bytes(
      start: UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt8.self),
      count: strnlen(pointer, mostTextBytes))
    guard bytes.count < mostTextBytes else { throw broken("a \(what) has no end") }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw broken("the \(what) \(StoreError.quoted(bytes.text)) is not valid UTF-8")
    }
    return text
  }

  private static func broken(_ what: String) -> StoreError {
    .invalid("the schema of the Arrow stream breaks the C data interface: \(what)", key: "stream")
  }
}
