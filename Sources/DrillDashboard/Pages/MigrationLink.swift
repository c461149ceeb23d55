import DrillEvidence
import DrillModel

/// A migration as other pages name it.
struct MigrationLink {
  let name: String
  let stage: String
  let tone: String
  let link: String

  init(_ migration: Migration) {
    name = migration.name
    stage = "\(migration.stage.words) since \(Format.time(migration.stageSince))"
    tone = migration.isOpen ? "unsure" : migration.stage == .rolledBack ? "bad" : "good"
    link = DashboardPath.migration(migration.name, of: migration.cluster)
  }
}
