// SPDX-License-Identifier: MIT

/// A stream of Arrow record batches: one that a call gave, one made of a program's own columns, or one of another library.
///
/// It is the owner of an `ArrowArrayStream` of the Arrow C stream interface and releases it exactly once: at its end, when
/// it is written, or when it goes out of scope. For one thread at a time.
///
/// ```swift
/// var stream = try store.query("SELECT symbol, close FROM market_data").arrow()
/// while let batch = try stream.next() {
///   let closes = try batch["close", as: Double?.self]
/// }
/// ```
public struct ArrowStream: ~Copyable {
  let source: ArrowStreamIn

  /// A column of a stream, as its schema has it.
  public struct Field: Sendable {
    /// The column's name.
    public let name: String
    /// Its type as Arrow calls it, such as "float64".
    public let type: String
  }

  init(_ stream: ArrowStreamOut) throws(StoreError) {
    let block = ArrowStreamBlock()
    stream.move(to: UnsafeMutableRawPointer(block.stream))
    source = try ArrowStreamIn(block, origin: stream)
  }

  /// Takes over a stream of another library.
  ///
  /// - Parameter pointer: That of a `struct ArrowArrayStream`. It is moved from there, which leaves one behind that is
  ///   released; its memory stays the caller's.
  /// - Throws: `.invalid` if it is released already, or breaks the Arrow C interfaces; what the stream fails with when it is
  ///   asked for its schema. It is released then.
  public init(moving pointer: UnsafeMutableRawPointer) throws(StoreError) {
    source = try ArrowStreamIn(ArrowStreamBlock(moving: pointer))
  }

  /// Hands the stream over to another library.
  ///
  /// - Parameter pointer: Where a `struct ArrowArrayStream` is made of it. What is there is written over, not released. From
  ///   then on it is that library's to release.
  public consuming func move(to pointer: UnsafeMutableRawPointer) { source.move(to: pointer) }

  /// The columns.
  public var fields: [Field] { source.fields.map { Field(name: $0.name, type: $0.typeName) } }

  /// The next record batch; nil at the end. A batch owns its memory and may outlive the stream.
  ///
  /// - Throws: What the stream fails with: for one of the store's, as a read, see ``StoreError``; for one of the program's
  ///   own, its error; for another library's `.invalid`, with what it says. The stream is over then.
  public mutating func next() throws(StoreError) -> ArrowBatch? {
    guard let block = try source.next() else { return nil }
    return try ArrowBatch(block, source.fields)
  }
}
