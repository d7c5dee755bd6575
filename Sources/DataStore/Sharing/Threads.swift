// SPDX-License-Identifier: MIT
import Glibc

/// Starts a thread that runs `body` with `argument`; false if none is to be had. It takes no signals: a host's
/// handlers run on the host's threads.
func startThread(
  _ thread: inout pthread_t, _ argument: UnsafeMutableRawPointer,
  _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
) -> Bool {
  var all = sigset_t()
  var before = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_SETMASK, &all, &before)
  defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
  return pthread_create(&thread, nil, body, argument) == 0
}

/// The same for a thread that nobody waits for.
package func startDetachedThread(
  _ argument: UnsafeMutableRawPointer,
  _ body: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
) -> Bool {
  var thread = pthread_t()
  guard startThread(&thread, argument, body) else { return false }
  pthread_detach(thread)
  return true
}
