// SPDX-License-Identifier: MIT

/// Transactions that were not ended as they should.
extension StoreError {
  static var isOver: StoreError {
    .invalid(
      "this transaction is over already: it was ended, or it was rolled back because its thread, its task or an outer"
        + " transaction had ended. Nothing of it is stored now that was not before; begin another one")
  }

  static var leftElsewhere: StoreError {
    .invalid(
      "the transaction was left in another thread or task than the one that began it, and rolled back: nothing of it is"
        + " stored. End each transaction where it began; a generator that holds one must be finished there")
  }

  static var outOfOrder: StoreError {
    .invalid(
      "the transaction was ended before one that was begun within it; both were rolled back. End them in order, the inner"
        + " one first")
  }

  static var innerLeft: StoreError {
    .invalid(
      "a transaction within this one was left in another thread or task, and the whole was rolled back; nothing of it is"
        + " stored. Roll back, then begin again")
  }
}
