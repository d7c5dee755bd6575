// SPDX-License-Identifier: MIT

/// Where the values of a record are, and of what type.
struct RecordFields: ~Copyable {
  struct Field {
    var type: UInt64
    var bytes: UnsafePointer<UInt8>
  }

  private let fields: UnsafeMutablePointer<Field>
  private let count: Int
  /// Bytes of a value by its type, for the types of one byte; 255 if there is no such type. Made once, for good.
  private let sizes = Self.sizes
  nonisolated(unsafe) private static let sizes: UnsafePointer<UInt8> = {
    let sizes = UnsafeMutablePointer<UInt8>.allocate(capacity: 128)
    for type in 0..<128 {
      (sizes + type).initialize(to: RecordValue.size(UInt64(type)).map { UInt8($0) } ?? noSize)
    }
    return UnsafePointer(sizes)
  }()
  private static let noSize: UInt8 = 255

  /// Of records with so many values.
  init(count: Int) {
    self.count = count
    fields = .allocate(capacity: count)
  }

  deinit { fields.deallocate() }

  /// Finds the values in a record, which must outlive their use. False if they are fewer, or reach beyond it.
  @inline(__always)
  mutating func read(_ record: Bytes) -> Bool {
    guard let start = record.baseAddress, record.count > count, start[0] < 0x80 else { return false }
    let headerSize = Int(start[0])
    guard headerSize > count, headerSize <= record.count else { return false }
    var header = 1
    var value = headerSize
    for place in 0..<count {
      // The header is longer than there are values: what is read here is within it, or found to be beyond it below.
      let byte = start[header]
      var type = UInt64(byte)
      var size = Int(byte < 0x80 ? sizes[Int(byte)] : Self.noSize)
      header &+= 1
      if size == Int(Self.noSize) {
        header &-= 1
        guard let long = Varint.read(Bytes(start: start, count: headerSize), &header),
          let longSize = RecordValue.size(long)
        else { return false }
        (type, size) = (long, longSize)
      }
      fields[place] = Field(type: type, bytes: start + value)
      value &+= size
      guard header <= headerSize else { return false }
    }
    return value <= record.count
  }

  /// The values of the record that was read last, as long as this lives.
  @inline(__always)
  var row: RecordRow { RecordRow(fields: fields) }
}

/// The values of a record.
struct RecordRow {
  fileprivate let fields: UnsafePointer<RecordFields.Field>

  /// A number, NaN for NULL; nil where the value is none.
  @inline(__always)
  func number(_ place: Int) -> Double? {
    let field = fields[place]
    if field.type == 7 { return RecordValue.double(field.bytes) }
    if field.type == 0 { return .nan }
    guard RecordValue.integerSize(field.type) != nil else { return nil }
    return Double(RecordValue.integer(field.type, field.bytes))
  }

  /// What is stored in a column without REAL affinity; nil for NULL and for a blob.
  @inline(__always)
  func value(_ place: Int) -> Value? {
    let field = fields[place]
    if let size = RecordValue.textSize(field.type) { return .text(Bytes(start: field.bytes, count: size)) }
    if field.type == 7 { return .real(RecordValue.double(field.bytes)) }
    guard RecordValue.integerSize(field.type) != nil else { return nil }
    return .integer(RecordValue.integer(field.type, field.bytes))
  }

  /// A value as it lies, with its type.
  @inline(__always)
  func raw(_ place: Int) -> (type: UInt64, bytes: Bytes)? {
    let field = fields[place]
    return RecordValue.size(field.type).map { (field.type, Bytes(start: field.bytes, count: $0)) }
  }

  enum Value {
    case integer(Int64)
    case real(Double)
    case text(Bytes)
  }

  /// A text, nil within for NULL; nil if the value is not one.
  @inline(__always)
  func text(_ place: Int) -> Bytes?? {
    let field = fields[place]
    if field.type == 0 { return .some(nil) }
    return RecordValue.textSize(field.type).map { Bytes(start: field.bytes, count: $0) }
  }
}
