import DrillCrypto
import DrillModel
import Mustache

/// The pages' templates, a part of the program, so that it needs no file beside it.
package struct PageTemplates: Sendable {
  private let library: MustacheLibrary

  /// - Parameter more: templates by name beside those of the report.
  package init(_ more: [String: String] = [:]) {
    // Mustache's own HTML escaping goes by characters; see MarkupText.
    MustacheContentTypes.register(Escaping(), named: "SAFE")
    var library = MustacheLibrary()
    for (name, text) in ReportTemplates.all.merging(more, uniquingKeysWith: { $1 }) {
      do {
        try library.register("{{% CONTENT_TYPE:SAFE}}" + text, named: name)
      } catch {
        preconditionFailure("template \(name) is not mustache: \(error)")
      }
    }
    self.library = library
  }

  package func render(_ value: Any, _ name: String) -> String {
    guard let text = library.render(value, withTemplate: name) else { preconditionFailure("no template \(name)") }
    return text
  }

  private struct Standalone<View> {
    let policy: String
    let title: String
    let css: String
    let view: View
  }

  /// A page that is a file of its own: nothing is fetched, nothing runs, every value is escaped.
  func standalone(_ view: some Any, titled title: String, _ name: String) -> String {
    render(
      Standalone(
        policy: PageTemplates.securityPolicy, title: "\(title) · firedrill", css: PageStyle.css, view: view), name)
  }

  private struct Escaping: MustacheContentType {
    func escapeText(_ text: String) -> String { MarkupText.escaped(text) }
  }

  /// What a page may do: show itself. The one style is allowed by its digest; there is no script, and nothing is fetched.
  ///
  /// Source: W3C Content Security Policy Level 3, section 6.7.2.1 (hash sources).
  package static var securityPolicy: String {
    let digest = Base64.encode(SHA256.digest(Array(PageStyle.css.utf8)).bytes)
    return "default-src 'none'; style-src 'sha256-\(digest)'; base-uri 'none'; form-action 'none'"
  }
}
