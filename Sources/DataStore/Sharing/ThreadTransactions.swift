// SPDX-License-Identifier: MIT
import Glibc
import Synchronization

/// One transaction, by a number that no other of this process ever has.
public struct TransactionID: Hashable, Sendable {
  /// The number in the C interface; never 0.
  public let number: Int64
  /// A transaction by its number.
  public init(number: Int64) { self.number = number }

  static func next() -> TransactionID {
    TransactionID(number: counter.add(1, ordering: .relaxed).oldValue)
  }

  private static let counter = Atomic<Int64>(1)
}

/// Which of its tasks a thread is running, as its event loop says; threads without one never say anything.
struct TaskID: Equatable {
  private let number: Int

  static let none = TaskID(number: 0)

  static var current: TaskID {
    get { TaskID(number: Int(bitPattern: pthread_getspecific(key))) }
    set { pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue.number)) }
  }

  init(number: Int) { self.number = number }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key, nil)
    return key
  }()
}

/// What transactions are begun on.
protocol TransactionOwner: AnyObject {
  /// Rolls a transaction back from wherever it is noticed that nobody will end it; false if it is over.
  func giveUp(_ transaction: TransactionID) throws(StoreError) -> Bool
}

/// The transactions that a thread has begun, so that they are rolled back when it ends without having ended them.
final class ThreadTransactions {
  private struct Begun {
    weak var owner: (any TransactionOwner)?
    let transaction: TransactionID
  }

  private var begun: [Begun] = []

  /// Notes the outermost transaction of a store's. It has one at a time, so an older one is over.
  static func note(_ transaction: TransactionID, of owner: any TransactionOwner) {
    let kept = current ?? make()
    kept.begun.removeAll { $0.owner == nil || $0.owner === owner }
    kept.begun.append(Begun(owner: owner, transaction: transaction))
  }

  static func forget(_ owner: any TransactionOwner) {
    current?.begun.removeAll { $0.owner === owner }
  }

  private static var current: ThreadTransactions? {
    pthread_getspecific(slot).map { Unmanaged<ThreadTransactions>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func make() -> ThreadTransactions {
    let made = ThreadTransactions()
    pthread_setspecific(slot, Unmanaged.passRetained(made).toOpaque())
    return made
  }

  /// The system calls it on each thread that ends, however that was started.
  private static let slot: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { kept in
      guard let kept else { return }
      for left in Unmanaged<ThreadTransactions>.fromOpaque(kept).takeRetainedValue().begun {
        // Nobody is there to be told; a later end of the transaction says that it is over.
        _ = try? left.owner?.giveUp(left.transaction)
      }
    }
    return key
  }()
}
