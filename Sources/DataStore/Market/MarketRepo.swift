// SPDX-License-Identifier: MIT

/// Bars, their features, and the requests that brought them.
public struct MarketRepo: Sendable {
  let store: Store
}

extension Store {
  /// Bars, their features, and the requests that brought them.
  public var market: MarketRepo { MarketRepo(store: self) }
}
