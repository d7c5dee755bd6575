// SPDX-License-Identifier: MIT

/// What a server's error means to a caller.
struct ServerError {
  let state: SQLState
  /// The server's own words; no values of rows, and no secret.
  let message: String
  /// The server's address, as it may be shown.
  let place: String

  var error: StoreError {
    let (code, advice) = meaning
    let reason = message.onOneLine + (state == .none ? "" : " (SQLSTATE \(state.text))")
    return StoreError(code, "\(place): \(reason). \(advice)", reason: reason)
  }

  private var meaning: (StoreError.Code, String) {
    switch state {
    case .lockNotAvailable, .deadlock, .serialization:
      return (
        .busy,
        "Another session held what this call needs for longer than the timeout. Nothing was written: try again, or raise"
          + " the timeout"
      )
    case .canceled:
      return (.storage, "The server stopped the statement; see its statement_timeout. Nothing was stored")
    case .noPrivilege:
      return (
        .storage,
        "The role lacks a right. Have the tables' owner run GRANT SELECT, INSERT, UPDATE, DELETE ON market_data,"
          + " market_requests, system_state TO the role, and GRANT USAGE ON their schema; to make the tables it takes"
          + " GRANT CREATE on the schema, too"
      )
    case .readOnlyTransaction:
      return (
        .storage,
        "The server only reads (a standby, or default_transaction_read_only). Nothing was stored: write to the primary"
      )
    case .tooManyConnections:
      return (.storage, "Close other clients, or raise the server's max_connections")
    case .featureNotSupported, .noSuchStatement:
      return (.schema, "Another program changed the tables meanwhile: try again, and see check()")
    default: break
    }
    if state.isOf("08") || state.isOf("57") {
      return (.storage, "The server is not there, or ended the session. Nothing was stored: try again")
    }
    if state.isOf("28") || state.isOf("3D") {
      return (.storage, "Check the user, the password (~/.pgpass, PGPASSWORD) and the database in the URL")
    }
    if state.isOf("42") || state.isOf("3F") || state.isOf("23") || state.isOf("25") {
      return (.schema, "The tables are not as this library makes them; see check()")
    }
    if state.isOf("22") || state.isOf("54") {
      return (.invalid, "The server cannot hold this value. Nothing was stored")
    }
    if state == SQLState("XX001") || state == SQLState("XX002") {
      return (.corrupt, "The database is damaged: see the server's log, and restore a backup")
    }
    return (.storage, "Nothing was stored; see the server's log")
  }
}

extension StoreError {
  /// A write met a standby, and it was not promoted within the timeout.
  static func isStandby(_ place: String, _ failure: StoreError) -> StoreError {
    StoreError(
      .storage,
      "\(place): the server is a standby, which only reads: \(failure.reason ?? failure.message). Nothing was stored: name the"
        + " primary in the URL, or all hosts as host1,host2, of which the one that takes writes is found; open with"
        + " read_only to read a standby")
  }

  /// The same, but for the server's failures it says that the outcome is not known.
  static func unknownOutcome(_ place: String) -> StoreError {
    StoreError(
      .closed,
      "\(place): the connection was lost before the server said whether the call was stored, and it could not be asked"
        + " afterwards: this is unknown. Read what is stored before you write it again")
  }
}
