/// A module's type as its 64-bit id says: nine characters of six bits, then ten bits of encoding version. Source: redis
/// 7.0 src/module.c `moduleTypeNameByID`.
struct ModuleType {
  let name: String
  let encodingVersion: Int64

  init(id: UInt64) {
    let characters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    name = String(decoding: (0..<9).map { characters[Int(id >> UInt64(58 - 6 * $0)) & 63] }, as: UTF8.self)
    encodingVersion = Int64(id & 1023)
  }

  /// Modules that are known by the types that they register. Source: the files named, as Redis Stack 7.4 and FalkorDB's
  /// package bring them, in which the types stand.
  private static let products = [
    "ReJSON-RL": "RedisJSON (rejson.so)", "ft_index0": "RediSearch (redisearch.so)",
    "scdtype00": "RediSearch (redisearch.so)",
    "trietype0": "RediSearch (redisearch.so)", "MBbloom--": "RedisBloom (redisbloom.so)",
    "MBbloomCF": "RedisBloom (redisbloom.so)", "CMSk-TYPE": "RedisBloom (redisbloom.so)",
    "TopK-TYPE": "RedisBloom (redisbloom.so)", "TDIS-TYPE": "RedisBloom (redisbloom.so)",
    "TSDB-TYPE": "RedisTimeSeries (redistimeseries.so)",
    "graphdata": "FalkorDB (falkordb.so) or RedisGraph (redisgraph.so)",
    "graphmeta": "FalkorDB (falkordb.so) or RedisGraph (redisgraph.so)",
  ]

  /// What is to be said where a server has no module for a type.
  static func missing(_ type: String) -> String {
    let product = products[type].map { ", of \($0)," } ?? ""
    return
      "the server has no module for data of type \(type)\(product) and loads nothing of the shard: name the module's"
      + " file in the drill, sandbox: {modules: [PATH]}, or a server that has it built in, sandbox: {server: PATH}"
  }
}
