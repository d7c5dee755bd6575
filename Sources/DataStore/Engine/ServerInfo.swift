// SPDX-License-Identifier: MIT

/// Facts about a PostgreSQL server, as it told them when they were asked for.
public struct ServerInfo: Sendable {
  /// The version as a number: 150018 is 15.18.
  public let version: Int32
  /// The schema in which the tables lie.
  public let schema: String
  /// Whether it is a standby, which can only be read.
  public let isStandby: Bool
  /// `fsync`: where it is off, a crash of the server's machine may damage the database.
  public let fsync: Bool
  /// `full_page_writes`: where it is off, a crash of the server's machine may damage the database.
  public let fullPageWrites: Bool
  /// `synchronous_commit` of the store's own sessions: "on" or "remote_apply" with durability `.full`, else "off".
  public let synchronousCommit: SynchronousCommit
}

/// What a commit waits for: the values of `synchronous_commit`.
public enum SynchronousCommit: String, Sendable, CaseIterable {
  /// Nothing.
  case off
  /// The server's own disk.
  case local
  /// The standbys' systems have received it.
  case remoteWrite = "remote_write"
  /// The disks of the server and of its synchronous standbys, if it has any.
  case on
  /// Readers of the standbys see it.
  case remoteApply = "remote_apply"
}
