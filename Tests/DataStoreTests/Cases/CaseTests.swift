// SPDX-License-Identifier: MIT
import Testing

@testable import DataStore

/// The cases that Swift, C and Python agree on, and that a case that is wrong fails.
@Suite struct CaseTests {
  @Test(arguments: try CaseFile.all(in: CaseFile.folder))
  func everyCase(file: CaseFile) throws {
    let scratch = try Scratch(in: "/dev/shm")
    var names: Set<String> = []
    for run in try file.runs() {
      names.insert(run.name)
      if run.isFilesOnly, Places.areOnServer { continue }
      do {
        try run.take(scratch)
      } catch {
        Issue.record("\(file.name): \(run.title): \(error)")
      }
    }
    #expect(try names.count == file.writtenCases(), "each case of the file was run")
  }

  @Test(arguments: try CaseFile.all(in: "\(CaseFile.folder)/control"))
  func aCaseThatIsWrongFails(file: CaseFile) throws {
    let scratch = try Scratch(in: "/dev/shm")
    var names: Set<String> = []
    for run in try file.runs() {
      names.insert(run.name)
      #expect(throws: CaseFault.self, "\(file.name): \(run.title)") { try run.take(scratch) }
    }
    #expect(try names.count == file.writtenCases())
  }
}

/// A file of cases: Tests/Cases/README.md has their form.
struct CaseFile: Sendable, CustomTestStringConvertible {
  let path: String
  let name: String

  var testDescription: String { name }

  static var folder: String {
    // From Tests/DataStoreTests/Cases/CaseTests.swift.
    #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" } + "/Cases"
  }

  static func all(in folder: String) throws -> [CaseFile] {
    let names = Scratch.entries(of: folder).filter { $0.hasSuffix(".json") }.sorted()
    try #require(!names.isEmpty)
    return names.map { CaseFile(path: "\(folder)/\($0)", name: $0) }
  }

  /// The cases, one for each row of a case's table.
  func runs() throws -> [CaseRun] {
    let list = try withBytes(contents(path)) { try CaseValue(JSONValue($0)).elements() }
    return try list.flatMap { item in
      let members = try CaseArguments(item)
      let (name, steps) = (try members.need("name").string(), try members.need("steps"))
      let table = try members.get("each")?.elements().map { try $0.elements() }
      let reason = try members.get("files_only")?.string()
      try members.check()
      return try (table ?? [[]]).enumerated().map { place, row in
        CaseRun(
          name: name, title: table == nil ? name : "\(name)[\(place)]", isFilesOnly: reason != nil,
          steps: try steps.filled(row).elements())
      }
    }
  }

  /// Counted in the text, past what reads it.
  func writtenCases() throws -> Int {
    let text = String(decoding: try contents(path), as: UTF8.self)
    return text.split(separator: "\n").count { $0.hasPrefix("    \"name\": ") }
  }
}

/// One run of a case, against a fresh store.
struct CaseRun {
  let name: String
  /// With the row of its table.
  let title: String
  /// A store on a server does not run it.
  let isFilesOnly: Bool
  let steps: [CaseValue]

  func take(_ scratch: Scratch) throws {
    if steps.isEmpty { throw CaseFault("no steps") }
    let store = try scratch.store("case.db")
    defer {
      store.close()
      scratch.remove("case.db")
    }
    for (place, step) in steps.enumerated() {
      do {
        try take(step, store)
      } catch {
        throw CaseFault("step \(place + 1): \(error)")
      }
    }
  }

  private func take(_ value: CaseValue, _ store: Store) throws {
    let step = try CaseArguments(value)
    if step.carried("files_only") != nil, Places.areOnServer { return }
    let name = try step.need("call").string()
    guard let call = CaseCalls.byName[name] else { throw CaseFault("unknown call \(name)") }
    let given = try CaseArguments(step.carried("with"))
    let (expected, status) = (step.carried("gives"), try step.carried("fails")?.string())
    if status != nil, expected != nil { throw CaseFault("both gives and fails") }
    do {
      let found = try call(store, given)
      if status != nil { throw CaseFault("\(name) is not refused") }
      if let expected { try CaseValue.compare(expected, found, name) }
    } catch let error as StoreError {
      guard let status else { throw CaseFault("\(name): \(error.code): \(error)") }
      guard Self.statuses[status] == error.code else { throw CaseFault("\(name): not \(status): \(error)") }
      try check(error, step)
    }
    try given.check()
    try step.check()
  }

  private func check(_ error: StoreError, _ step: CaseArguments) throws {
    if let message = try step.carried("message")?.string(), !error.message.contains(message), !message.isEmpty
    {
      throw CaseFault("the message does not hold \(message): \(error)")
    }
    if let key = try step.carried("key")?.string(), error.key.map(ExactText.init) != ExactText(key) {
      throw CaseFault("the key is \(error.key ?? "nil"), not \(key)")
    }
    if let row = try step.carried("row")?.wholeNumber(), error.row.map(Int64.init) != row {
      throw CaseFault("the row is \(error.row.map { "\($0)" } ?? "nil"), not \(row)")
    }
  }

  private static let statuses: [String: StoreError.Code] = [
    "DS_INVALID": .invalid, "DS_INVALID_FEATURE": .invalidFeature, "DS_MISSING_BAR": .missingBar,
    "DS_CORRUPT": .corrupt,
  ]
}
