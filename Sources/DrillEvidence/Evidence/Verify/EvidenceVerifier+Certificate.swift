import DrillCrypto
import DrillModel

extension EvidenceVerifier {
  /// The CMS signature over the list of digests, and where its certificate leads.
  mutating func certificate() {
    let name = EvidenceFile.signature
    guard let bytes = file(name) else {
      if trust.roots != nil {
        report(.signatureMissing, name, "roots were given, but the archive has no CMS signature")
      }
      return
    }
    guard let signature = DetachedSignature(bytes), signature.verifies(file(EvidenceFile.sums) ?? []) else {
      report(.signatureInvalid, name, "the CMS signature is not one over the list of digests")
      return
    }
    var fact = EvidenceVerification.CertificateFact(
      holder: signature.signer, issuer: signature.issuer, isTrusted: nil, claimedAt: signature.signingTime)
    if let roots = trust.roots {
      let problem = problem(with: signature, roots)
      fact.isTrusted = problem == nil
      if let problem { report(problem.code, name, "the certificate of \(signature.signer) \(problem.detail)") }
    } else {
      result.notExamined.append("where the certificate leads: no roots were given (--ca)")
    }
    result.certificate = fact
  }

  private func problem(
    with signature: DetachedSignature, _ roots: CertificateChain
  ) -> (code: EvidenceProblem.Code, detail: String)? {
    // Only a time stamp that is itself believed shows that the certificate signed while it was valid.
    let stamped = result.timeStamp.flatMap { $0.isTrusted == true ? $0.time : nil }
    let when =
      stamped.map { "at \(Format.time($0)), when it was stamped" }
      ?? "now, and no trusted time stamp says when it signed"
    switch signature.chain(to: roots, at: stamped ?? trust.now) {
    case .trusted: break
    case .expired: return (.certificateExpired, "or one above it has expired \(when)")
    case .notYetValid: return (.certificateNotYetValid, "or one above it is not valid yet \(when)")
    case .noTrustedRoot: return (.certificateUntrusted, "leads to no root that is trusted here")
    case .refused(let reason): return (.certificateUntrusted, "is refused: \(reason)")
    }
    guard let claimed = signature.signingTime else { return nil }
    if claimed < signature.validFrom {
      return (.certificateNotYetValid, "was not valid yet at \(Format.time(claimed)), when it says that it signed")
    }
    if claimed > signature.validTo {
      return (.certificateExpired, "had expired at \(Format.time(claimed)), when it says that it signed")
    }
    return nil
  }

  /// The time stamp over the signature, or where there is none over the list of digests.
  mutating func timeStamp() {
    let stamped = EvidenceFile.stamped(hasSignature: file(EvidenceFile.signature) != nil)
    let name = EvidenceFile.reply(for: stamped)
    guard let bytes = file(name) else {
      if trust.stampRoots != nil {
        report(.stampMissing, name, "roots of time-stamp authorities were given, but the archive has no time stamp")
      }
      return
    }
    guard let request = file(EvidenceFile.query(for: stamped)).flatMap({ TimeStampRequest($0) }),
      let reply = try? TimeStampReply(bytes)
    else {
      report(.stampInvalid, name, "the time stamp or its query cannot be read")
      return
    }
    guard request.digest == SHA256.digest(file(stamped) ?? []), reply.digest == request.digest else {
      report(.stampDiffers, name, "the time stamp is over another digest than that of \(stamped)")
      return
    }
    guard reply.answers(request) else {
      report(.stampDiffers, name, "the time stamp answers another query: its nonce differs")
      return
    }
    guard reply.isSignedForTimeStamping else {
      report(.stampInvalid, name, "no certificate for time stamps signed the time stamp")
      return
    }
    var fact = EvidenceVerification.TimeStampFact(time: reply.time, isTrusted: nil)
    if let roots = trust.stampRoots {
      let outcome = reply.chain(to: roots, answering: request)
      fact.isTrusted = outcome == .trusted
      if outcome != .trusted {
        report(.stampUntrusted, name, "the authority leads to no root that is trusted here: \(outcome)")
      }
    } else {
      result.notExamined.append("where the time-stamp authority leads: no roots were given (--tsa-ca)")
    }
    result.timeStamp = fact
  }
}
