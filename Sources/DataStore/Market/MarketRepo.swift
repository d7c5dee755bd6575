// SPDX-License-Identifier: MIT

/// Bars, their features, and the requests that brought them.
public struct MarketRepo: Sendable {
  let engine: any Engine
}
