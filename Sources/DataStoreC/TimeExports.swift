// SPDX-License-Identifier: MIT
import CDataStore
import DataStore

@implementation @_cdecl("ds_time_of_text")
public func ds_time_of_text(
  _ text: UnsafePointer<CChar>?, _ out_time: UnsafeMutablePointer<Int64>?
) -> Int32 {
  status { () throws(StoreError) in
    let text = try Argument.notNull(text, "text")
    let out = try Argument.notNull(out_time, "out_time")
    out.pointee = try Timestamp.instant(BatchIn.bytes(text))
  }
}
