import DrillModel
import Foundation
import Synchronization

/// Shows what a drill says while it runs: one moving line with rate and time left on a terminal, plain lines otherwise, nothing when quiet.
final class Progress: Sendable {
  private struct State {
    var details: [Stage: String] = [:]
    var startedAt = ContinuousClock.now
    var shownAt: ContinuousClock.Instant?
    var lineIsOpen = false
  }

  private let state = Mutex(State())
  private let isQuiet: Bool
  private let isTerminal = Terminal.isErrorATerminal
  /// A file or a pipe keeps every line.
  private var interval: Duration { isTerminal ? .milliseconds(100) : .seconds(15) }

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  var handler: DrillEventHandler { { event in self.show(event) } }

  private func show(_ event: DrillEvent) {
    guard !isQuiet else { return }
    state.withLock { state in
      switch event {
      case .started(let stage, let detail):
        state.details[stage] = detail
        state.startedAt = .now
        state.shownAt = nil
        if isTerminal { redraw("\(stage.rawValue): \(detail)", &state) }
      case .progress(let stage, let done, let total, let unit):
        guard (state.shownAt ?? state.startedAt).duration(to: .now) > interval else { return }
        state.shownAt = .now
        let text = "\(stage.rawValue): \(line(done: done, total: total, unit: unit, since: state.startedAt))"
        if isTerminal { redraw(text, &state) } else { Terminal.note(text) }
      case .finished(let stage, let elapsed):
        end(&state)
        Terminal.note(
          "\(stage.rawValue): \(state.details.removeValue(forKey: stage) ?? "done") (\(Self.time(elapsed)))")
      case .note(let text):
        end(&state)
        Terminal.note(text)
      case .found(let finding):
        end(&state)
        Terminal.note("\(finding.stage.rawValue): found \(finding.code.rawValue): \(finding.subject)")
      }
    }
  }

  private func line(done: UInt64, total: UInt64?, unit: Coverage.Unit, since start: ContinuousClock.Instant) -> String {
    let seconds = max(0.001, start.duration(to: .now).seconds)
    let rate = Double(done) / seconds
    var text = "\(Self.amount(Double(done), unit))"
    if let total, total > 0 {
      text += " of \(Self.amount(Double(total), unit)), \(min(100, done * 100 / total)) %"
    }
    text += ", \(Self.amount(rate, unit))/s"
    if let total, done > 0, done < total {
      text += ", \(Self.time(.seconds(Double(total - done) / max(rate, 1)))) left"
    }
    return text
  }

  private func redraw(_ text: String, _ state: inout State) {
    Terminal.write("\r\u{1B}[2K" + String(text.prefix(100)), to: STDERR_FILENO)
    state.lineIsOpen = true
  }

  private func end(_ state: inout State) {
    if state.lineIsOpen { Terminal.write("\r\u{1B}[2K", to: STDERR_FILENO) }
    state.lineIsOpen = false
  }

  private static func amount(_ value: Double, _ unit: Coverage.Unit) -> String {
    guard unit == .bytes else { return "\(Int(value)) \(unit.rawValue)" }
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var value = value
    var index = 0
    while value >= 1024, index + 1 < units.count {
      value /= 1024
      index += 1
    }
    return index == 0 ? "\(Int(value)) B" : String(format: "%.1f %@", value, units[index])
  }

  private static func time(_ duration: Duration) -> String {
    let seconds = duration.seconds
    if seconds < 1 { return "\(Int(seconds * 1000)) ms" }
    return seconds < 120 ? String(format: "%.1f s", seconds) : "\(Int(seconds) / 60) min"
  }
}
