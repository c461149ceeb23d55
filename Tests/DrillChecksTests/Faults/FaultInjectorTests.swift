import DrillCrypto
import DrillFaults
import DrillModel
import Foundation
import Testing

@Suite("planted faults")
struct FaultInjectorTests {
  private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

  @Test("a fault changes what it says, and the same seed plants the same", arguments: ArtifactFault.allCases)
  func plants(fault: ArtifactFault) throws {
    for seed in UInt64(1)...20 {
      var random = SeededGenerator(seed)
      let original = (0..<9000).map { _ in UInt8.random(in: 1...255, using: &random) }
      func plant() throws -> (planted: PlantedFault, after: [UInt8]?) {
        try TemporaryFolder.with { folder in
          try TemporaryFolder.write(original, to: folder + "/x")
          try TemporaryFolder.write([1, 2, 3], to: folder + "/y")
          let planted = try FaultInjector.plant(fault, in: folder + "/x", with: folder + "/y", seed: seed)
          let after = try? bytes(folder + "/x")
          if fault == .swap { #expect(try bytes(folder + "/y") == original) }
          return (planted, after)
        }
      }
      let (planted, after) = try plant()
      #expect(try plant().planted == planted && planted.before == SHA256.digest(original))
      #expect(planted.after == after.map { SHA256.digest($0) } && planted.after != planted.before)
      let offset = Int(planted.offset ?? 0)
      let count = Int(planted.count ?? 0)
      switch fault {
      case .flipByte:
        let changed = original.indices.filter { original[$0] != after?[$0] }
        #expect(changed == [offset] && after?.count == original.count)
      case .truncate: #expect(after == Array(original.prefix(offset)) && count == original.count - offset)
      case .append:
        #expect(after?.prefix(9000).elementsEqual(original) == true && after?.count == 9000 + count && count > 0)
      case .zeroBlock: #expect(after?[offset..<(offset + count)].allSatisfy { $0 == 0 } == true && count > 0)
      case .duplicateSlice:
        let slice = original[offset..<(offset + count)]
        #expect(after == Array(original.prefix(offset + count) + slice + original.suffix(from: offset + count)))
      case .swap: #expect(after == [1, 2, 3])
      case .remove: #expect(after == nil)
      }
    }
  }

  @Test("damage that would change nothing, or something other than a copy, is refused")
  func refused() throws {
    try TemporaryFolder.with { folder in
      func code(_ fault: ArtifactFault, _ name: String, with other: String? = nil) -> DrillError.Code? {
        do {
          _ = try FaultInjector.plant(fault, in: folder + "/" + name, with: other.map { folder + "/" + $0 }, seed: 1)
          return nil
        } catch { return (error as? DrillError)?.code }
      }
      try TemporaryFolder.write([], to: folder + "/empty")
      try TemporaryFolder.write([0, 0, 0], to: folder + "/zeros")
      try TemporaryFolder.write([0, 0, 0], to: folder + "/zeros2")
      try TemporaryFolder.write([1, 2], to: folder + "/original")
      try FileManager.default.linkItem(atPath: folder + "/original", toPath: folder + "/hard")
      try FileManager.default.createSymbolicLink(atPath: folder + "/soft", withDestinationPath: "zeros")
      #expect(code(.flipByte, "empty") == .io && code(.truncate, "empty") == .io && code(.zeroBlock, "zeros") == .io)
      #expect(code(.swap, "zeros", with: "zeros2") == .io && code(.swap, "zeros") == .io)
      #expect(code(.flipByte, "hard") == .io && code(.remove, "soft") == .io && code(.append, "missing") == .io)
      #expect(try bytes(folder + "/original") == [1, 2])
      #expect(code(.append, "empty") == nil)
    }
  }
}
