// SPDX-License-Identifier: MIT

extension BarBatch {
  /// Bars that were read, as a batch that can be written: the columns and features that the read was asked for.
  public init(_ bars: Bars) {
    self.init(symbol: bars.symbols.first ?? "", timeframe: bars.timeframe, timestamps: bars.timestamps)
    if bars.symbols.count != 1 {
      symbol = ""
      symbols = bars.symbols.indices.flatMap { index in
        repeatElement(bars.symbols[index], count: bars.range(ofSymbol: index).count)
      }
    }
    for column in bars.shape.columns.indices {
      let name = BarColumns(column: column)
      switch BarColumn.table[column].kind {
      case .number: self[numbers: name] = bars[numbers: name]
      case .text: self[texts: name] = bars[texts: name]
      case .flag: self[flags: name] = bars[flags: name]
      case .features: break
      }
    }
    switch bars.shape.features {
    case .none: break
    case .json: featuresJSON = (0..<bars.count).map { bars.featuresJSON($0) }
    case .values: features = bars.features.map { FeatureColumn($0.key, $0.values) }
    case .columns:
      features = bars.features.map { FeatureColumn($0.key, $0.values, qualities: $0.qualities) }
    }
  }
}
