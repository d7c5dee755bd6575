// swift-tools-version: 6.2
import PackageDescription

/// The exporting target links the Swift runtime in and shows nothing but `ds_*`, so that a user's
/// machine needs no Swift. SwiftPM's own static option does not do this for libraries.
let exports = "\(Context.packageDirectory)/Sources/DataStoreC"
let exportedOnly: [LinkerSetting] = [
  .unsafeFlags(
    ["-static-stdlib", "-use-ld=lld"]
      + linker("--version-script=\(exports)/exports.map", "--gc-sections")
      + platform
      // What everyday calls go through stands side by side: see Benchmarks/hot_functions.py.
      + linker("--symbol-ordering-file=\(exports)/hot_functions.txt", "--no-warn-symbol-ordering")
      + linker(Context.environment["DATA_STORE_SYMBOLS"] == nil ? "--strip-all" : "--strip-debug"))
]

/// The platform that the library runs on. `.ci/sysroot` makes a folder of Debian 11's libraries: what is linked
/// against those runs wherever glibc is 2.31 or newer. Otherwise relocations are packed, half a megabyte less to
/// read at each start: glibc knows them from 2.36 on.
var platform: [String] {
  guard let sysroot = Context.environment["DATA_STORE_SYSROOT"] else {
    return linker("-z", "pack-relative-relocs")
  }
  return ["-Xclang-linker", "--sysroot=\(sysroot)"] + linker("-lstdc++", "\(sysroot)/newer-libstdc++.a")
}

func linker(_ options: String...) -> [String] { options.flatMap { ["-Xlinker", $0] } }

/// A sanitizer's functions come with the program; without one, nothing may be missing.
let complete: [LinkerSetting] =
  Context.environment["DATA_STORE_SANITIZER"] == nil
  ? [.unsafeFlags(["-Xlinker", "--no-undefined"])] : []

let package = Package(
  name: "data_store",
  products: [
    .library(name: "DataStore", targets: ["DataStore"]),
    .library(name: "DataStoreFoundation", targets: ["DataStoreFoundation"]),
    .library(name: "data_store", type: .dynamic, targets: ["DataStoreC"]),
  ],
  targets: [
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CArrow"),
    .systemLibrary(name: "CDataStore", path: "include"),
    .target(name: "CFork"),
    .target(name: "CNumbers"),
    .target(name: "CNoArguments"),
    // libpq's functions, found at run time: nothing is linked.
    .target(name: "CPostgreSQL"),
    .target(name: "CShimVFS", dependencies: ["CSQLite"]),
    .target(
      name: "DataStore",
      dependencies: ["CArrow", "CSQLite", "CFork", "CLinux", "CNumbers", "CPostgreSQL", "CShimVFS"]),
    // `Date` and `Codable` values: what needs Foundation, which the library does without.
    .target(name: "DataStoreFoundation", dependencies: ["DataStore"]),
    .target(
      name: "DataStoreC", dependencies: ["DataStore", "CDataStore", "CNoArguments"],
      exclude: ["exports.map", "hot_functions.txt"], linkerSettings: exportedOnly + complete),
    .target(name: "FaultVFS", dependencies: ["CSQLite", "CShimVFS"], path: "Tests/VFS/Fault"),
    .target(name: "PowerCutVFS", dependencies: ["CSQLite", "CShimVFS"], path: "Tests/VFS/PowerCut"),
    .target(name: "IntruderVFS", dependencies: ["CSQLite", "CShimVFS"], path: "Tests/VFS/Intruder"),
    .testTarget(
      name: "DataStoreTests",
      dependencies: [
        "DataStore", "CArrow", "CDataStore", "CLinux", "CNumbers", "CSQLite", "FaultVFS", "PowerCutVFS",
        "IntruderVFS",
      ]),
    // What a Swift program sees: nothing here is @testable.
    .testTarget(name: "PublicTests", dependencies: ["DataStore", "DataStoreFoundation"]),
  ],
  cxxLanguageStandard: .cxx17
)
