internal import DrillModel

/// The pages of what keeps TLS from coming about.
enum TLSPages {
  static func page(_ code: DrillError.Code) -> PlaybookPage? {
    func page(_ meaning: String, _ confirm: [String], _ act: [String]) -> PlaybookPage {
      PlaybookPage(code, meaning, confirm: confirm, act: act)
    }
    let show =
      "`openssl s_client -connect HOST:PORT -showcerts </dev/null | openssl x509 -noout -subject -issuer -dates`"
    switch code {
    case .certificateExpired:
      return page(
        "The server's certificate has ended. Nothing was sent to the server, no password either.",
        [show, "Do production's own clients still connect? They may not look at dates."],
        ["Renew the certificate on the server; captures say 30 days ahead that one is about to end."])
    case .certificateNotYetValid:
      return page(
        "The server's certificate has not begun. Nothing was sent to the server.",
        [show, "`date -u` here and on the server."],
        ["Set the clock that is wrong, or put the certificate in place that is meant for now."])
    case .certificateWrongName:
      return page(
        "The certificate is a trusted authority's, but for another server than the one that was meant. Nothing was sent to it.",
        [
          "The error gives the names in the certificate.",
          "Does the address lead where you think? Somebody may stand in between.",
        ],
        [
          "Name the server in `nodes:` as its certificate does, or say in `server_name:` which name all of them bear.",
          "Behind other addresses, `addresses:` leads from what is announced to a name.",
        ])
    case .certificateUntrusted:
      return page(
        "No authority that is trusted here stands behind the server's certificate. Nothing was sent to the server.",
        [show, "Is it the store itself, or a proxy that shows a certificate of its own?"],
        ["Name the authority's certificate as `ca:`, from whoever keeps it and not from the connection itself."])
    case .clientCertificateNeeded:
      return page(
        "The server lets in only who shows a certificate.",
        ["`redis-cli CONFIG GET tls-auth-clients`"],
        ["Have a certificate issued for Firedrill and name it in `cert:` and `key:`."])
    case .clientCertificateRefused:
      return page(
        "The server does not take the certificate that it was shown.",
        ["`openssl x509 -in CERT -noout -issuer -dates`", "The server's log says why."],
        ["Renew it, or have it issued by an authority in the server's `tls-ca-cert-file`."])
    case .tlsNotOffered:
      return page(
        "TLS was asked for, and the other side speaks in plain. No password was sent.",
        ["`redis-cli CONFIG GET tls-port`", "Is it the plain port beside the TLS one?"],
        ["Name the TLS port. Leave out `tls:` only where the network itself is trusted."])
    case .tlsRequired:
      return page(
        "The server speaks TLS alone there, and was spoken to in plain.",
        ["`redis-cli --tls -h HOST -p PORT ping`"],
        [
          "Say `tls:` in the cluster file, or `rediss://` in a URL.",
          "Where a password is set, it went over the network in plain: consider changing it.",
        ])
    case .tlsFailed:
      return page(
        "Client and server did not agree on how to speak TLS.",
        [
          "The error gives the library's words.",
          "`redis-cli CONFIG GET 'tls-*'`: versions and ciphers. TLS 1.2 is the least.",
        ],
        ["Let the server offer TLS 1.2 or 1.3 with its default ciphers."])
    default: return nil
    }
  }
}
