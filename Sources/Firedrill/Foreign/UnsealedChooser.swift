import DrillModel
import Foundation

/// A backup that nobody sealed, found.
struct FoundUnsealed: Sendable {
  /// Its path below the catalog, else its own name.
  var id: String
  var folder: ForeignFolder
  var selection: UnsealedSelection
  /// Why this one was taken; nil where it was named.
  var chosen: String?
  /// A newer folder that may be the one that was meant, and holds no artifact.
  var barren: String?
}

/// Finds the unsealed backup that a drill selects.
struct UnsealedChooser {
  /// The catalog's folder, absolute; nil: the selection's path is absolute.
  var catalog: String?
  var engine: any ForeignArtifacts

  /// - Throws: `DrillError`: `no-such-backup`, `catalog-empty`; `usage` where the backup is sealed after all.
  func choose(_ selection: UnsealedSelection) throws -> FoundUnsealed {
    guard let path = selection.path else { return try latest(selection) }
    let absolute =
      path.hasPrefix("/") ? path : URL(fileURLWithPath: (catalog ?? "/") + "/" + path).standardizedFileURL.path
    let id = catalog.flatMap { absolute.hasPrefix($0 + "/") ? String(absolute.dropFirst($0.count + 1)) : nil }
    let folder = try ForeignFolder(path: absolute, engine: engine)
    let name = id ?? (absolute as NSString).lastPathComponent
    guard !folder.others.contains(where: { $0.path == Catalog.manifestName }) else {
      throw DrillError(
        .usage, stage: .catalog, subject: name,
        detail: "this backup is sealed; drill it by its manifest, with `backup: {id: \(name)}`")
    }
    guard !folder.found.isEmpty else {
      throw DrillError(
        .noSuchBackup, stage: .catalog, subject: name, detail: "there is no artifact of \(engine.name) here")
    }
    return FoundUnsealed(id: name, folder: folder, selection: selection, chosen: nil)
  }

  private func latest(_ selection: UnsealedSelection) throws -> FoundUnsealed {
    guard let catalog else {
      throw DrillError(.catalogEmpty, stage: .catalog, subject: "latest", detail: "the drill names no catalog")
    }
    var candidates: [(id: String, folder: ForeignFolder, told: Instant?, time: Instant)] = []
    for (id, folder) in try UnsealedChooser.candidates(in: catalog, engine: engine) {
      let told = folder.found.compactMap(\.artifact.cut?.value)
      let cut = told.count == folder.found.count ? told.min() : nil
      candidates.append((id, folder, cut, cut ?? folder.fileTime ?? Instant(millisecondsSince1970: .min)))
    }
    guard let newest = candidates.max(by: { ($0.time, $0.id) < ($1.time, $1.id) }) else {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: "latest",
        detail: "the catalog holds no unsealed backup of \(engine.name); see whether the backup job ran")
    }
    let by =
      newest.told == nil
      ? "by the time of its files, since they do not tell their cut" : "by the cut that its files tell"
    return FoundUnsealed(
      id: newest.id, folder: newest.folder, selection: selection,
      chosen: "\(newest.id) is the newest of \(candidates.count) unsealed, \(by)",
      barren: newest.folder.isFile ? nil : barren(than: newest.folder, among: Set(candidates.map(\.id)), in: catalog))
  }

  /// The last folder that is named as the newest is, with later digits, and holds no artifact: what a job leaves that failed.
  private func barren(than newest: ForeignFolder, among candidates: Set<String>, in catalog: String) -> String? {
    func shape(_ name: String) -> String { String(name.map { $0.isNumber ? "0" : $0 }) }
    let name = (newest.root as NSString).lastPathComponent
    let names = (try? FileManager.default.contentsOfDirectory(atPath: catalog)) ?? []
    return names.filter { $0 > name && shape($0) == shape(name) && !candidates.contains($0) }.sorted().last { other in
      var status = stat()
      return lstat("\(catalog)/\(other)", &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        && lstat("\(catalog)/\(other)/\(Catalog.manifestName)", &status) != 0
    }
  }

  /// What lies in a catalog without a manifest and holds artifacts of the engine, by name.
  static func candidates(
    in catalog: String, engine: any ForeignArtifacts
  ) throws -> [(id: String, folder: ForeignFolder)] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: catalog).sorted()
    } catch {
      throw DrillError(
        .catalogEmpty, stage: .catalog, subject: (catalog as NSString).lastPathComponent,
        detail: "the catalog cannot be listed", underlying: error)
    }
    return try names.filter { !$0.hasPrefix(".") }.compactMap { name in
      var status = stat()
      let path = "\(catalog)/\(name)"
      guard lstat(path, &status) == 0 else { return nil }
      switch status.st_mode & S_IFMT {
      // A file of an artifact of several is listed with the one that stands for all.
      case S_IFREG: guard try engine.foreignArtifact(at: path)?.path == path else { return nil }
      case S_IFDIR: guard lstat("\(path)/\(Catalog.manifestName)", &status) != 0 else { return nil }
      default: return nil
      }
      let folder = try ForeignFolder(path: path, engine: engine)
      return folder.found.isEmpty ? nil : (name, folder)
    }
  }
}
