import Foundation

/// Databases that other projects made and that their packages carry, where they were fetched.
///
/// They are looked for where `FIREDRILL_TEST_CORPUS` says (a folder), else where `make test-corpus` puts them: `.build/corpus` beside the sources.
enum TestCorpus {
  /// What `.ci/test-corpus` fetches.
  static let names = [
    "cangjie3.db", "chemical-functions.db", "cities.db", "english.db", "epsg.sqlite", "icd.db", "kenya.db",
    "proj-debian.db", "proj-pypi.db",
    "translit.db",
  ]

  static var folder: String {
    ProcessInfo.processInfo.environment["FIREDRILL_TEST_CORPUS"] ?? Repository.path(".build/corpus")
  }

  /// Those that are there.
  static var paths: [String] {
    names.map { folder + "/" + $0 }.filter { FileManager.default.isReadableFile(atPath: $0) }
  }

  /// Those that are not: what a test did not try.
  static var missing: [String] {
    names.filter { !FileManager.default.isReadableFile(atPath: folder + "/" + $0) }
  }
}
