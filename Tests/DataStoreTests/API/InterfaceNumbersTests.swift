// SPDX-License-Identifier: MIT
import CDataStore
import Testing

@testable import DataStore

/// The core knows nothing of C, and yet its raw values reach C callers as they are.
@Suite("Numbers of the C interface")
struct InterfaceNumbersTests {
  @Test("Error codes are the statuses")
  func errorCodes() {
    #expect(StoreError.Code.invalid.rawValue == DS_INVALID)
    #expect(StoreError.Code.invalidFeature.rawValue == DS_INVALID_FEATURE)
    #expect(StoreError.Code.missingBar.rawValue == DS_MISSING_BAR)
    #expect(StoreError.Code.busy.rawValue == DS_BUSY)
    #expect(StoreError.Code.storage.rawValue == DS_STORAGE)
    #expect(StoreError.Code.corrupt.rawValue == DS_CORRUPT)
    #expect(StoreError.Code.schema.rawValue == DS_SCHEMA)
    #expect(StoreError.Code.closed.rawValue == DS_CLOSED)
    #expect(StoreError.Code.interrupted.rawValue == DS_INTERRUPTED)
    #expect(StoreError.Code.noMemory.rawValue == DS_NO_MEMORY)
    #expect(StoreError.Code.internalError.rawValue == DS_INTERNAL)
    #expect(StoreError.Code.timeout.rawValue == DS_TIMEOUT)
  }

  @Test("Durability")
  func durability() {
    #expect(Durability.full.rawValue == DS_DURABILITY_FULL)
    #expect(Durability.normal.rawValue == DS_DURABILITY_NORMAL)
  }

  @Test("What progress counts")
  func progress() {
    #expect(CallProgress.Unit.rows.rawValue == DS_PROGRESS_ROWS)
    #expect(CallProgress.Unit.pages.rawValue == DS_PROGRESS_PAGES)
  }

  @Test("Columns")
  func columns() {
    let bits: KeyValuePairs = [
      "open": DS_COLUMN_OPEN, "high": DS_COLUMN_HIGH, "low": DS_COLUMN_LOW, "close": DS_COLUMN_CLOSE,
      "volume": DS_COLUMN_VOLUME, "source": DS_COLUMN_SOURCE, "quality": DS_COLUMN_QUALITY,
      "is_gap": DS_COLUMN_IS_GAP, "latency_sec": DS_COLUMN_LATENCY_SEC, "features": DS_COLUMN_FEATURES,
    ]
    #expect(BarColumns.names.map { "\($0)" } == bits.map(\.key))
    for (place, bit) in bits.map(\.value).enumerated() {
      #expect(BarColumns(rawValue: bit).indices == [place])
    }
    let members: [BarColumns] = [
      .open, .high, .low, .close, .volume, .source, .quality, .isGap, .latencySec, .features,
    ]
    #expect(members.map(\.rawValue) == bits.map(\.value))
    #expect(BarColumns.all.rawValue == DS_COLUMNS_ALL)
  }

  @Test("What a read does with features")
  func features() {
    #expect(ReadShape.Features.none.rawValue == DS_FEATURES_NONE)
    #expect(ReadShape.Features.json.rawValue == DS_FEATURES_JSON)
    #expect(ReadShape.Features.values.rawValue == DS_FEATURES_VALUES)
    #expect(ReadShape.Features.columns.rawValue == DS_FEATURES_COLUMNS)
  }

  @Test("Types of values in SQL results")
  func valueTypes() {
    #expect(Int32(Statement.Kind.null.rawValue) == DS_SQL_NULL)
    #expect(Int32(Statement.Kind.integer.rawValue) == DS_SQL_INTEGER)
    #expect(Int32(Statement.Kind.real.rawValue) == DS_SQL_REAL)
    #expect(Int32(Statement.Kind.text.rawValue) == DS_SQL_TEXT)
    #expect(Int32(Statement.Kind.blob.rawValue) == DS_SQL_BLOB)
  }

  @Test("Differences of two stores")
  func differences() {
    #expect(StoreDifference.Part.bar.rawValue == DS_DIFFERENCE_BAR)
    #expect(StoreDifference.Part.request.rawValue == DS_DIFFERENCE_REQUEST)
    #expect(StoreDifference.Part.state.rawValue == DS_DIFFERENCE_STATE)
    #expect(StoreDifference.Kind.value.rawValue == DS_DIFFERENCE_VALUE)
    #expect(StoreDifference.Kind.onlyHere.rawValue == DS_DIFFERENCE_ONLY_HERE)
    #expect(StoreDifference.Kind.onlyThere.rawValue == DS_DIFFERENCE_ONLY_THERE)
  }

  @Test("Limits")
  func limits() {
    #expect(Limits.rows == Int(DS_MAX_ROWS))
    #expect(Limits.nameBytes == Int(DS_MAX_NAME_BYTES))
    #expect(Limits.features == Int(DS_MAX_FEATURES))
    #expect(Limits.jsonBytes == Int(DS_MAX_JSON_BYTES))
    #expect(Limits.jsonDepth == Int(DS_MAX_JSON_DEPTH))
    #expect(Limits.textBytes == Int(DS_MAX_TEXT_BYTES))
  }
}
