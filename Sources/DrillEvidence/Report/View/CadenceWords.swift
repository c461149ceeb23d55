import DrillModel

/// A cadence in the sentences and rows that every format shows.
struct CadenceWords {
  let cadence: Cadence

  init(_ cadence: Cadence) { self.cadence = cadence }

  /// The rate, then the longest window, then the open one.
  var lines: [String] {
    var lines = [rate]
    guard let longest = cadence.longest else {
      return lines + ["No passing run verified a cut in this time: there is no window to speak of."]
    }
    lines.append(
      "The longest window \(longest.isOpen ? "is the one that is open: it has lasted" : "lasted") "
        + "\(Format.duration(ms: longest.lengthMs)) from the cut of \(Format.time(longest.from))\(loss(longest.recordsLost, longest.isOpen ? "be lost by now" : "have been lost by its end"))."
    )
    if let open = cadence.windows.last, open.isOpen, open != longest {
      lines.append(
        "The newest verified cut is \(Format.duration(ms: open.lengthMs)) old\(loss(open.recordsLost, "be lost by now"))."
      )
    }
    if cadence.omitted > 0 {
      lines.append("\(Format.plural(cadence.omitted, "earlier window")) of this time are not listed.")
    }
    return lines
  }

  /// The latest first.
  var rows: [ReportView.WindowRow] {
    let longest = cadence.longest
    return cadence.windows.reversed().map { window in
      ReportView.WindowRow(
        span: "\(Format.time(window.from)) – \(window.isOpen ? "now" : Format.time(window.until))",
        length: Format.duration(ms: window.lengthMs), lostText: records(window.recordsLost),
        backupName: window.backup,
        rationaleText: window.rationale.map { "because: \($0)" } ?? "why it was taken is not recorded",
        milestoneLines: window.milestones.map { milestone in
          "\(milestone.migration) \(milestone.stage.words) at \(Format.time(milestone.at)), "
            + "\(Format.duration(ms: milestone.at.milliseconds(since: window.from))) after the cut\(loss(milestone.recordsLost, "have been lost"))"
        }, isLongest: window == longest && cadence.windows.count > 1)
    }
  }

  private var rate: String {
    guard let highest = cadence.highest else {
      return
        "How fast it changes is not known: no run of this time held a whole restored backup against production as it was then (reference: live)."
        + (cadence.growth.map { growth in
          " The number of records changed by up to \(records(growth.recordsPerHour)) an hour between two verified cuts: at least so much does."
        } ?? "")
    }
    let hours = Format.duration(ms: highest.until.milliseconds(since: highest.cut))
    let others = cadence.rates.count - 1
    return
      "The highest rate of change seen is \(records(highest.recordsPerHour)) an hour: \(highest.run) found \(Format.count(highest.differing)) "
      + "differing \(hours) after its cut\(others > 0 ? ", the highest of \(cadence.rates.count) runs that looked" : ""). "
      + "Losses are this rate times the length of the window: an estimate, which takes changes to be even and each record to change once."
  }

  private func loss(_ records: Double?, _ when: String) -> String {
    records.map { "; up to about \(self.records($0)) would \(when)" } ?? ""
  }

  private func records(_ number: Double?) -> String {
    guard let number else { return "not known" }
    return Format.plural(Int64(number.rounded(.up)), "record")
  }
}
