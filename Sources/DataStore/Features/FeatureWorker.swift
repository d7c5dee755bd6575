// SPDX-License-Identifier: MIT
import Glibc

/// Unpacks chunks on a second thread while SQLite fetches the next rows; a reader that is ahead helps. Only a
/// read of more than one chunk has one.
final class FeatureWorker: @unchecked Sendable {  // the monitor guards all that both threads touch
  private enum Place {
    case waiting(FeatureChunk)
    case taken
    case done(FeatureChunk)
  }

  /// How many chunks may wait before the reader unpacks one itself.
  private static let patience = 2

  private let monitor = Monitor()
  /// In the order of the rows, from the first that was not taken back yet.
  private var places: [Place] = []
  /// How many were taken back, so that a place keeps its number.
  private var takenBack = 0
  private var isEnding = false
  private var thread = pthread_t()
  private let unpacker: FeatureUnpacker

  /// nil if no thread can be started. `unpacker` belongs to the worker from now on.
  init?(_ unpacker: FeatureUnpacker) {
    self.unpacker = unpacker
    let me = Unmanaged.passUnretained(self).toOpaque()
    let isRunning = startThread(&thread, me) { worker in
      // Then the reader unpacks all chunks itself.
      guard MemoryShortage.threadHasArena else { return nil }
      worker.map { Unmanaged<FeatureWorker>.fromOpaque($0).takeUnretainedValue().work() }
      return nil
    }
    guard isRunning else { return nil }
  }

  /// Ends the thread; to be called once, before the last reference goes.
  func end() {
    monitor.locked {
      isEnding = true
      monitor.wakeAll()
    }
    pthread_join(thread, nil)
  }

  private func work() {
    while let number = next(waitingForMore: true) { unpack(number, unpacker) }
  }

  // MARK: The reader's side

  /// Hands a chunk over. If too many wait, the reader unpacks one with its own `helper` first.
  func submit(_ chunk: FeatureChunk, helper: FeatureUnpacker) {
    let waiting = monitor.locked {
      places.append(.waiting(chunk))
      monitor.wakeAll()
      return places.count { if case .waiting = $0 { true } else { false } }
    }
    if waiting > Self.patience, let number = next(waitingForMore: false) { unpack(number, helper) }
  }

  /// The next chunk in the order of the rows, once it is unpacked. nil if none is left, or (unless `isLast`) where
  /// the next is still in work.
  func takeBack(isLast: Bool, helper: FeatureUnpacker) -> FeatureChunk? {
    while true {
      if isLast, let number = next(waitingForMore: false) { unpack(number, helper) }
      let (found, isDone) = monitor.locked { () -> (FeatureChunk?, Bool) in
        guard let first = places.first else { return (nil, true) }
        if case .done(let chunk) = first {
          places.removeFirst()
          takenBack += 1
          return (chunk, true)
        }
        guard isLast else { return (nil, true) }
        if case .taken = first { monitor.wait() }
        return (nil, false)
      }
      if isDone { return found }
    }
  }

  // MARK: Both sides

  /// Takes the first waiting chunk into work; returns its number.
  private func next(waitingForMore: Bool) -> (number: Int, chunk: FeatureChunk)? {
    monitor.locked {
      while true {
        for index in places.indices {
          if case .waiting(let chunk) = places[index] {
            places[index] = .taken
            return (takenBack + index, chunk)
          }
        }
        if isEnding || !waitingForMore { return nil }
        monitor.wait()
      }
    }
  }

  private func unpack(_ work: (number: Int, chunk: FeatureChunk), _ unpacker: FeatureUnpacker) {
    work.chunk.unpack(with: unpacker)
    monitor.locked {
      places[work.number - takenBack] = .done(work.chunk)
      monitor.wakeAll()
    }
  }
}
