/// The recorded facts of a ledger as local web pages; read-only.
public enum Dashboard {}
