import DrillEvidence
import DrillModel
import Foundation

/// Writes systemd units or a crontab for a drill.
struct ScheduleRenderer {
  var request: RenderRequest
  var drill: DrillFile
  var calendar: DrillCalendar

  func files() throws -> [RenderedFile] {
    for path in [drillPath, executable, ledger, drill.catalog ?? "", drill.sandbox.folder ?? "", request.user ?? ""]
    where path.contains(where: { $0.isNewline || $0 == "\0" }) {
      throw DrillError(.usage, subject: path, detail: "a path with a line break fits into no unit and no crontab")
    }
    switch request.format {
    case .systemd:
      return [
        RenderedFile(name: "\(unit).service", text: service), RenderedFile(name: "\(unit).timer", text: timer),
      ]
    case .cron: return [RenderedFile(name: "\(unit).cron", text: try crontab)]
    }
  }

  private var unit: String { "firedrill-\(drill.name)" }
  private var drillPath: String { Workplace.absolute(request.drill) }
  private var executable: String { Workplace.absolute(request.executable) }
  private var ledger: String { Workplace.ledgerPath(flag: request.ledger, drill: drill.ledger) }

  // MARK: systemd

  /// Source: systemd.exec(5), systemd.service(5). What is left out is left out on purpose: bubblewrap makes namespaces, mounts and a `/proc` of its own in
  /// them, which `RestrictNamespaces=`, `ProtectKernelTunables=`, `ProtectKernelLogs=`, `ProtectProc=`, `ProcSubset=` and a filter of system calls forbid.
  private var service: String {
    let writable = Set(
      [
        (ledger as NSString).deletingLastPathComponent, drill.catalog, drill.remoteCatalog?.settings.cacheFolder,
        drill.sandbox.folder,
      ].compactMap { $0 }
    ).sorted()
    var lines = [
      "# Written by firedrill schedule render; put it into /etc/systemd/system beside its timer.",
      "[Unit]", "Description=Firedrill: drill \(drill.name) of cluster \(drill.clusterName)",
      "Wants=network-online.target", "After=network-online.target", "",
      "[Service]", "Type=oneshot",
      "ExecStart=\(quoted(executable)) run --quiet --ledger \(quoted(ledger)) \(quoted(drillPath))",
    ]
    if let user = request.user { lines.append("User=\(percentEscaped(user))") }
    lines += [
      "WorkingDirectory=\(percentEscaped((drillPath as NSString).deletingLastPathComponent))",
      "# The folders that are written: ledger, catalog, work. They have to be there.",
      "ReadWritePaths=\(writable.map(quoted).joined(separator: " "))",
      "ProtectSystem=strict", "ProtectHome=read-only", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectClock=yes",
      "ProtectKernelModules=yes", "NoNewPrivileges=yes", "RestrictSUIDSGID=yes", "RestrictRealtime=yes",
      "LockPersonality=yes",
      "# Netlink: a sandbox's own loopback is brought up by it.",
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
      "SystemCallArchitectures=native", "UMask=0077",
      "# The first signal lets it remove what it started, and nothing of it outlives it.",
      "KillMode=mixed", "TimeoutStopSec=120", "Nice=10", "",
    ]
    return lines.joined(separator: "\n")
  }

  /// Source: systemd.timer(5).
  private var timer: String {
    ([
      "[Unit]", "Description=Firedrill: when drill \(drill.name) is due", "",
      "[Timer]",
    ] + calendar.systemdExpressions.map { "OnCalendar=\($0)" } + [
      "# What was due while the machine was off runs when it is on again.", "Persistent=true", "AccuracySec=1min", "",
      "[Install]", "WantedBy=timers.target", "",
    ]).joined(separator: "\n")
  }

  /// A word of a command line. Source: systemd.service(5), "Command lines"; systemd.unit(5), "Specifiers".
  private func quoted(_ word: String) -> String {
    let escaped = percentEscaped(word).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
      .replacing("$", with: "$$")
    return escaped.allSatisfy { $0.isLetter || $0.isNumber || "/-_.%@:+,=".contains($0) } ? escaped : "\"\(escaped)\""
  }

  private func percentEscaped(_ text: String) -> String { text.replacing("%", with: "%%") }

  // MARK: cron

  /// Source: crontab(5): a `%` is a line break unless it is escaped.
  private var crontab: String {
    get throws {
      let folder = (drillPath as NSString).deletingLastPathComponent
      let command =
        "cd \(shellQuoted(folder)) && \(shellQuoted(executable)) run --quiet --ledger \(shellQuoted(ledger)) \(shellQuoted(drillPath))"
      return """
        # Written by firedrill schedule render, for `crontab -e`. Cron does not make up for what was due while the machine was off.
        # CRON_TZ is understood by cronie; Debian's cron ignores it and takes the machine's zone: use --format systemd there,
        # unless the machine's zone is \(calendar.zoneName).
        CRON_TZ=\(calendar.zoneName)
        \(try calendar.cronFields()) \(command.replacing("%", with: "\\%"))

        """
    }
  }

  private func shellQuoted(_ word: String) -> String {
    word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/-_.@:+,=".contains($0)) }
      ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
