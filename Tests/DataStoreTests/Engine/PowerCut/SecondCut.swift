// SPDX-License-Identifier: MIT
import PowerCutVFS
import Testing

@testable import DataStore

/// The power goes a second time, while the program that came back is at work on what the first cut left: recovery, its
/// first read, its first write, its first checkpoint, its end.
struct SecondCut {
  /// The first run, and at how many points it ends.
  let first: Replay
  /// The files whose syncs are for show in the second life, for the control.
  var deafTo: Set<Int> = []

  /// One way of each first cut, drawn, and every way of the power to go at every moment of what follows.
  func run() throws -> Findings {
    let scratch = try Scratch(in: "/dev/shm")
    let file = CutFile(path: try StorePath(scratch.path()).resolved, options: first.options)
    var findings = Findings()
    try first.forEachCut { index, disk, history in
      var random = first.random(at: index)
      let cut = random.pick(PowerCut.allCases)
      let files = cut.files(of: disk, &random)
      try file.write(files, staleSharedMemory: random.oneIn(2))
      let life = try Recording(file.path) { recorder in try live(file.path, recorder) }
      guard let calls = history.calls(life.digests[0]), calls >= history.required else {
        return findings.add(\.lost, "\(first.place(index, cut, history)): recovery lost calls")
      }
      let second = Replay(
        recording: life, options: first.options, deafTo: deafTo, promise: first.promise, seed: random.next(),
        begins: files)
      var found = try second.run()
      found.texts = found.texts.map { "\(first.place(index, cut, history)), and again: \($0)" }
      findings += found
    }
    return findings
  }

  /// What is acknowledged here must be there after the second cut, and what the first life left.
  private func live(_ path: String, _ recorder: Recorder) throws {
    var opened: Store?
    try recorder.call("open") {
      opened = try Store(path, first.options)
    } digest: {
      try #require(opened).digest()
    }
    let store = try #require(opened)
    try recorder.call("write") {
      try store.state.set("second life", json: "1")
    } digest: {
      try store.digest()
    }
    try recorder.call("checkpoint") {
      try store.checkpoint()
    } digest: {
      nil
    }
    try recorder.call("write over the folded WAL") {
      try store.state.set("second life", json: "2")
    } digest: {
      try store.digest()
    }
    try recorder.call("close") {
      store.close()
    } digest: {
      nil
    }
  }
}
