// SPDX-License-Identifier: MIT

/// What a checkpoint did, in frames of the WAL: each holds one page.
public struct CheckpointResult: Sendable, Equatable {
  /// Frames in the WAL.
  public let walFrames: Int
  /// How many of them are now in the database file.
  public let checkpointed: Int
  /// How many of them are not copied yet, because readers of older snapshots need them.
  public let heldBack: Int
}

/// The latest checkpoint of a store.
public struct LastCheckpoint: Sendable, Equatable {
  /// When it ended, in nanoseconds since 1970-01-01T00:00:00Z.
  public let time: Int64
  /// What it did.
  public let result: CheckpointResult
}
