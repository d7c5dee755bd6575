// SPDX-License-Identifier: MIT

/// Where the values of a bar's record are, by the part of its header that does not differ from row to row: the types of all
/// columns but the features, each of one byte.
struct RecordLayout {
  struct Place: Equatable {
    /// From where the values begin.
    var offset: UInt16 = 0
    var type: UInt8 = 0
  }

  /// The types, as two words.
  struct Types: Equatable {
    fileprivate var first: UInt64 = 0
    fileprivate var second: UInt32 = 0

    fileprivate init() {}

    /// Those of a record of more than `leastBytes`.
    @inline(__always)
    init(_ record: UnsafePointer<UInt8>) {
      let raw = UnsafeRawPointer(record)
      first = raw.loadUnaligned(fromByteOffset: 1, as: UInt64.self)
      second = raw.loadUnaligned(fromByteOffset: 9, as: UInt32.self)
    }

    @inline(__always)
    var hash: Int {
      Int(truncatingIfNeeded: ((first ^ UInt64(second) &<< 20) &* 0x9E37_79B9_7F4A_7C15) &>> 59)
    }
  }

  private(set) var types = Types()
  private(set) var featuresOffset: UInt16 = 0
  private var places = PerColumn<Place>(repeating: Place())

  private static let typeCount = BarSource.keyColumns + BarColumns.features.number
  /// The size of the header, the types, and that of the features. Values follow.
  static let leastBytes = 1 + typeCount + 1
  /// `Types` are twelve bytes, and what comes behind the features would not be seen.
  static let isOfTheseColumns = typeCount == 12 && PerColumn<Place>.count == BarColumns.features.number + 1

  /// That of no record: no header begins with the type of NULL for the symbol and all others.
  init() {}

  /// nil if a type takes more than a byte, or is none.
  init?(_ record: UnsafePointer<UInt8>, _ types: Types) {
    var offset = 0
    for place in 0..<Self.typeCount {
      let type = record[1 + place]
      guard type < 0x80, let size = RecordValue.size(UInt64(type)) else { return nil }
      if place >= BarSource.keyColumns {
        places[place - BarSource.keyColumns] = Place(offset: UInt16(truncatingIfNeeded: offset), type: type)
      }
      offset += size
    }
    featuresOffset = UInt16(truncatingIfNeeded: offset)
    self.types = types
  }

  @inline(__always)
  subscript(_ column: Int) -> Place { places[unchecked: column] }

  /// Looks at the one value whose length varies, and changes `row` as `RecordDecoder.rows` says; false if the record is not
  /// whole, or has another value there than a text.
  @inline(__always)
  func findFeatures(_ row: UnsafeMutablePointer<FoundRow>) -> Bool {
    let record = row.pointee.record
    let recordBytes = Int(row.pointee.bytes)
    let headerBytes = Int(record[0])
    guard headerBytes < 0x80, headerBytes >= Self.leastBytes, headerBytes <= recordBytes else { return false }
    var length = 0
    let type = record[Self.leastBytes - 1]
    if type != 0 {
      var place = Self.leastBytes - 1
      guard let type = Varint.read(Bytes(start: record, count: headerBytes), &place),
        let size = RecordValue.textSize(type)
      else { return false }
      length = size
    }
    guard headerBytes + Int(featuresOffset) + length <= recordBytes else { return false }
    row.pointee.record = record + headerBytes
    row.pointee.bytes = type == 0 ? -1 : Int32(truncatingIfNeeded: length)
    return true
  }
}
