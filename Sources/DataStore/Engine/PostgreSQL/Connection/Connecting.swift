// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

extension Session {
  /// Connects to a server: of several hosts to the first that will have it, and with `writes` that can be written to.
  ///
  /// - Throws: `.storage` where that fails, with the server's reason; no secret is in it.
  static func connect(
    _ address: ServerAddress, _ functions: LibPQ.Functions, timeout: Double, writes: Bool = false,
    _ shouldStop: () -> Bool
  ) throws(StoreError) -> Session {
    let hosts = address.hosts
    var reasons: [String] = []
    for host in hosts {
      var settings = address.settings.filter { given in
        !(host.map(\.keyword) + ["client_encoding"]).contains { ExactText($0) == ExactText(given.keyword) }
      }
      settings += host
      settings.append(("client_encoding", "UTF8"))
      func add(_ keyword: String, _ value: String) {
        if address.value(keyword) == nil { settings.append((keyword, value)) }
      }
      add("fallback_application_name", "data_store")
      if writes, hosts.count > 1 { add("target_session_attrs", "read-write") }
      // A host that has vanished without a word is noticed.
      add("keepalives_idle", "15")
      add("keepalives_interval", "5")
      add("keepalives_count", "3")
      let given = address.value("connect_timeout").flatMap(Double.init).flatMap { $0 > 0 ? $0 : nil }
      let seconds = given ?? max(1, min(timeout, 10))
      switch try attempt(settings, functions, until: Deadline(secondsFromNow: seconds), shouldStop) {
      case .connected(let connection):
        let session = Session(functions, owning: connection, place: address.shown)
        // To be set up takes no longer, either.
        session.waitsUntil = Deadline(secondsFromNow: seconds)
        return session
      case .failed(let reason): reasons.append(hiding(address, reason))
      }
    }
    throw StoreError(
      .storage,
      "\(address.shown): \(reasons.joined(separator: "; ")). Is it running, and are host, port, database, user and password"
        + " (~/.pgpass, PGPASSWORD) right?")
  }

  private enum Attempt {
    case connected(OpaquePointer)
    case failed(String)
  }

  private static func attempt(
    _ settings: [(keyword: String, value: String)], _ functions: LibPQ.Functions, until limit: Deadline,
    _ shouldStop: () -> Bool
  ) throws(StoreError) -> Attempt {
    guard let connection = start(settings, functions) else { throw .noMemory() }
    var polling = LibPQ.pollingWrites
    if functions.pointee.PQstatus(connection) == LibPQ.connectionIsBad { polling = LibPQ.pollingFailed }
    while polling != LibPQ.pollingOK, polling != LibPQ.pollingFailed, !limit.isPast {
      var look = pollfd(
        fd: functions.pointee.PQsocket(connection),
        events: Int16(polling == LibPQ.pollingReads ? POLLIN : POLLOUT), revents: 0)
      if poll(&look, 1, 50) > 0 {
        polling = functions.pointee.PQconnectPoll(connection)
      } else if shouldStop() {
        functions.pointee.PQfinish(connection)
        throw .isInterrupted
      }
    }
    if polling == LibPQ.pollingOK { return .connected(connection) }
    let told = functions.pointee.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    functions.pointee.PQfinish(connection)
    return .failed(polling == LibPQ.pollingFailed ? told : "the server did not answer in time")
  }

  private static func start(
    _ settings: [(keyword: String, value: String)], _ functions: LibPQ.Functions
  ) -> OpaquePointer? {
    let keywords = settings.map { strdup($0.keyword) } + [nil]
    let values = settings.map { strdup($0.value) } + [nil]
    defer { for copy in keywords + values { free(copy) } }
    return keywords.map { UnsafePointer($0) }.withUnsafeBufferPointer { keywords in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        guard let keywords = keywords.baseAddress, let values = values.baseAddress else { return nil }
        return functions.pointee.PQconnectStartParams(keywords, values, 0)
      }
    }
  }

  /// A message of libpq's, with nothing of a password in it.
  private static func hiding(_ address: ServerAddress, _ message: String) -> String {
    let secrets = ["password", "sslpassword"].compactMap { address.value($0) }.filter { $0.utf8.count > 2 }
    var bytes = Array(message.utf8)
    for secret in secrets {
      let secret = Array(secret.utf8)
      var place = 0
      while place + secret.count <= bytes.count {
        if bytes[place..<place + secret.count].elementsEqual(secret) {
          bytes.replaceSubrange(place..<place + secret.count, with: Array("***".utf8))
        }
        place += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self).onOneLine
  }
}
