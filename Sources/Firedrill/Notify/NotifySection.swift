import DrillModel
import Foundation
import Yams

/// Reads a drill file's `notify`.
struct NotifySection {
  /// Absolute form of a path in the drill file.
  var absolute: (String) -> String

  func targets(_ file: YAMLSection) throws -> [NotifyTarget] {
    try (file.sections("notify") ?? []).map(target)
  }

  private enum Told: String, CaseIterable { case pass, inconclusive, fail }

  private func target(_ section: YAMLSection) throws -> NotifyTarget {
    let (webhook, alertmanager) = (section.node("webhook"), section.node("alertmanager"))
    guard let node = webhook ?? alertmanager, webhook == nil || alertmanager == nil else {
      throw section.missing(["webhook", "alertmanager"], "an entry of 'notify' has a 'webhook' or an 'alertmanager'")
    }
    let url = try secret(node, section)
    if case .plain(let text) = url { try check(url: text, node, section) }
    let told = try section.texts("on")?.map { text -> Verdict in
      guard let told = Told(rawValue: text) else {
        throw section.refuse("on", "'on' names verdicts: \(Told.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      if told == .pass, alertmanager != nil {
        throw section.refuse("on", "a pass resolves the alert by itself; leave it out")
      }
      switch told {
      case .pass: return .pass
      case .inconclusive: return .inconclusive
      case .fail: return .fail
      }
    }
    let kind: NotifyTarget.Kind
    if alertmanager != nil {
      let labels = try section.texts(mappedBy: "labels")
      for name in labels.keys
      where name.wholeMatch(of: /[a-zA-Z_][a-zA-Z0-9_]*/) == nil || Self.ownLabels.contains(name) {
        throw section.refuse(
          "labels", "'\(name)' is no label of yours: letters, digits and _, and not \(Self.ownLabels)")
      }
      kind = .alertmanager(labels: labels, resolveAfter: try section.duration("resolve_after") ?? .seconds(7 * 86_400))
    } else {
      kind = .webhook
    }
    let target = NotifyTarget(
      kind: kind, url: url, verdicts: Set(told ?? [.inconclusive, .fail]), headers: try headers(section),
      link: try section.text("link"))
    try section.finish()
    return target
  }

  /// What tells one alert from another; set by the program.
  private static let ownLabels = ["alertname", "cluster", "drill"]

  private func headers(_ section: YAMLSection) throws -> [String: SecretText] {
    var headers: [String: SecretText] = [:]
    for (name, node) in try section.nodes(mappedBy: "headers") {
      // Source: RFC 9110, section 5.6.2, tokens.
      guard name.wholeMatch(of: /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/) != nil else {
        throw section.refuse(node, "'\(name)' is no header's name")
      }
      let value = try secret(node, section)
      if case .plain(let text) = value {
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && $0.value < 127 }) else {
          throw section.refuse(node, "a header's value is printable ASCII")
        }
        let words = ["authorization", "cookie", "token", "secret", "key", "password"]
        if words.contains(where: name.lowercased().contains) {
          throw section.refuse(
            node,
            "'\(name)' looks like a secret, and the ledger keeps this file; write {env: NAME}, {file: PATH} or {command: […]}"
          )
        }
      }
      headers[name] = value
    }
    return headers
  }

  /// A text, `{env: NAME}`, `{file: PATH}` or `{command: [PROGRAM, ARGUMENT…]}`.
  private func secret(_ node: Node, _ section: YAMLSection) throws -> SecretText {
    if let text = node.string { return .plain(text) }
    let place = try section.section(node, "a secret")
    let (name, path, words) = (try place.text("env"), try place.text("file"), try place.texts("command"))
    try place.finish()
    switch (name, path, words) {
    case (let name?, nil, nil): return .environment(name)
    case (nil, let path?, nil): return .file(absolute(path))
    case (nil, nil, let words?) where !words.isEmpty: return .command(words, folder: absolute("."))
    default: throw section.refuse(node, "this is a text, {env: NAME}, {file: PATH} or {command: [PROGRAM, ARGUMENT…]}")
    }
  }

  private func check(url text: String, _ node: Node, _ section: YAMLSection) throws {
    guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme ?? ""),
      url.host?.isEmpty == false
    else { throw section.refuse(node, "'\(text)' is no URL such as https://hooks.example.org/firedrill") }
    guard url.user == nil, url.password == nil else {
      throw section.refuse(node, "the URL holds a password, and the ledger keeps this file; write {env: NAME}")
    }
  }
}
