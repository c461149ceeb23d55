/// A control of a framework to which drills bear witness.
public enum Control: String, Sendable, Codable, CaseIterable {
  case nistCP4 = "NIST SP 800-53 CP-4"
  case nistCP9 = "NIST SP 800-53 CP-9(1)"
  case nistCP10 = "NIST SP 800-53 CP-10"
  case soc2A12 = "SOC 2 A1.2"
  case soc2A13 = "SOC 2 A1.3"
  case isoA813 = "ISO/IEC 27001:2022 A.8.13"
  case dora122 = "DORA art. 12(2)"
  case dora123 = "DORA art. 12(3)"
  case dora126 = "DORA art. 12(6)"
  case dora127 = "DORA art. 12(7)"
  case hipaaBackup = "HIPAA 164.308(a)(7)(ii)(A)"
  case hipaaRecovery = "HIPAA 164.308(a)(7)(ii)(B)"
  case hipaaTesting = "HIPAA 164.308(a)(7)(ii)(D)"

  /// What the control is about, in a few words of ours; its text is the framework's.
  public var subject: String {
    switch self {
    case .nistCP4: "the contingency plan is tested, results reviewed, corrective action begun"
    case .nistCP9: "backups are tested for reliable media and intact information"
    case .nistCP10: "systems are recovered to a known state within the objectives"
    case .soc2A12: "backup processes and recovery infrastructure are run and monitored"
    case .soc2A13: "recovery procedures are tested"
    case .isoA813: "backups are kept and regularly tested"
    case .dora122: "backup, restoration and recovery are tested periodically"
    case .dora123: "restored with systems segregated from the source"
    case .dora126: "recovery time and recovery point objectives"
    case .dora127: "multiple checks and reconciliations after recovery"
    case .hipaaBackup: "retrievable exact copies"
    case .hipaaRecovery: "lost data can be restored"
    case .hipaaTesting: "contingency plans are periodically tested and revised"
    }
  }
}
