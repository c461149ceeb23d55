// swift-tools-version: 6.2
import PackageDescription

// Each target says what it may import; what is absent from its list is forbidden, and that is why the target exists.
// README.md ("How it is built") draws the same picture.

let nio = "swift-nio"

// `make fuzz` sets it: the fuzzers, and ours instrumented for them. Nobody else sees either.
let isFuzzing = Context.environment["FIREDRILL_FUZZ"] != nil

let package = Package(
  name: "firedrill",
  products: [
    .executable(name: "firedrill", targets: ["FiredrillCLI"]),
    .library(name: "Firedrill", targets: ["Firedrill", "DrillModel"]),
    .library(name: "DrillTesting", targets: ["DrillTesting"]),
    // Loaded into a sandbox's server by LD_PRELOAD, so it must stay a shared object of its own.
    .library(name: "CFrozenClock", type: .dynamic, targets: ["CFrozenClock"]),
    // Loaded into a firedrill that a scenario disturbs; not installed.
    .library(name: "CFaults", type: .dynamic, targets: ["CFaults"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.4"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // The words of the project as types, and the protocols that others implement. Knows nothing of ours.
    .target(name: "DrillModel"),

    // The module map for libssl-dev, and the one target that calls it: digests, keys, signed envelopes, Merkle trees.
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "DrillCrypto", dependencies: ["DrillModel", "COpenSSL", "CDigests"]),

    // The two inner loops for which Swift has no instructions: SHA-256 of two messages at once, carry-less multiplication.
    .target(name: "CDigests"),

    // The one call of SQLite that Swift cannot make: its switches.
    .systemLibrary(name: "CSQLiteConfig", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

    // Holds a sandbox's wall clock at the cut. Plain C: it is loaded into foreign servers.
    .target(name: "CFrozenClock"),

    // Steps the clock of a firedrill that is tried, or kills it at a call. Plain C: it stands before libc's own functions.
    .target(name: "CFaults"),

    // The judges: synchronous, pure, no engine and no ledger in sight.
    .target(name: "DrillChecks", dependencies: ["DrillModel", "DrillCrypto"]),

    // Asks; never judges: no DrillChecks.
    .target(
      name: "DrillReplay",
      dependencies: [
        "DrillModel", "DrillCrypto", .product(name: "Histogram", package: "hdrhistogram-swift"),
      ]),

    // A folder per engine. Must not grade its own work: no DrillChecks, no DrillEvidence.
    .target(
      name: "DrillEngines",
      dependencies: [
        "DrillModel", "DrillCrypto", "CDigests", "CSQLiteConfig",
        .product(name: "NIOCore", package: nio), .product(name: "NIOPosix", package: nio),
        .product(name: "NIOTLS", package: nio), .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ]),

    // Plants seeded damage and proves that it was planted; must not know who looks for it. Contents are changed by the
    // stores themselves: SQLite, and a real server that an engine's tools start.
    .target(
      name: "DrillFaults",
      dependencies: ["DrillModel", "DrillCrypto", "DrillEngines", .product(name: "GRDBSQLite", package: "GRDB.swift")]),

    // Makes and disturbs a synthetic production for the shipped drills and the tests; judges nothing.
    .target(name: "DrillProduction", dependencies: ["DrillModel", "DrillCrypto", "DrillEngines"]),

    // Memory and voice: can only repeat what was recorded. No DrillChecks, no DrillEngines.
    .target(
      name: "DrillEvidence",
      dependencies: [
        "DrillModel", "DrillCrypto", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Mustache", package: "swift-mustache"),
      ]),

    // The recorded facts as local web pages; nothing that could check or change anything.
    .target(
      name: "DrillDashboard",
      dependencies: [
        "DrillModel", "DrillCrypto", "DrillEvidence", .product(name: "Hummingbird", package: "hummingbird"),
        // To keep the server's own log from the terminal.
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Drill files, the runner, the face for programs. Prints nothing; no ArgumentParser.
    .target(
      name: "Firedrill",
      dependencies: [
        "DrillModel", "DrillCrypto", "DrillChecks", "DrillReplay", "DrillEngines", "DrillFaults",
        "DrillProduction", "DrillEvidence", .product(name: "Yams", package: "Yams"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"), .product(name: "NIOCore", package: nio),
        .product(name: "NIOHTTP1", package: nio),
      ]),

    // Flags in, one call, text out. No DrillChecks, no DrillEngines.
    .executableTarget(
      name: "FiredrillCLI",
      dependencies: [
        "Firedrill", "DrillModel", "DrillEvidence", "DrillDashboard",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // The conformance suite that every engine passes, ours and others'. No ledger, no CLI.
    .target(name: "DrillTesting", dependencies: ["DrillModel", "DrillCrypto", "DrillChecks"]),

    // Makes ledgers of 1,000 and 100,000 runs for Benchmarks/dashboard.sh.
    .executableTarget(
      name: "dashboard-bench", dependencies: ["DrillModel", "DrillEvidence"], path: "Benchmarks/Dashboard"),

    .testTarget(name: "DrillModelTests", dependencies: ["DrillModel", "DrillCrypto"]),
    .testTarget(name: "DrillChecksTests", dependencies: ["DrillChecks", "DrillFaults"]),
    .testTarget(name: "DrillReplayTests", dependencies: ["DrillReplay", "DrillCrypto"]),
    .testTarget(
      name: "DrillEnginesTests",
      dependencies: [
        "DrillEngines", "DrillProduction", "DrillChecks", "DrillTesting", "DrillFaults", "CFrozenClock",
        // What `@testable import DrillEngines` has to find, though no test imports it.
        .product(name: "NIOPosix", package: nio),
      ]),
    .testTarget(
      name: "DrillEvidenceTests",
      dependencies: ["DrillEvidence", "DrillCrypto", .product(name: "GRDB", package: "GRDB.swift")],
      exclude: ["Golden", "Fixtures"]
    ),
    .testTarget(
      name: "DrillDashboardTests",
      dependencies: [
        "DrillDashboard", "DrillEvidence", "DrillCrypto", .product(name: "HummingbirdTesting", package: "hummingbird"),
      ]),
    .testTarget(
      name: "FiredrillTests",
      dependencies: [
        "Firedrill", "FiredrillCLI", "DrillModel", "DrillCrypto", "DrillEngines", "DrillEvidence", "DrillProduction",
        "DrillChecks", "DrillReplay", "DrillTesting", "DrillFaults", "CFrozenClock",
        // To change rows of a backup as somebody else's program would.
        .product(name: "GRDB", package: "GRDB.swift"),
        // What `@testable import` has to find, though no test imports it.
        .product(name: "NIOPosix", package: nio), .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)

if isFuzzing {
  package.targets.append(
    .executableTarget(
      name: "firedrill-fuzz",
      dependencies: [
        "DrillModel", "DrillCrypto", "DrillChecks", "DrillEngines", "DrillEvidence", "Firedrill",
        .product(name: "NIOPosix", package: nio), .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ],
      path: "Fuzz/Sources", linkerSettings: [.unsafeFlags(["-sanitize=address"]), .linkedLibrary("stdc++")]))
}

for target in package.targets
where target.type != .system && !["CDigests", "CFrozenClock", "CFaults"].contains(target.name) {
  target.swiftSettings = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
  ]
  if isFuzzing {
    target.swiftSettings?.append(
      .unsafeFlags([
        "-O", "-sanitize=address",
        "-sanitize-coverage=edge,indirect-calls,trace-cmp,inline-8bit-counters,pc-table",
      ]))
  }
}
