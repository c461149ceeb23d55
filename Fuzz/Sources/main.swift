internal import Glibc

// firedrill-fuzz TARGET [an option of libFuzzer, a file or a folder]…   one reader, under libFuzzer
// firedrill-fuzz targets                                                their names
// firedrill-fuzz seeds FOLDER                                           beginnings for them, see Seeds.swift
// Fuzz/run.sh calls it; `make fuzz` calls that.

let words = CommandLine.arguments.dropFirst()
switch words.first {
case "targets": for target in FuzzTarget.allCases { print(target.rawValue) }
case "seeds" where words.count == 2: try await Seeds(folder: words.last ?? "").make()
case let name? where FuzzTarget(rawValue: name) != nil: exit(LibFuzzer.run())
default:
  print("usage: firedrill-fuzz TARGET|targets|seeds …")
  exit(64)
}
