// SPDX-License-Identifier: MIT
import CPostgreSQL
import Glibc

extension Session {
  /// Connects to a server.
  ///
  /// - Throws: `.storage` where that fails, with the server's reason; no secret is in it.
  static func connect(
    _ address: ServerAddress, _ functions: LibPQ.Functions, timeout: Double, _ shouldStop: () -> Bool
  ) throws(StoreError) -> Session {
    let seconds = Int(max(1, min(timeout.rounded(.up), 10)))
    var settings = address.settings.filter { ExactText($0.keyword) != ExactText("client_encoding") }
    settings.append(("client_encoding", "UTF8"))
    func add(_ keyword: String, _ value: String) {
      if address.value(keyword) == nil { settings.append((keyword, value)) }
    }
    add("connect_timeout", "\(seconds)")
    add("fallback_application_name", "data_store")
    // A host that has vanished without a word is noticed.
    add("keepalives_idle", "15")
    add("keepalives_interval", "5")
    add("keepalives_count", "3")
    let limit = Deadline(
      secondsFromNow: address.value("connect_timeout").flatMap(Double.init).flatMap { $0 > 0 ? $0 : nil }
        ?? Double(seconds))
    let opened = start(settings, functions)
    guard let connection = opened else {
      throw StoreError(.noMemory, "\(address.shown): no memory to connect")
    }
    var polling: Int32 = 2  // it begins with writing
    // libpq turns to the next host by itself where one refuses; where it says nothing, only a blocking call does.
    while polling != LibPQ.pollingOK, polling != LibPQ.pollingFailed {
      var look = pollfd(
        fd: functions.pointee.PQsocket(connection),
        events: Int16(polling == LibPQ.pollingReads ? POLLIN : POLLOUT), revents: 0)
      let found = poll(&look, 1, 50)
      if found == 0 || (found < 0 && errno == EINTR) {
        if shouldStop() {
          functions.pointee.PQfinish(connection)
          throw .isInterrupted
        }
        if limit.isPast { break }
        continue
      }
      polling = functions.pointee.PQconnectPoll(connection)
    }
    guard polling == LibPQ.pollingOK else {
      let told = functions.pointee.PQerrorMessage(connection).map { String(cString: $0) } ?? ""
      functions.pointee.PQfinish(connection)
      let isSilent = polling != LibPQ.pollingFailed
      throw StoreError(
        .storage,
        "\(address.shown): \(isSilent ? "the server did not answer in time" : hiding(address, told)). Is it running, and are"
          + " host, port, database, user and password (~/.pgpass, PGPASSWORD) right?")
    }
    return Session(functions, owning: connection, place: address.shown)
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
