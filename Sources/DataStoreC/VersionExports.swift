// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_abi_version")
public func ds_abi_version() -> Int32 {
  Store.getReadyForForks()
  return DS_ABI_VERSION
}

@implementation @_cdecl("ds_version")
public func ds_version() -> UnsafePointer<CChar>? { version.pointer }

private nonisolated(unsafe) let version = CText(DS_VERSION)  // never changes

@implementation @_cdecl("ds_status_name")
public func ds_status_name(_ status: Int32) -> UnsafePointer<CChar>? {
  switch status {
  case DS_OK: cString("DS_OK")
  case DS_INVALID: cString("DS_INVALID")
  case DS_INVALID_FEATURE: cString("DS_INVALID_FEATURE")
  case DS_MISSING_BAR: cString("DS_MISSING_BAR")
  case DS_BUSY: cString("DS_BUSY")
  case DS_STORAGE: cString("DS_STORAGE")
  case DS_CORRUPT: cString("DS_CORRUPT")
  case DS_SCHEMA: cString("DS_SCHEMA")
  case DS_CLOSED: cString("DS_CLOSED")
  case DS_INTERRUPTED: cString("DS_INTERRUPTED")
  case DS_NO_MEMORY: cString("DS_NO_MEMORY")
  case DS_INTERNAL: cString("DS_INTERNAL")
  case DS_TIMEOUT: cString("DS_TIMEOUT")
  default: cString("DS_UNKNOWN")
  }
}

@implementation @_cdecl("ds_last_error")
public func ds_last_error() -> UnsafePointer<CChar>? { LastError.current?.message.pointer ?? cString("") }

@implementation @_cdecl("ds_last_error_detail")
public func ds_last_error_detail(_ out_detail: UnsafeMutablePointer<ds_error_detail>?) -> Int32 {
  status { () throws(StoreError) in
    var detail = ds_error_detail()
    detail.row = -1
    if let last = LastError.current {
      detail.status = last.status
      detail.sqlite_code = last.sqliteCode
      detail.row = last.row
      detail.key = last.key?.pointer
      detail.reason = last.reason?.pointer
    }
    try Argument.fill(out_detail, detail, "out_detail")
  }
}

/// A text that is part of the program.
func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
