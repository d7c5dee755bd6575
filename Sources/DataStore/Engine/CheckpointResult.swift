// SPDX-License-Identifier: MIT

/// What a checkpoint did.
public struct CheckpointResult: Sendable, Equatable {
  /// Frames in the WAL.
  public let walFrames: Int
  /// Of them now in the database file.
  public let checkpointed: Int
  /// Of them kept back by readers of older snapshots.
  public let heldBack: Int
}

/// The latest checkpoint of a store.
public struct LastCheckpoint: Sendable, Equatable {
  /// When it ended, in nanoseconds since 1970-01-01T00:00:00Z.
  public let time: Int64
  /// What it did.
  public let result: CheckpointResult
}
