// SPDX-License-Identifier: MIT

extension Bar {
  /// One feature of a bar.
  public struct Feature: Sendable {
    /// The feature's key, "name@version".
    public var key: String
    /// Its value; NaN is null.
    public var value: Double
    /// How far it may be trusted.
    public var quality: FeatureQuality

    /// A feature; without a quality, `.ready` goes with a number and `.missing` with a NaN.
    public init(_ key: String, _ value: Double, quality: FeatureQuality? = nil) {
      self.key = key
      self.value = value
      self.quality = quality ?? (value.isNaN ? .missing : .ready)
    }
  }

  /// The features that ``featuresJSON`` has, in its order; none if it is nil.
  ///
  /// - Throws: `.invalidFeature` if that text breaks the rules for features.
  public func features() throws(StoreError) -> [Feature] {
    guard let text = featuresJSON else { return [] }
    return try text.withBytes { bytes in
      Result { () throws(StoreError) in
        var parser = FeatureParser()
        do throws(FeatureFault) { try parser.parseAny(bytes) } catch {
          throw StoreError.feature(
            error.reason, place: "the bar of \(Timestamp.text(timestamp))", row: 0, key: error.key)
        }
        return parser.entries.elements.map { entry in
          Feature(
            parser.keys.text(entry.key).text, entry.value.isEmpty ? .nan : entry.number,
            quality: entry.quality)
        }
      }
    }.get()
  }

  /// Sets ``featuresJSON`` to these features. The rules for keys and values are checked as the bar is written.
  public mutating func setFeatures(_ features: [Feature]) {
    var out = ByteBuffer()
    out.append(UInt8(ascii: "{"))
    for (index, feature) in features.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      feature.key.withBytes { JSONText.appendLiteral($0, to: &out) }
      out.append(":{\"value\":")
      if feature.value.isNaN { out.append("null") } else { NumberText.append(feature.value, to: &out) }
      out.append(FeatureQuality.entryEnd(feature.quality))
    }
    out.append(UInt8(ascii: "}"))
    featuresJSON = out.bytes.text
  }
}
