public import DrillModel

/// A topology for people: `firedrill topology show` and `discover`.
public struct TopologyText: Sendable {
  public var document: TopologyDocument

  public init(_ document: TopologyDocument) { self.document = document }

  public func text(_ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    let slots = document.shards.reduce(SlotSet()) { $0.union($1.slots) }.count
    page.paragraph([
      Span(document.cluster.map { "\($0)  " } ?? "", .strong), Span("epoch \(document.epoch)", .strong),
      Span(
        ", seen in \(document.seenIn)".replacing("seen in live", with: "seen live")
          + (document.since.map { " at \(Format.time($0))" } ?? "")
          + (document.until.map { ", another one since \(Format.time($0))" } ?? "")),
    ])
    page.paragraph(
      [
        Span(
          document.mapsSlots
            ? "\(Format.plural(document.shards.count, "shard")), \(Format.plural(slots, "slot")) owned"
            : "\(Format.plural(document.shards.count, "shard")); slots do not say which holds a record", .dim)
      ], indent: 2)
    page.table(
      document.shards.map { shard in
        [
          Span(ShardName.short(shard.name)),
          Span(document.mapsSlots ? Format.plural(shard.count, "slot") : ""),
          Span(document.mapsSlots ? shard.slots.description.clipped(to: 200) : ""),
        ]
      }, indent: 2, rightAligned: [1])
    for move in document.moves {
      page.field("Moving", [Span(Self.words(move.slots, move.source, move.target), .unsure)])
    }
    for move in document.planned {
      page.field(
        "Planned",
        [
          Span(
            Self.words(move.slots, move.source, move.target) + ", by \(move.migration), which is \(move.stage.words)")
        ])
    }
    return page.text
  }

  static func words(_ slots: SlotSet, _ source: String, _ target: String) -> String {
    "\(Format.plural(slots.count, "slot")) from \(ShardName.short(source)) to \(ShardName.short(target)): "
      + slots.description.clipped(to: 120)
  }
}

/// What differs between two topologies, for people.
public struct TopologyDiffText: Sendable {
  public var diff: TopologyDiff

  public init(_ diff: TopologyDiff) { self.diff = diff }

  /// - Parameter heading: what was compared.
  public func text(_ heading: String, _ style: TextStyle = TextStyle()) -> String {
    var page = Page(style)
    page.paragraph([Span(diff.isEmpty ? "nothing changed" : "changed", .strong), Span(" \(heading)")])
    if diff.epochs.first != diff.epochs.last {
      page.field("Epoch", ["\(diff.epochs[0]) → \(diff.epochs[1])"])
    }
    for name in diff.added { page.field("Added", [Span("shard \(ShardName.short(name))", .unsure)]) }
    for name in diff.removed { page.field("Removed", [Span("shard \(ShardName.short(name))", .unsure)]) }
    for change in diff.reassigned {
      func owners(_ names: [String]) -> String {
        names.isEmpty ? "no shard" : names.map(ShardName.short).joined(separator: " and ")
      }
      page.field(
        "Owner",
        [
          Span(
            "\(Format.plural(change.slots.count, "slot")) from \(owners(change.from)) to \(owners(change.to)): "
              + change.slots.description.clipped(to: 120), change.to.count == 1 ? .plain : .bad)
        ])
    }
    for move in diff.begun {
      page.field("Begun", [Span("move of \(TopologyText.words(move.slots, move.source, move.target))", .unsure)])
    }
    for move in diff.ended {
      page.field("Ended", [Span("move of \(TopologyText.words(move.slots, move.source, move.target))")])
    }
    return page.text
  }
}

/// A shard's name as it is shown: node ids are long, and their beginnings tell them apart.
enum ShardName {
  static func short(_ name: String) -> String { name.count > 16 ? String(name.prefix(12)) : name }
}
